/** Two looks at an application, and what else the doctor judges by: leases, generations, the newest tick. */

import { setTimeout as sleep } from "node:timers/promises";
import {
  clockStreamOf,
  tickType,
  verifyCheckpoint,
  type Checkpoint,
  type Generation,
  type HeldLease,
  type NamedSubscription,
  type Rollcall,
} from "../../src/index.js";
import type { SubscriptionStatus } from "../../src/query/index.js";
import type { Session } from "../observe/session.js";
import { progressBetween, sample, type Standing } from "../projections/standing.js";

/** A subscription as it was at the second look. */
export interface Patient extends NamedSubscription {
  readonly status: SubscriptionStatus;
  /** Of projections and observers. */
  readonly standing?: Standing;
  /** It moved between the looks. */
  readonly moved: boolean;
  /** There was something to do at both. */
  readonly hadLag: boolean;
  readonly lease: HeldLease | undefined;
  /** Why its checkpoint is of no use with this log. */
  readonly mismatch?: string;
}

export interface Looks {
  readonly storeId: string;
  readonly head: bigint | undefined;
  readonly patients: readonly Patient[];
  readonly leases: readonly HeldLease[];
  readonly generations: readonly Generation[];
  /** When the newest tick was recorded, by the clock of whoever did. */
  readonly tickAtMs: number | undefined;
}

/** @throws StoreUnavailable, and what else a store answers with */
export async function lookTwice({ rollcall, signal }: Session, intervalMs: number): Promise<Looks> {
  const before = await sample(rollcall);
  await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  const now = await sample(rollcall);
  const standings = progressBetween(before, now);
  const leases = await rollcall.readModels.listLeases();
  const patients = await Promise.all(
    rollcall.subscriptions.map(async (named, i): Promise<Patient> => {
      const [first, status] = [before.subscriptions![i]!, now.subscriptions![i]!];
      const standing = hasRows(named) ? standings.find(({ name }) => name === named.name) : undefined;
      const mismatch = await mismatchOf(rollcall, named);
      return {
        ...named,
        status,
        ...(standing && { standing }),
        moved: first.position !== status.position,
        hadLag: (first.lag?.events ?? 0) > 0 && (status.lag?.events ?? 0) > 0,
        lease: leases.find(({ name }) => name === named.subscription),
        ...(mismatch !== undefined && { mismatch }),
      };
    }),
  );
  return {
    storeId: await rollcall.store.storeId(),
    head: now.head,
    patients,
    leases,
    generations: await rollcall.readModels.generations(),
    tickAtMs: await newestTick(rollcall),
  };
}

const hasRows = ({ kind }: NamedSubscription) => kind === "projection" || kind === "observer";

async function mismatchOf(rollcall: Rollcall, named: NamedSubscription): Promise<string | undefined> {
  const { store, flagsStore } = rollcall;
  try {
    await verifyCheckpoint(
      { name: named.name, rebuildable: hasRows(named) },
      await checkpointOf(rollcall, named),
      named.kind === "notification" ? flagsStore : store,
    );
    return undefined;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "CHECKPOINT_MISMATCH") throw error;
    return (error as Error).message;
  }
}

async function checkpointOf(
  { readModels, assembly }: Rollcall,
  named: NamedSubscription,
): Promise<Checkpoint | undefined> {
  if (!hasRows(named)) return readModels.loadCheckpoint(named.subscription);
  const readModelsDeclared = [...assembly.projections, ...assembly.observers];
  const { declaration } = readModelsDeclared.find((each) => each.declaration.name === named.name)!;
  return (await readModels.activeGeneration(declaration.place))?.checkpoint;
}

async function newestTick({ flagsStore }: Rollcall): Promise<number | undefined> {
  for await (const page of flagsStore.readStream(clockStreamOf(flagsStore), { direction: "backwards", limit: 1 }))
    return page.find(({ type }) => type === tickType)?.recordedAtMs;
  return undefined;
}
