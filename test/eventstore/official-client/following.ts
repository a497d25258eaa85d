/** Listens to a subscription of the official client and keeps what it said, so that a test can wait for it. */

import type { CatchupSubscription, ReadableSubscription } from "@eventstore/db-client";
import { until } from "../../until.js";

export class Following<E> {
  readonly events: E[] = [];
  /** For each time that the subscription became live, how many events there had been. */
  readonly caughtUp: number[] = [];
  confirmations = 0;
  ended = false;
  error: Error | undefined;

  constructor(readonly subscription: ReadableSubscription<E> & CatchupSubscription) {
    subscription.on("caughtUp", () => this.caughtUp.push(this.events.length));
    subscription.on("confirmation", () => this.confirmations++);
    subscription.on("error", (error: Error) => (this.error = error));
    subscription.on("end", () => (this.ended = true));
    subscription.on("data", (event: E) => this.events.push(event));
  }

  /** @throws what the subscription failed with, if it did before */
  async has(count: number): Promise<E[]> {
    await until(`there are ${count} events`, () => this.failedOr(this.events.length >= count));
    return this.events;
  }

  /** The events up to now, all of which are history: from here on it is live. */
  async isLive(): Promise<E[]> {
    await until("it has caught up", () => this.failedOr(this.caughtUp.length > 0));
    return this.events;
  }

  async fails(): Promise<Error> {
    await until("the subscription fails", () => this.error !== undefined);
    return this.error!;
  }

  async stop(): Promise<void> {
    await this.subscription.unsubscribe();
    if (!this.error) await until("the subscription ends", () => this.ended);
  }

  private failedOr(met: boolean): boolean {
    if (this.error) throw this.error;
    return met;
  }
}

export const follow = <E>(subscription: ReadableSubscription<E> & CatchupSubscription) =>
  new Following<E>(subscription);
