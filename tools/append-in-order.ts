/** Appends under way together that keep their order, tried again while the store does not answer. */

import type { Clock } from "../src/clock.js";
import { StoreUnavailable } from "../src/errors.js";
import type { AppendResult, EventData, EventStore, ExpectedRevision } from "../src/store/index.js";

export interface OrderedAppend {
  readonly stream: string;
  readonly events: readonly EventData[];
  readonly expectedRevision: ExpectedRevision;
}

export interface AppendInOrderOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const mostAttempts = 8;
const firstDelayMs = 100;

/**
 * Starts all of them in one turn of the event loop, so that the store can commit them together.
 * @throws the signal's reason, and what the store throws; `StoreUnavailable` only when it does so again and again
 */
export async function appendInOrder(
  appends: readonly OrderedAppend[],
  { store, clock, signal }: AppendInOrderOptions,
): Promise<AppendResult[]> {
  const results: AppendResult[] = [];
  for (let attempt = 1; ; attempt++) {
    const settled = await Promise.allSettled(
      appends
        .slice(results.length)
        .map(({ stream, events, expectedRevision }) => store.append(stream, events, { expectedRevision })),
    );
    const failed = settled.find((outcome) => outcome.status === "rejected");
    // Everything from the first failure on is appended again: what succeeded behind it is there by its ids.
    for (const outcome of settled) {
      if (outcome.status === "rejected") break;
      results.push(outcome.value);
    }
    if (!failed) return results;
    const { reason } = failed as PromiseRejectedResult;
    if (!(reason instanceof StoreUnavailable) || attempt === mostAttempts) throw reason;
    await clock.sleep(firstDelayMs * 2 ** (attempt - 1), signal);
    signal?.throwIfAborted();
  }
}
