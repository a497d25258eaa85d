/** A clock that stands still until a test advances it, and then wakes sleepers one by one in a fixed order. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.js";

interface Sleeper {
  readonly wakeAtMs: number;
  wake(): void;
}

export class ManualClock implements Clock {
  private sleepers: Sleeper[] = [];
  private advancing: Promise<void> = Promise.resolve();

  /** Starts at 2026-01-01T00:00:00Z unless stated. */
  constructor(private nowMs: number = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.nowMs;
  }

  /** How many sleeps wait for `advance`. */
  get sleeping(): number {
    return this.sleepers.length;
  }

  /** Resolves during the `advance` that reaches its end; with no duration, in the next turn of the event loop. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    if (!(durationMs > 0)) return nextTurn();
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      const sleeper = { wakeAtMs: this.nowMs + durationMs, wake };
      signal?.addEventListener("abort", wake, { once: true });
      this.sleepers.push(sleeper);
    });
  }

  /**
   * Moves time on by `durationMs`, stopping at each sleeper on the way: earliest first, of the same time the one that
   * fell asleep first. What it wakes runs, and may sleep again within the same span, before the next one wakes.
   * Calls that overlap follow each other. Resolves once the last one woken has run.
   */
  advance(durationMs: number): Promise<void> {
    if (!(durationMs >= 0))
      throw new RangeError(`ManualClock: cannot advance by ${durationMs} ms. Time does not run back.`);
    this.advancing = this.advancing.then(() => this.moveTo(this.nowMs + durationMs));
    return this.advancing;
  }

  private async moveTo(targetMs: number): Promise<void> {
    await settled();
    for (let next = this.nextUntil(targetMs); next; next = this.nextUntil(targetMs)) {
      this.nowMs = Math.max(this.nowMs, next.wakeAtMs);
      next.wake();
      await settled();
    }
    this.nowMs = targetMs;
    await settled();
  }

  private nextUntil(targetMs: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.sleepers)
      if (sleeper.wakeAtMs <= targetMs && (!next || sleeper.wakeAtMs < next.wakeAtMs)) next = sleeper;
    return next;
  }
}

// Two turns: what one turn's immediates schedule has run as well.
async function settled(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
