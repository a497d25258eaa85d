/** Virtual time: what waits wakes at its moment, and of the same moment in an order that a seed determines. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Random } from "../system/random.js";

/** Who waits. The dead never wake; those who are frozen wake later. */
export interface Sleeper {
  readonly alive: boolean;
  readonly frozenUntilMs: number;
}

interface Waking {
  readonly atMs: number;
  readonly order: number;
  readonly sleeper: Sleeper | undefined;
  readonly wake: () => void;
}

export const startMs = Date.UTC(2026, 0, 1);

/** Wakes one at a time, and lets it run until it waits again, before it wakes the next: so there is one order of everything. */
export class World {
  private time = startMs;
  private readonly wakings: Waking[] = [];

  constructor(private readonly random: Random) {}

  /** In milliseconds since the UNIX epoch; a fraction too. */
  get nowMs(): number {
    return this.time;
  }

  /** Calls `wake` then, unless the sleeper is dead by then; what it returns calls it off. */
  schedule(atMs: number, wake: () => void, sleeper?: Sleeper): () => void {
    const waking = { atMs: Math.max(atMs, this.time), order: this.random.whole(0, 1e9), sleeper, wake };
    this.wakings.splice(this.placeOf(waking), 0, waking);
    return () => {
      const place = this.wakings.indexOf(waking);
      if (place >= 0) this.wakings.splice(place, 1);
    };
  }

  wait(durationMs: number, sleeper?: Sleeper): Promise<void> {
    return new Promise((resolve) => void this.schedule(this.time + durationMs, resolve, sleeper));
  }

  async runTo(endMs: number): Promise<void> {
    await nextTurn();
    for (let next = this.wakings.at(-1); next && next.atMs <= endMs; next = this.wakings.at(-1)) {
      this.wakings.pop();
      const { sleeper, wake, atMs } = next;
      this.time = atMs;
      if (sleeper && !sleeper.alive) continue;
      if (sleeper && sleeper.frozenUntilMs > atMs) {
        this.schedule(sleeper.frozenUntilMs, wake, sleeper);
        continue;
      }
      wake();
      await nextTurn();
    }
    this.time = endMs;
  }

  /** Latest first, so that the next is at the end. */
  private placeOf(waking: Waking): number {
    let low = 0;
    let high = this.wakings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(waking, this.wakings[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const isBefore = (a: Waking, b: Waking) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
