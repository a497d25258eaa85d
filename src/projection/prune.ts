/** Prune: generations that no longer serve are dropped, one by one, unless somebody is at work on them. */

import { randomId } from "../message/index.js";
import type { Lease } from "../subscription/index.js";
import { liveLease } from "./live-read-model.js";
import { rebuildLease } from "./rebuild.js";
import type { Generation, ReadModelDeclaration, ReadModelStore } from "./read-model-store.js";
import { labelOf } from "./time-travel.js";

/** `earlier-version`: serves in the place of a version before the declared one. `labelled`: built up to a moment, to look back. */
export type PruneReason = "retained" | "unfinished" | "earlier-version" | "labelled";

export interface PruneVerdict {
  readonly generation: Generation;
  readonly reason: PruneReason;
  /** `in use`: somebody keeps it live, or works on it, so that it was left. `would be`: nothing was to be changed. */
  readonly outcome: "dropped" | "in use" | "would be";
}

export interface PruneOptions {
  readonly readModels: ReadModelStore;
  /** Names this process in leases. */
  readonly holder: string;
  /** Tells what would be dropped, and drops nothing. */
  readonly dryRun?: boolean;
}

const leaseMs = 10_000;

/**
 * Of the declared read models. What serves in the place of the declared version, or of a newer one, is never dropped; nor is
 * that of an earlier version before the declared one has caught up with the log once, because it answers until then.
 */
export async function prune(
  declarations: readonly ReadModelDeclaration[],
  { readModels, holder, dryRun = false }: PruneOptions,
): Promise<readonly PruneVerdict[]> {
  const verdicts: PruneVerdict[] = [];
  const generations = await readModels.generations();
  const paused = new Set((await readModels.pauses()).map(({ subscription }) => subscription));
  for (const generation of generations) {
    const declared = declarations.find(({ name }) => name === generation.name);
    const isBuilt = generations.some(
      ({ place, state, isComplete }) => place === declared?.place && state === "active" && isComplete,
    );
    const reason = declared && reasonFor(generation, declared, isBuilt);
    if (!reason) continue;
    // Nobody holds the lease of what an operator has paused, and those who read it are there nevertheless.
    const isPaused = generation.state === "active" && paused.has(liveLease(generation.place));
    const dropped =
      !isPaused &&
      (await underLeases(readModels, generation, holder, async (lease) => {
        if (!dryRun) await readModels.drop(generation, lease, { serving: generation.state === "active" });
      }));
    verdicts.push({ generation, reason, outcome: !dropped ? "in use" : dryRun ? "would be" : "dropped" });
  }
  return verdicts;
}

function reasonFor(generation: Generation, declared: ReadModelDeclaration, isBuilt: boolean): PruneReason | undefined {
  if (generation.state === "retained") return "retained";
  if (generation.state === "building") return "unfinished";
  if (labelOf(generation) !== undefined) return "labelled";
  const isEarlier = generation.place !== declared.place && generation.version < declared.version;
  return isEarlier && isBuilt ? "earlier-version" : undefined;
}

/** False when somebody else holds one of the leases that are needed. */
async function underLeases(
  readModels: ReadModelStore,
  { state, place }: Generation,
  holder: string,
  work: (lease: Lease) => Promise<void>,
): Promise<boolean> {
  const names = [rebuildLease(place), ...(state === "active" ? [liveLease(place)] : [])];
  const held: Lease[] = [];
  try {
    for (const name of names) {
      const lease = await readModels.acquire(name, `${holder}:${randomId()}`, leaseMs);
      if (!lease) return false;
      held.push(lease);
    }
    await work(held[0]!);
    return true;
  } finally {
    for (const lease of held) await readModels.release(lease);
  }
}
