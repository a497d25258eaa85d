/** Events of one correlation: from the server's own index where it keeps one, else by looking through the log. */

import { AccessDenied, StreamDeleted } from "../../errors.js";
import type { RecordedEvent } from "../../message/index.js";
import type { Page } from "../event-store.js";
import type { Reading } from "./reading.js";
import { readStream } from "./stream-reader.js";

/** Finds the events of a correlation. */
export interface CorrelationReader {
  /** In the order of the log; `undefined` when it cannot tell. */
  read(correlationId: string): Promise<AsyncIterable<Page> | undefined>;
}

/**
 * The streams of links that the projection `$by_correlation_id` writes: a moment behind the log, and there for users who
 * may read system streams only. Where it was never enabled no such stream is there.
 */
export class SystemProjectionCorrelations implements CorrelationReader {
  constructor(private readonly reading: Reading) {}

  async read(correlationId: string): Promise<AsyncIterable<Page> | undefined> {
    const streamName = `$bc-${correlationId}`;
    const pages = readStream(this.reading, { streamName, direction: "forwards", resolveLinks: true });
    try {
      const first = await pages.next();
      if (first.done) return undefined;
      if (first.value.some((event) => belongs(event, correlationId)))
        return ofCorrelation(prepended(first.value, pages), correlationId);
      await pages.return();
      return undefined;
    } catch (error) {
      if (error instanceof AccessDenied || error instanceof StreamDeleted) return undefined;
      throw error;
    }
  }
}

/** The whole log, looked through: right whatever runs on the server, and slow. */
export class ScannedCorrelations implements CorrelationReader {
  constructor(private readonly readLog: () => AsyncIterable<Page>) {}

  async read(correlationId: string): Promise<AsyncIterable<Page>> {
    return ofCorrelation(this.readLog(), correlationId);
  }
}

async function* prepended(first: Page, rest: AsyncGenerator<Page, void>): AsyncGenerator<Page, void> {
  yield first;
  yield* rest;
}

/** The projection may go by another property, and links may stand for other things. */
const belongs = (event: RecordedEvent, correlationId: string): boolean =>
  event.correlationId === correlationId && !event.type.startsWith("$");

async function* ofCorrelation(pages: AsyncIterable<Page>, correlationId: string): AsyncGenerator<Page, void> {
  for await (const page of pages) {
    const events = page.filter((event) => belongs(event, correlationId));
    if (events.length > 0) yield events;
  }
}
