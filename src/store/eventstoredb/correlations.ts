/** Events of one correlation: from the server's own index while it is kept up, else by an index of ours. */

import { setMaxListeners } from "node:events";
import { AccessDenied, StoreClosed, StreamDeleted } from "../../errors.js";
import type { RecordedEvent } from "../../message/index.js";
import type { EventStore, Page } from "../event-store.js";
import { CorrelationCatchUp, unlessStopped } from "./correlation-catch-up.js";
import { CorrelationIndex } from "./correlation-index.js";
import { CorrelationProjection } from "./correlation-projection.js";
import { isOfUsers } from "./log-filter.js";
import { recordAt } from "./read-requests.js";
import { firstEvent, type Reading } from "./reading.js";
import { eventOf } from "./recorded.js";
import { readStream } from "./stream-reader.js";

/** Events that are read at the same time, each by its position. */
const readsAtOnce = 8;

export class Correlations {
  private readonly projection: CorrelationProjection;
  private readonly index: CorrelationIndex;
  private readonly catchUp: CorrelationCatchUp;

  /** @param file holds our index; a temporary one unless stated. */
  constructor(
    private readonly reading: Reading,
    private readonly log: Pick<EventStore, "storeId" | "head" | "readLog">,
    file: string | undefined,
  ) {
    this.projection = new CorrelationProjection(reading);
    this.index = new CorrelationIndex(file);
    this.catchUp = new CorrelationCatchUp(reading, this.index);
  }

  /**
   * In the order of the log, up to its head as of now at least; ends when `stop` aborts. From the projection's links
   * come those that it has linked, and that their streams still show.
   * @throws StoreUnavailable, StoreClosed, AccessDenied, IncompatibleStore
   */
  async *read(correlationId: string, stop: AbortSignal): AsyncGenerator<Page, void> {
    const { closed } = this.reading;
    const what = `read correlation ${correlationId}`;
    if (closed.aborted) throw new StoreClosed(what);
    if (correlationId === "") return;
    // One listener for each read under way, and there are several.
    setMaxListeners(0, stop);
    try {
      yield* this.found(correlationId, stop);
    } catch (error) {
      // Whoever has left does not want to hear of what that interrupts.
      if (!stop.aborted) throw error;
    }
    if (closed.aborted) throw new StoreClosed(what);
  }

  /** Ends what is under way; what was indexed by then is kept. */
  async close(): Promise<void> {
    await this.catchUp.close();
    this.index.close();
  }

  private async *found(correlationId: string, stop: AbortSignal): AsyncGenerator<Page, void> {
    const linked = (await unlessStopped(this.projection.runs(), stop)) && (await this.linked(correlationId, stop));
    if (linked) yield* linked;
    else if (!stop.aborted) yield* this.indexed(correlationId, stop);
  }

  /** By the stream of links that the projection writes; `undefined` when that is of no use to us. */
  private async linked(correlationId: string, stop: AbortSignal): Promise<AsyncIterable<Page> | undefined> {
    const read = { streamName: `$bc-${correlationId}`, direction: "forwards", resolveLinks: true } as const;
    const pages = readStream({ ...this.reading, closed: stop }, read);
    try {
      const first = await pages.next();
      if (first.done) return pages;
      // Nothing of ours: so it goes by something else, though its configuration could not be seen.
      if (!first.value.some((event) => belongs(event, correlationId))) return await end(pages);
      return ofCorrelation(correlationId, prepended(first.value, pages));
    } catch (error) {
      if (error instanceof AccessDenied || error instanceof StreamDeleted) return undefined;
      throw error;
    }
  }

  private async *indexed(correlationId: string, stop: AbortSignal): AsyncGenerator<Page, void> {
    for (let after: bigint | undefined; !stop.aborted;) {
      const { log, head } = await this.known();
      if (head === undefined) return yield* ofCorrelation(correlationId, this.log.readLog({ after, signal: stop }));
      await this.catchUp.to(head, log, stop);
      for (;;) {
        if (stop.aborted) return;
        const positions = await this.index.find(log, correlationId, { after, through: head }, readsAtOnce);
        if (!positions) break; // it was begun anew by another process: so once more
        if (positions.length === 0) return;
        const read = positions.map((position) => this.eventAt(position, stop));
        const events = (await Promise.all(read)).filter((event) => event !== undefined);
        const page = events.filter((event) => belongs(event, correlationId));
        if (page.length > 0) yield page;
        after = positions.at(-1);
      }
    }
  }

  /**
   * Which log this is, and its head: `undefined` when the log does not reach as far as the index does. So it is with a
   * server that lags behind others, and after an old copy of the log was put back.
   */
  private async known(): Promise<{ readonly log: string; readonly head: bigint | undefined }> {
    const log = await this.log.storeId();
    // In this order, because the index may follow the log at any time.
    const { through, witness } = await this.index.begin(log);
    const [head, found] = await Promise.all([
      this.log.head(),
      witness && this.eventAt(witness.position, this.reading.closed),
    ]);
    if (head === undefined || (through !== undefined && through > head)) return { log, head: undefined };
    // A copy of the log that was put back, and went on differently; or it was scavenged, which looks alike.
    if (witness && found?.id !== witness.id) await this.index.forget(log, witness);
    return { log, head };
  }

  /** The event at a position; `undefined` when there is none any more. */
  private async eventAt(position: bigint, stop: AbortSignal): Promise<RecordedEvent | undefined> {
    const asked = { what: `read the event at ${position}`, privilege: "read $all", who: this.reading.who };
    const found = await firstEvent({ ...this.reading, closed: stop }, recordAt(position), asked);
    const event = found && eventOf(found);
    return event?.position === position ? event : undefined;
  }
}

/** Links may stand for what belongs elsewhere, or was there before: one is linked anew through each link to it. */
const belongs = (event: RecordedEvent, correlationId: string): boolean =>
  event.correlationId === correlationId && isOfUsers(event.type);

async function* ofCorrelation(correlationId: string, pages: AsyncIterable<Page>): AsyncGenerator<Page, void> {
  let last = -1n;
  for await (const page of pages) {
    const events: RecordedEvent[] = [];
    for (const event of page)
      if (belongs(event, correlationId) && event.position > last) {
        events.push(event);
        last = event.position;
      }
    if (events.length > 0) yield events;
  }
}

async function end(pages: AsyncGenerator<Page, void>): Promise<undefined> {
  await pages.return();
}

async function* prepended(first: Page, rest: AsyncGenerator<Page, void>): AsyncGenerator<Page, void> {
  yield first;
  yield* rest;
}
