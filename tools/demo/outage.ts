/** What the demo does while the store does not answer: it says so once, tries again, and goes on. */

import { StoreUnavailable, systemClock, type Clock } from "../../src/index.js";

/** Called when the store does not answer, with what it failed with; and without when it answers again. */
export type OnOutage = (error?: StoreUnavailable) => void;

export interface OutageOptions {
  readonly signal: AbortSignal;
  readonly clock?: Clock | undefined;
  readonly onOutage?: OnOutage | undefined;
}

/** The store has been patient already before it gave up. */
const pauseMs = 1_000;

/** One for all that asks the same store, so that an outage is told once. */
export class Outage {
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #onOutage: OnOutage;
  readonly #aborted: Promise<undefined>;
  #lasts = false;

  constructor({ signal, clock = systemClock, onOutage = () => undefined }: OutageOptions) {
    this.#signal = signal;
    this.#clock = clock;
    this.#onOutage = onOutage;
    this.#aborted = new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
  }

  /** The store has answered. */
  readonly over = (): void => {
    if (!this.#lasts) return;
    this.#lasts = false;
    this.#onOutage();
  };

  /**
   * Tries until the store answers. Once `signal` aborts, nobody waits any longer: `undefined`, whatever becomes of it.
   * @throws what `attempt` throws, but for `StoreUnavailable`
   */
  bear<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    return Promise.race([this.#untilAnswered(attempt), this.#aborted]);
  }

  async #untilAnswered<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    while (!this.#signal.aborted) {
      try {
        const answer = await attempt();
        this.over();
        return answer;
      } catch (error) {
        if (this.#signal.aborted) return undefined;
        if (!(error instanceof StoreUnavailable)) throw error;
        if (!this.#lasts) this.#onOutage(error);
        this.#lasts = true;
      }
      await this.#clock.sleep(pauseMs, this.#signal);
    }
    return undefined;
  }
}
