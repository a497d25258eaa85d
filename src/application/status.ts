/** What an application says of itself: where each subscription stands, and whether this process is ready. */

import type { Clock } from "../clock.js";
import { InvalidQuery, StoreUnavailable } from "../errors.js";
import type { Lag, ApplicationStatus, PauseStatus, Readiness, SubscriptionStatus } from "../query/index.js";
import type { ObserverState } from "../observer/index.js";
import {
  parksRows,
  servingGeneration,
  whereParked,
  type ReadModelDeclaration,
  type ReadModelStore,
} from "../projection/index.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import type { Checkpoint, Pause, ProcessorStatus } from "../subscription/index.js";

/** A subscription of the application, and what this process knows of it. */
export interface Worker {
  readonly name: string;
  readonly kind: SubscriptionStatus["kind"];
  /** Name of the lease, and of the checkpoint where it has no rows. */
  readonly subscription: string;
  readonly filter: EventFilter;
  /** `undefined` when this process does not have the role. */
  readonly status: ProcessorStatus | undefined;
  /** Of what has rows. */
  readonly declaration?: ReadModelDeclaration;
}

export interface StatusSources {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
  readonly clock: Clock;
}

/** How long a status waits for the event store. */
const patienceMs = 2_000;

export async function applicationStatus(
  sources: StatusSources,
  roles: readonly string[],
  workers: readonly Worker[],
): Promise<ApplicationStatus> {
  const log = await answered(sources, async ({ store }) => ({
    storeId: await store.storeId(),
    head: await store.head(),
  }));
  const pauses = await sources.readModels.pauses();
  const statusOf = (worker: Worker) =>
    subscriptionStatus(
      sources,
      worker,
      // One question left unanswered is enough.
      !("error" in log),
      pauses.find(({ subscription }) => subscription === worker.subscription),
    );
  return {
    ...("error" in log
      ? { storeError: log.error }
      : { storeId: log.storeId, ...(log.head !== undefined && { head: String(log.head) }) }),
    roles,
    subscriptions: await Promise.all(workers.map(statusOf)),
  };
}

/** What the event store says in time; or that it does not answer, which is when a status is needed most. */
async function answered<T extends object>(
  sources: StatusSources,
  ask: (sources: StatusSources) => Promise<T>,
): Promise<T | { readonly error: string }> {
  const enough = new AbortController();
  const late = sources.clock
    .sleep(patienceMs, enough.signal)
    .then(() => ({ error: `The event store did not answer for ${patienceMs} ms.` }));
  try {
    return await Promise.race([ask(sources), late]);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return { error: error.message };
  } finally {
    enough.abort();
  }
}

async function subscriptionStatus(
  sources: StatusSources,
  { name, kind, subscription, filter, status, declaration }: Worker,
  storeAnswers: boolean,
  pause: Pause | undefined,
): Promise<SubscriptionStatus> {
  const { readModels } = sources;
  const serving = declaration && (await servingGeneration(readModels, declaration));
  const checkpoint = !declaration
    ? await readModels.loadCheckpoint(subscription)
    : serving?.place === declaration.place
      ? serving.checkpoint
      : (await readModels.activeGeneration(declaration.place))?.checkpoint;
  const state = checkpoint?.state as ObserverState | undefined;
  const lag = storeAnswers ? await answered(sources, (each) => lagOf(each, filter, checkpoint)) : undefined;
  return {
    name,
    kind,
    state: status?.state ?? "elsewhere",
    ...(checkpoint?.position !== undefined && { position: String(checkpoint.position) }),
    ...(lag && !("error" in lag) && { lag }),
    ...(serving && { version: serving.version }),
    ...(status?.error && { error: status.error.message }),
    ...(pause && { pause: pauseStatus(pause) }),
    ...(!declaration && { parked: (await readModels.parked(subscription)).length }),
    ...(serving && parksRows(declaration) && { parkedRows: await parkedRows(readModels, serving.place) }),
    ...(kind === "observer" && { uncorrelated: state?.uncorrelated ?? 0 }),
    ...(kind === "observer" && state?.unresolved && { waiting: state.unresolved }),
  };
}

const mostCounted = 1_000;

async function parkedRows(readModels: ReadModelStore, place: string): Promise<number> {
  try {
    const { rows } = await readModels.findRows(place, { where: whereParked, limit: mostCounted });
    return rows.length;
  } catch (error) {
    // It was built before rows were parked.
    if (error instanceof InvalidQuery) return 0;
    throw error;
  }
}

export const pauseStatus = ({ reason, by, pausedAtMs }: Pause): PauseStatus => ({
  reason,
  by,
  since: new Date(pausedAtMs).toISOString(),
});

/** Counts within one page: enough to tell "nothing", "a little" and "much". */
async function lagOf(
  { store, clock }: StatusSources,
  filter: EventFilter,
  checkpoint: Checkpoint | undefined,
): Promise<Lag> {
  let lag: Lag = { events: 0, more: false, seconds: 0 };
  for await (const page of store.readLog({ after: checkpoint?.position, filter })) {
    if (lag.events > 0) return { ...lag, more: true };
    lag = { events: page.length, more: false, seconds: Math.max(0, (clock.now() - page[0]!.recordedAtMs) / 1_000) };
  }
  return lag;
}

/**
 * Ready: everything that this process runs is live, stands by, or was paused, which is a decision of an operator, to whom a
 * balancer that takes the process away would be of no help; and every read model has caught up with the log once. How far
 * rows are behind by the work of other processes is left to the status: it would take every process away at the same time.
 */
export async function readinessOf(readModels: ReadModelStore, workers: readonly Worker[]): Promise<Readiness> {
  const reasons: string[] = [];
  for (const { name, kind, status, declaration } of workers) {
    if (status && !["live", "standby", "paused"].includes(status.state))
      reasons.push(`The ${kind} ${name} is ${status.state}${status.error ? `: ${status.error.message}` : "."}`);
    if (!declaration) continue;
    const own = await readModels.activeGeneration(declaration.place);
    if (!own) reasons.push(`The read model ${name} has not been built yet.`);
    else if (!own.isComplete) reasons.push(`The read model ${name} has not caught up with the log yet.`);
  }
  return { ready: reasons.length === 0, reasons };
}
