/** A clock of the simulated world: it is off, it drifts, and it jumps; what sleeps by it sleeps as long as it runs, jumps or not. */

import type { Clock } from "../../src/index.js";
import { startMs, type Sleeper, type World } from "./world.js";

export interface ClockPlan {
  /** How far it is ahead at the beginning, in milliseconds. */
  readonly skewMs: number;
  /** How much faster than the world it runs: 0.001 gains a millisecond a second. */
  readonly drift: number;
  /** Moments of the world, from its beginning, at which it is set forwards or back. */
  readonly jumps: readonly { readonly afterMs: number; readonly byMs: number }[];
}

export const trueClock: ClockPlan = { skewMs: 0, drift: 0, jumps: [] };

export class WildClock implements Clock {
  private offsetMs: number;
  private drift: number;
  private since = startMs;

  constructor(
    private readonly world: World,
    plan: ClockPlan = trueClock,
  ) {
    this.offsetMs = plan.skewMs;
    this.drift = plan.drift;
    for (const { afterMs, byMs } of plan.jumps) world.schedule(startMs + afterMs, () => (this.offsetMs += byMs));
  }

  now(): number {
    const { nowMs } = this.world;
    return Math.floor(nowMs + this.offsetMs + this.drift * (nowMs - this.since));
  }

  /** Sets it right but for `skewMs`; from now on it runs as the world does. */
  correct(skewMs: number): void {
    this.offsetMs = skewMs;
    this.drift = 0;
    this.since = this.world.nowMs;
  }

  /** The same clock for somebody who can die, or freeze. */
  of(sleeper: Sleeper): Clock {
    return {
      now: () => this.now(),
      sleep: (durationMs, signal) => this.sleep(durationMs, signal, sleeper),
    };
  }

  sleep(durationMs: number, signal?: AbortSignal, sleeper?: Sleeper): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wakeAtMs = this.world.nowMs + Math.max(0, durationMs) / (1 + this.drift);
      const end = () => {
        callOff();
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const callOff = this.world.schedule(wakeAtMs, end, sleeper);
      signal?.addEventListener("abort", end, { once: true });
    });
  }
}
