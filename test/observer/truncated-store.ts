/** A log of which the beginning of some streams is gone, as after a truncation and a scavenge. */

import type {
  EventStore,
  Page,
  ReadLogOptions,
  ReadStreamOptions,
  SubscribeOptions,
  SubscriptionMessage,
} from "../../src/index.js";
import { FaultyStore } from "../subscription/faulty-store.js";

export class TruncatedStore extends FaultyStore {
  /** Where each of the streams begins. */
  private readonly beginnings = new Map<string, bigint>();

  constructor(inner: EventStore) {
    super(inner);
  }

  truncate(streamName: string, before: bigint): void {
    this.beginnings.set(streamName, before);
  }

  override readStream(streamName: string, options: ReadStreamOptions = {}): AsyncIterable<Page> {
    const { limit = Infinity, ...others } = options;
    return this.first(limit, this.left(super.readStream(streamName, others)));
  }

  override readLog(options?: ReadLogOptions): AsyncIterable<Page> {
    return this.left(super.readLog(options));
  }

  override readCorrelation(correlationId: string): AsyncIterable<Page> {
    return this.left(super.readCorrelation(correlationId));
  }

  override async *subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    for await (const message of super.subscribe(options)) {
      if (message.kind !== "events") yield message;
      else for await (const events of this.left([message.events])) yield { ...message, events };
    }
  }

  private async *left(pages: AsyncIterable<Page> | Iterable<Page>): AsyncGenerator<Page, void> {
    for await (const page of pages) {
      const left = page.filter(({ streamName, revision }) => revision >= (this.beginnings.get(streamName) ?? 0n));
      if (left.length > 0) yield left;
    }
  }

  private async *first(limit: number, pages: AsyncIterable<Page>): AsyncGenerator<Page, void> {
    let count = 0;
    for await (const page of pages) {
      const due = page.slice(0, limit - count);
      count += due.length;
      if (due.length > 0) yield due;
      if (count >= limit) return;
    }
  }
}
