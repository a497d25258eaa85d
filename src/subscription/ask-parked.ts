/** Asks whoever works on a subscription to deliver parked events again, or to drop them, and waits for the answer. */

import type { Clock } from "../clock.js";
import { NobodyAtWork, SubscriptionPaused } from "../errors.js";
import { randomId } from "../message/index.js";
import type { LeaseList } from "./lease-list.js";
import type { ParkedAnswer, ParkedEventStore, ParkedRequest } from "./parked-events.js";
import { pauseOf, type PauseStore } from "./pauses.js";

export interface AskOptions {
  readonly clock: Clock;
  /** How long somebody may take to begin: a standby has to take over first where the holder died. 10 seconds unless stated. */
  readonly begunWithinMs?: number;
  /** How long to wait for the answer, in milliseconds; 30 seconds unless stated. */
  readonly answeredWithinMs?: number;
  /** Takes the request back, if nobody has begun. */
  readonly signal?: AbortSignal;
}

const lookMs = 200;

/**
 * @returns `undefined` when it is under way and took longer than `answeredWithinMs`: it goes on
 * @throws SubscriptionPaused, NobodyAtWork, in which case nothing was or will be done; the reason of `signal`
 */
export async function askAboutParked(
  store: ParkedEventStore & Pick<PauseStore, "pauses"> & LeaseList,
  request: Omit<ParkedRequest, "id" | "askedAtMs">,
  { clock, begunWithinMs = 10_000, answeredWithinMs = 30_000, signal }: AskOptions,
): Promise<ParkedAnswer | undefined> {
  const { subscription } = request;
  const pause = await pauseOf(store, subscription);
  if (pause) throw new SubscriptionPaused(subscription, pause.reason, pause.by);
  const id = randomId();
  const askedAtMs = clock.now();
  await store.askParked({ ...request, id });
  for (;;) {
    await clock.sleep(lookMs, signal);
    const found = await store.parkedRequestState(id);
    if (found?.state === "answered") return found.answer;
    const waitedMs = clock.now() - askedAtMs;
    const isLate = found?.state === "begun" ? waitedMs >= answeredWithinMs : waitedMs >= begunWithinMs;
    if (!isLate && !signal?.aborted) continue;
    // Gone, though nobody says that it was withdrawn: that answer was lost.
    const withdrawn = (await store.withdrawParkedRequest(id)) || !(await store.parkedRequestState(id));
    if (signal?.aborted) throw signal.reason;
    if (!withdrawn && found?.state === "begun") return undefined;
    if (withdrawn) throw new NobodyAtWork(subscription, waitedMs, await holderOf(store, subscription));
  }
}

/** Who holds its lease, which has not expired. */
async function holderOf(store: LeaseList, subscription: string): Promise<string | undefined> {
  const found = (await store.listLeases()).find(({ name }) => name === subscription);
  return found && found.expiresInMs > 0 ? found.holder : undefined;
}
