/** Which subscriptions an operator has paused, by the names of their leases: a port, and whoever watches it. */

import type { Clock } from "../clock.js";

/** A decision of an operator: nobody works on the subscription until it is taken back. */
export interface Pause {
  /** Name of the lease: `read-model:orders`, `reactor:charge`, `notification:ops`. */
  readonly subscription: string;
  readonly reason: string;
  readonly by: string;
  readonly pausedAtMs: number;
}

export interface PauseStore {
  /** Whoever works on it finishes what is under way and gives the lease back; of one that is paused the words change alone. */
  pause(subscription: string, words: Pick<Pause, "reason" | "by">): Promise<Pause>;
  /** Lets work go on from the checkpoint; false when it was not paused. */
  resume(subscription: string): Promise<boolean>;
  /** All of them, in the order of the names' UTF-8 bytes. */
  pauses(): Promise<readonly Pause[]>;
}

/** @throws StoreUnavailable */
export const pauseOf = async (store: Pick<PauseStore, "pauses">, subscription: string): Promise<Pause | undefined> =>
  (await store.pauses()).find((pause) => pause.subscription === subscription);

/** How often somebody looks whether a subscription was paused, or resumed. */
export const pauseCheckMs = 1_000;

/** Waits until the subscription is paused; false when `signal` aborts before. A store that does not answer is asked again. */
export async function untilPaused(
  store: Pick<PauseStore, "pauses">,
  subscription: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    await clock.sleep(pauseCheckMs, signal);
    if (signal.aborted) return false;
    if (await pauseOf(store, subscription).catch(() => undefined)) return true;
  }
}
