/** Time as a port, so that every wait and every "now" can be simulated. */

import { setTimeout as sleep } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since the UNIX epoch. */
  now(): number;
  /** Resolves after `durationMs`, or at once when `signal` aborts; never rejects. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

// setTimeout fires at once for anything longer.
const longestSleepMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (durationMs, signal) => {
    try {
      await sleep(Math.min(Math.max(0, durationMs), longestSleepMs), undefined, signal ? { signal } : {});
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};
