/** An event store over a connection that knows when everything it was asked, and everything it has to deliver, is done. */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type {
  AppendResult,
  EventData,
  EventFilter,
  EventStore,
  ExpectedRevision,
  Page,
  ReadLogOptions,
  ReadStreamOptions,
  SubscribeOptions,
  SubscriptionMessage,
} from "../../src/index.js";
import { settled as nothingToDoHere } from "./simulated-time.js";

/** What one subscription was given, and whether it asks for more. */
interface Following {
  readonly filter: EventFilter | undefined;
  delivered: bigint;
  /** Nothing was delivered since it was said. */
  caughtUp: boolean;
  asking: boolean;
}

export class QuietStore implements EventStore {
  private asked = 0;
  private readonly following = new Set<Following>();

  /** @param lastOf position of the last event in the log that passes, without asking the store; 0 when there is none */
  constructor(
    readonly inner: EventStore,
    private readonly lastOf: (filter: EventFilter | undefined) => bigint,
  ) {}

  get streamPrefix() {
    return this.inner.streamPrefix;
  }

  /** Resolves when nobody waits for anything but time. */
  async settled(): Promise<void> {
    await nothingToDoHere();
    while (!this.isQuiet()) {
      await sleep(1);
      await nothingToDoHere();
    }
  }

  private isQuiet(): boolean {
    if (this.asked > 0) return false;
    return [...this.following].every(
      ({ filter, delivered, caughtUp, asking }) => asking && caughtUp && delivered >= this.lastOf(filter),
    );
  }

  append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    return this.during(this.inner.append(streamName, events, options));
  }

  storeId = () => this.during(this.inner.storeId());
  head = () => this.during(this.inner.head());
  close = () => this.inner.close();
  readStream = (streamName: string, options?: ReadStreamOptions) =>
    this.pages(this.inner.readStream(streamName, options));
  readLog = (options?: ReadLogOptions) => this.pages(this.inner.readLog(options));
  readCorrelation = (correlationId: string) => this.pages(this.inner.readCorrelation(correlationId));

  async *subscribe(options: SubscribeOptions = {}): AsyncGenerator<SubscriptionMessage, void> {
    const following: Following = { filter: options.filter, delivered: 0n, caughtUp: false, asking: true };
    this.following.add(following);
    try {
      for await (const message of this.inner.subscribe(options)) {
        following.asking = false;
        if (message.kind === "events") following.delivered = message.events.at(-1)!.position;
        following.caughtUp = message.kind === "caughtUp";
        yield message;
        // Whoever asks again may have left work for this turn.
        await nextTurn();
        following.asking = true;
      }
    } finally {
      this.following.delete(following);
    }
  }

  private async *pages(pages: AsyncIterable<Page>): AsyncGenerator<Page, void> {
    this.asked++;
    try {
      for await (const page of pages) yield page;
    } finally {
      this.asked--;
    }
  }

  private async during<T>(answer: Promise<T>): Promise<T> {
    this.asked++;
    try {
      return await answer;
    } finally {
      this.asked--;
    }
  }
}
