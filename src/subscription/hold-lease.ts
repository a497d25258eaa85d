/** Work under a lease: it is renewed while the work goes on, and given back afterwards; losing it stops the work. */

import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.js";
import { Fenced } from "../errors.js";
import type { Lease, LeaseStore } from "./checkpoint-store.js";
import type { SubscriberControl } from "./subscriber.js";

export interface HoldOptions {
  readonly clock: Clock;
  readonly ttlMs: number;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Runs once the work has ended, or failed, and its signal has aborted; before the lease is given back. */
  readonly close?: () => Promise<void>;
}

/**
 * Runs `work` with a signal that aborts when the caller's does, when the lease is lost, and when the work has ended.
 * @throws Fenced when the lease was lost; what the work, `close` or a call of `fail` threw
 */
export async function holdLease<T>(
  leases: LeaseStore,
  lease: Lease,
  { clock, ttlMs, signal: outer, close }: HoldOptions,
  work: (control: SubscriberControl) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const done = new AbortController();
  const signal = AbortSignal.any([lost.signal, done.signal, ...(outer ? [outer] : [])]);
  // Every reaction under way may listen to it: that is no leak to warn of.
  setMaxListeners(0, signal);
  const renewing = keepRenewing(leases, lease, clock, ttlMs, lost, done.signal);
  try {
    const result = await work({ signal, fail: (error) => lost.abort(error) });
    if (lost.signal.aborted) throw lost.signal.reason;
    return result;
  } finally {
    done.abort();
    await renewing;
    try {
      await close?.();
    } finally {
      await leases.release(lease).catch(() => undefined); // it expires by itself
    }
  }
}

async function keepRenewing(
  leases: LeaseStore,
  lease: Lease,
  clock: Clock,
  ttlMs: number,
  lost: AbortController,
  done: AbortSignal,
): Promise<void> {
  while (!done.aborted) {
    await clock.sleep(ttlMs / 3, done);
    if (done.aborted) return;
    // A store that does not answer now may answer before the lease expires; commits are fenced in any case.
    const kept = await leases.renew(lease, ttlMs).catch(() => true);
    if (!kept) return lost.abort(new Fenced(lease.name));
  }
}
