/** What an application says of itself: where each subscription stands, and whether this process is ready. */

import type { Clock } from "../clock.js";
import type { Lag, ApplicationStatus, Readiness, SubscriptionStatus } from "../query/index.js";
import type { ObserverState } from "../observer/index.js";
import type { ReadModelStore } from "../projection/index.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import type { Checkpoint, ProcessorStatus } from "../subscription/index.js";

/** A subscription of the application, and what this process knows of it. */
export interface Worker {
  readonly name: string;
  readonly kind: SubscriptionStatus["kind"];
  /** Name of the lease, and of a reactor's checkpoint. */
  readonly subscription: string;
  readonly filter: EventFilter;
  /** `undefined` when this process does not have the role. */
  readonly status: ProcessorStatus | undefined;
}

export interface StatusSources {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
  readonly clock: Clock;
}

export async function applicationStatus(
  sources: StatusSources,
  roles: readonly string[],
  workers: readonly Worker[],
): Promise<ApplicationStatus> {
  const { store } = sources;
  const head = await store.head();
  return {
    storeId: await store.storeId(),
    ...(head !== undefined && { head: String(head) }),
    roles,
    subscriptions: await Promise.all(workers.map((worker) => subscriptionStatus(sources, worker))),
  };
}

async function subscriptionStatus(
  { store, readModels, clock }: StatusSources,
  { name, kind, subscription, filter, status }: Worker,
): Promise<SubscriptionStatus> {
  const generation = kind === "reactor" ? undefined : await readModels.activeGeneration(name);
  const checkpoint = kind === "reactor" ? await readModels.loadCheckpoint(subscription) : generation?.checkpoint;
  const state = checkpoint?.state as ObserverState | undefined;
  return {
    name,
    kind,
    state: status?.state ?? "elsewhere",
    ...(checkpoint?.position !== undefined && { position: String(checkpoint.position) }),
    lag: await lagOf(store, filter, checkpoint, clock),
    ...(generation && { version: generation.version }),
    ...(status?.error && { error: status.error.message }),
    ...(kind === "reactor" && { parked: (await readModels.parked(subscription)).length }),
    ...(kind === "observer" && { uncorrelated: state?.uncorrelated ?? 0 }),
  };
}

/** Counts within one page: enough to tell "nothing", "a little" and "much". */
async function lagOf(
  store: EventStore,
  filter: EventFilter,
  checkpoint: Checkpoint | undefined,
  clock: Clock,
): Promise<Lag> {
  let lag: Lag = { events: 0, more: false, seconds: 0 };
  for await (const page of store.readLog({ after: checkpoint?.position, filter })) {
    if (lag.events > 0) return { ...lag, more: true };
    lag = { events: page.length, more: false, seconds: Math.max(0, (clock.now() - page[0]!.recordedAtMs) / 1_000) };
  }
  return lag;
}

/** Ready: everything that this process runs is live, or stands by for another that is. */
export async function readinessOf(readModels: ReadModelStore, workers: readonly Worker[]): Promise<Readiness> {
  const reasons: string[] = [];
  for (const { name, kind, status } of workers) {
    if (status && !["live", "standby"].includes(status.state))
      reasons.push(`The ${kind} ${name} is ${status.state}${status.error ? `: ${status.error.message}` : "."}`);
    if (kind !== "reactor" && !(await readModels.activeGeneration(name)))
      reasons.push(`The read model ${name} has not been built yet.`);
  }
  return { ready: reasons.length === 0, reasons };
}
