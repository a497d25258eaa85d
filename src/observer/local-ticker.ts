/** Read-only operation: finds out that a deadline has passed by the own clock, and that everything up to then was read. */

import type { Clock } from "../clock.js";
import { StoreUnavailable } from "../errors.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import { firstUnread, localGraceMs } from "./local-control.js";
import type { DeadlineWatch } from "./ticker.js";

/** Shortest and longest time between two looks at the log. */
const [shortestMs, longestMs] = [100, 1_000];

export interface LocalTick {
  /** Everything of the log up to here was handled. */
  readonly after: bigint | undefined;
  readonly atMs: number;
}

export interface LocalTickerOptions {
  readonly store: EventStore;
  readonly filter: EventFilter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly fail: (error: unknown) => void;
  /** Last position handled. */
  readonly position: () => bigint | undefined;
  readonly onTick: (tick: LocalTick) => Promise<void>;
}

export class LocalTicker implements DeadlineWatch {
  private awaited: number | undefined;
  private timer: AbortController | undefined;

  constructor(private readonly options: LocalTickerOptions) {}

  await(deadlineMs: number | undefined): void {
    if (this.timer && deadlineMs === this.awaited) return;
    this.timer?.abort();
    this.timer = undefined;
    this.awaited = deadlineMs;
    if (deadlineMs === undefined || this.options.signal.aborted) return;
    const timer = new AbortController();
    this.timer = timer;
    this.wait(deadlineMs, timer).catch(this.options.fail);
  }

  private async wait(deadlineMs: number, timer: AbortController): Promise<void> {
    const { clock, onTick } = this.options;
    const signal = AbortSignal.any([timer.signal, this.options.signal]);
    const wakeMs = deadlineMs + localGraceMs + 1;
    while (clock.now() < wakeMs && !signal.aborted) await clock.sleep(wakeMs - clock.now(), signal);
    for (let delayMs = shortestMs; !signal.aborted; delayMs = Math.min(2 * delayMs, longestMs)) {
      // In this order: what was recorded by this moment is among what is looked for.
      const atMs = clock.now() - localGraceMs;
      const read = await this.readThrough();
      if (read && !signal.aborted) {
        // From here on whatever is awaited, this deadline too, is awaited anew.
        this.timer = undefined;
        return onTick({ ...read, atMs });
      }
      await clock.sleep(delayMs, signal);
    }
  }

  /** The head of the log, if nothing up to it is still on its way. */
  private async readThrough(): Promise<{ readonly after: bigint | undefined } | undefined> {
    const { store, filter, position } = this.options;
    try {
      const after = await store.head();
      return (await firstUnread(store, filter, position())) === undefined ? { after } : undefined;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return undefined;
    }
  }
}
