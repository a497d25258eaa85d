/** How long something that failed is tried again, and how soon. */

import type { Clock } from "../../clock.js";
import { StoreUnavailable } from "../../errors.js";
import { Interruption } from "./failures.js";

const firstDelayMs = 50;
const longestDelayMs = 3_000;

/** Grows with each failure in a row; with jitter, so that many do not come back at once. */
export const backoffMs = (failures: number, longestMs = longestDelayMs): number =>
  Math.min(longestMs, firstDelayMs * 2 ** Math.min(failures - 1, 20)) * (0.5 + Math.random() / 2);

/** Bears with interruptions for so long without progress in between. */
export class Patience {
  private since: number | undefined;
  private failures = 0;

  constructor(
    private readonly what: string,
    private readonly clock: Clock,
    private readonly limitMs: number,
  ) {}

  /** Something came: what fails from now on is another outage. */
  progress(): void {
    this.since = undefined;
    this.failures = 0;
  }

  /**
   * Waits until it is time to try again, or `stop` aborts.
   * @throws `failure` when trying again is of no use.
   * @throws StoreUnavailable when it has lasted too long.
   */
  async failed(failure: Error, stop?: AbortSignal): Promise<void> {
    if (!(failure instanceof Interruption)) throw failure;
    const now = this.clock.now();
    this.since ??= now;
    const delayMs = backoffMs(++this.failures);
    if (now + delayMs - this.since > this.limitMs) throw unavailable(this.what, this.limitMs, failure);
    await this.clock.sleep(delayMs, stop);
  }
}

export const unavailable = (what: string, lastedMs: number, failure: Error, remedy = "Try again."): StoreUnavailable =>
  new StoreUnavailable(
    `${what}: EventStoreDB did not answer for ${lastedMs} ms (${failure.message}). See that it runs and can be reached. ${remedy}`,
    { cause: failure },
  );

/** How long a store that is being closed waits for an answer to what is under way; over a connection of any use it comes. */
export const closingGraceMs = 1_000;

/** Resolves when `promise` has, or after `limitMs`. */
export async function within(limitMs: number, promise: Promise<unknown>, clock: Clock): Promise<void> {
  const enough = new AbortController();
  await Promise.race([promise, clock.sleep(limitMs, enough.signal)]);
  enough.abort();
}

/** What `promise` resolves with. @throws Interruption when it takes longer, or `stop` aborts. */
export async function inTime<T>(promise: Promise<T>, clock: Clock, limitMs: number, stop: AbortSignal): Promise<T> {
  const enough = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const give = (why: string) => () => reject(new Interruption(why));
    stop.addEventListener("abort", give("it was stopped"), { once: true, signal: enough.signal });
    if (stop.aborted) give("it was stopped")();
    else clock.sleep(limitMs, enough.signal).then(give(`no connection within ${limitMs} ms`), reject);
  });
  late.catch(() => {}); // also when `promise` was first
  promise.catch(() => {}); // or the other way round
  try {
    return await Promise.race([promise, late]);
  } finally {
    enough.abort();
  }
}
