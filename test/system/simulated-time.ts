/** Time that moves from one waking to the next, and at each of them stands still until nobody has anything left to do. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

/**
 * Whatever wakes at a moment finishes at that moment, however many turns of the event loop it takes: so everything is
 * recorded at a time that follows from the plan alone.
 */
export class SimulatedTime implements Clock {
  private readonly clock = new ManualClock();
  private wakings: number[] = [];
  /** Resolves when nobody has anything left to do; where a connection is involved, there is more to wait for. */
  settled: () => Promise<void> = settled;

  now(): number {
    return this.clock.now();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (durationMs > 0) this.wakings.push(this.now() + durationMs);
    return this.clock.sleep(durationMs, signal);
  }

  async moveTo(atMs: number): Promise<void> {
    await this.settled();
    for (let next = this.nextWaking(atMs); next < atMs; next = this.nextWaking(atMs)) await this.step(next);
    await this.step(atMs);
  }

  private async step(atMs: number): Promise<void> {
    await this.clock.advance(atMs - this.now());
    await this.settled();
  }

  private nextWaking(atMs: number): number {
    this.wakings = this.wakings.filter((waking) => waking > this.now());
    return Math.min(atMs, ...this.wakings);
  }
}

/** Resolves when no turn of the event loop is asked for: here nobody waits for anything else but for time. */
export async function settled(): Promise<void> {
  do await nextTurn();
  while (process.getActiveResourcesInfo().includes("Immediate"));
}
