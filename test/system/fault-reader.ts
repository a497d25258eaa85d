/** A reader of the log beside the application: it takes what a subscription delivers, and goes on where it was when that ends. */

import { setTimeout as sleep } from "node:timers/promises";
import { StoreUnavailable, type EventFilter, type EventStore, type RecordedEvent } from "../../src/index.js";

export class FaultReader {
  readonly seen: RecordedEvent[] = [];
  /** How often the subscription ended because the store did not answer. */
  refusals = 0;
  private readonly leaving = new AbortController();
  private readonly following: Promise<void>;

  /** @param pause awaited before each list of events is taken */
  constructor(
    private readonly store: EventStore,
    private readonly filter: EventFilter | undefined,
    private readonly pause: () => Promise<void>,
  ) {
    this.following = this.follow();
    this.following.catch(() => {}); // `leave` tells
  }

  /** @throws what ended a subscription, if the store was not away */
  async leave(): Promise<void> {
    this.leaving.abort();
    await this.following;
  }

  /** Whether this position was reached. */
  hasReached(position: bigint): boolean {
    return (this.seen.at(-1)?.position ?? -1n) >= position;
  }

  private async follow(): Promise<void> {
    const { filter } = this;
    const { signal } = this.leaving;
    while (!signal.aborted) {
      try {
        for await (const message of this.store.subscribe({ after: this.seen.at(-1)?.position, filter, signal }))
          if (message.kind === "events") {
            await this.pause();
            this.seen.push(...message.events);
          }
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.refusals++;
        await sleep(20);
      }
    }
  }
}
