/** Rebuild: a read model is made anew from history beside the one that serves, and takes its place when it has caught up. */

import { systemClock, type Clock } from "../clock.js";
import {
  CheckpointMismatch,
  NothingRetained,
  RebuildInProgress,
  RetainedByOtherCode,
  StoreUnavailable,
} from "../errors.js";
import { randomId } from "../message/index.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import {
  holdLease,
  verifyCheckpoint,
  type Checkpoint,
  type Lease,
  type SubscriberControl,
} from "../subscription/index.js";
import { liveLease } from "./live-read-model.js";
import type { GenerationWriter, ReadModel, RowsUnderWay } from "./read-model.js";
import type { Generation, ReadModelDeclaration, ReadModelStore } from "./read-model-store.js";
import { SharedRead } from "./shared-read.js";

export interface RebuildProgress {
  readonly name: string;
  /** Events folded so far. */
  readonly events: number;
  readonly position: bigint | undefined;
  /** Head of the log when this was said; positions may have gaps, so take it for an estimate. */
  readonly head: bigint | undefined;
  /** Its rows, where that is known. */
  readonly rows?: RowsUnderWay | undefined;
}

/**
 * Writes the rows of history up to now into a generation, by other means than one reader.
 * @returns where the generation then stands; `undefined` when it was stopped, or there is no event
 */
export type HistoryWriter = (
  generation: Generation,
  lease: Lease,
  control: SubscriberControl,
) => Promise<Checkpoint | undefined>;

export interface RebuildOptions {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
  /** Names this process in leases. */
  readonly holder: string;
  readonly clock?: Clock;
  readonly leaseTtlMs?: number;
  /** Begins anew, even where an earlier rebuild was left unfinished that could be resumed. */
  readonly fresh?: boolean;
  /** Begins the rebuild; what comes meanwhile is read after it. What it leaves unfinished is not resumed. */
  readonly writeHistory?: HistoryWriter;
  /** Stops the rebuild; what serves stays as it is, and the next rebuild of a projection goes on from there. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RebuildProgress) => void;
}

export interface RebuildResult {
  readonly name: string;
  readonly events: number;
  readonly position: bigint | undefined;
  /** Events that an earlier rebuild, which was left unfinished, had folded already. */
  readonly resumed: number;
  /** False when `signal` aborted: the generation that served before serves still. */
  readonly activated: boolean;
}

/** The log, or a place in a read of it that is shared. */
type ReadableLog = Pick<EventStore, "readLog">;

/** Name of the lease of whoever makes a generation that is to serve in a place. */
export const rebuildLease = (place: string): string => `rebuild:${place}`;

/**
 * Rebuilds one read model. A projection's rebuild that was killed or stopped is resumed, if the code is the same.
 * @throws RebuildInProgress when another rebuild of it is under way
 * @throws Fenced when another rebuild took over; nothing was activated
 * @throws HandlingFailed, EventTooNew, Divergence …: whatever the read model meets; what serves stays as it is
 */
export const rebuild = (readModel: ReadModel, options: RebuildOptions): Promise<RebuildResult> =>
  rebuildFrom(options.store, readModel, options);

/**
 * Rebuilds several read models by one read of the log. Each for itself takes its place when it has caught up; one that
 * fails leaves the others alone.
 * @returns of each, in their order, what `rebuild` would have returned or thrown
 */
export function rebuildTogether(
  readModels: readonly ReadModel[],
  options: RebuildOptions,
): Promise<readonly PromiseSettledResult<RebuildResult>[]> {
  const shared = new SharedRead(options.store, readModels.length);
  return Promise.allSettled(
    readModels.map(async (readModel) => {
      const place = shared.place();
      try {
        return await rebuildFrom(place, readModel, options);
      } finally {
        place.leave();
      }
    }),
  );
}

/**
 * Puts what served before the last rebuild back in its place, once it has caught up with what came since. What serves now
 * is kept in turn.
 * @throws NothingRetained when there is nothing to go back to; RetainedByOtherCode when this code must not go on with it
 * @throws RebuildInProgress, Fenced, HandlingFailed …: as a rebuild; what serves stays as it is
 */
export const rollback = (readModel: ReadModel, options: RebuildOptions): Promise<RebuildResult> =>
  underLease(readModel.declaration, options, async (lease, control) => {
    const { name, place, definition, code } = readModel.declaration;
    const retained = (await options.readModels.generations()).find(
      (each) => each.place === place && each.state === "retained" && each.definition === definition,
    );
    if (!retained) throw new NothingRetained(name);
    if (retained.code !== code) throw new RetainedByOtherCode(name);
    await verifyCheckpoint({ name }, retained.checkpoint, options.store);
    return { ...(await build(options.store, readModel, retained, lease, control, options)), ...resumedFrom(retained) };
  });

const rebuildFrom = (log: ReadableLog, readModel: ReadModel, options: RebuildOptions): Promise<RebuildResult> =>
  underLease(readModel.declaration, options, async (lease, control) => {
    const { readModels, fresh = false, writeHistory } = options;
    const isResumable = readModel.hasRowsOnly === true && !writeHistory;
    const generation = writeHistory
      ? await beginOnce(readModel, lease, options)
      : await begin(readModel, lease, !fresh && isResumable, options);
    try {
      const checkpoint = await writeHistory?.(generation, lease, control);
      const written = checkpoint ? { ...generation, checkpoint } : generation;
      const result = await build(log, readModel, written, lease, control, options);
      if (!result.activated && !isResumable) await discard(readModels, generation, lease);
      return { ...result, ...resumedFrom(generation) };
    } catch (error) {
      // What could not be folded is mended in the code, and that may concern the events before it.
      if (!isResumable || !(error instanceof StoreUnavailable)) await discard(readModels, generation, lease);
      throw error;
    }
  });

const resumedFrom = ({ checkpoint }: Generation) => ({ resumed: checkpoint?.handled ?? 0 });

/** Parts that were read differently far have no checkpoint in common: without a digest of its code nobody goes on with it. */
function beginOnce({ declaration }: ReadModel, lease: Lease, { readModels }: RebuildOptions): Promise<Generation> {
  const { code: _, ...rest } = declaration;
  return readModels.createBuilding(rest, lease);
}

/** What was left unfinished is of use only with the log that it was read from. */
async function begin(
  { declaration }: ReadModel,
  lease: Lease,
  resumes: boolean,
  { store, readModels }: RebuildOptions,
): Promise<Generation> {
  const generation = await readModels.createBuilding(declaration, lease, { resumes });
  try {
    await verifyCheckpoint({ name: declaration.name }, generation.checkpoint, store);
    return generation;
  } catch (error) {
    if (error instanceof CheckpointMismatch) return readModels.createBuilding(declaration, lease);
    throw error;
  }
}

/** @throws RebuildInProgress when somebody else makes a generation for that place */
export async function underLease<T>(
  { name, place }: Pick<ReadModelDeclaration, "name" | "place">,
  options: RebuildOptions,
  work: (lease: Lease, control: SubscriberControl) => Promise<T>,
): Promise<T> {
  const { readModels, holder, clock = systemClock, leaseTtlMs = 10_000, signal } = options;
  // Each its own holder: two rebuilds in one process exclude each other too.
  const lease = await readModels.acquire(rebuildLease(place), `${holder}:${randomId()}`, leaseTtlMs);
  if (!lease) throw new RebuildInProgress(name);
  return holdLease(readModels, lease, { clock, ttlMs: leaseTtlMs, signal }, (control) => work(lease, control));
}

async function build(
  log: ReadableLog,
  readModel: ReadModel,
  generation: Generation,
  lease: Lease,
  control: SubscriberControl,
  options: RebuildOptions,
): Promise<Omit<RebuildResult, "resumed">> {
  const { signal } = control;
  const { store, readModels } = options;
  const { name, place } = readModel.declaration;
  const writer = await readModel.open({ generation, lease, mode: "rebuild", readModels, store, ...control });
  const filter = (await readModel.filterFor?.(store)) ?? readModel.filter;
  let activated = false;
  // While it reads, the log grows and the live worker goes on: read what came, until it has caught up with both.
  while (!activated && !signal.aborted) {
    const serving = (await readModels.activeGeneration(place))?.checkpoint?.position;
    const head = await store.head();
    await readOn(log, name, filter, writer, head, signal, options);
    await writer.flush();
    if (!signal.aborted) await writer.beforeActivation?.();
    // What serves may have come further than this read model's last event: by events of types that an older version
    // read, or, where the log was restored from a backup, beyond its end. No event up to there is unread now.
    const readThrough = serving !== undefined && serving > (head ?? -1n) ? serving : head;
    const retains = readModel.hasRowsOnly === true;
    if (!signal.aborted)
      activated = await readModels.activate(generation, lease, { workerLease: liveLease(place), readThrough, retains });
  }
  const { handled, position } = writer.checkpoint;
  return { name, events: handled, position, activated };
}

async function readOn(
  log: ReadableLog,
  name: string,
  filter: EventFilter,
  writer: GenerationWriter,
  head: bigint | undefined,
  signal: AbortSignal,
  { onProgress }: RebuildOptions,
): Promise<void> {
  for await (const page of log.readLog({ after: writer.checkpoint.position, filter, signal, repeatedly: true })) {
    await writer.handle(page);
    const { handled, position } = writer.checkpoint;
    onProgress?.({ name, events: handled, position, head, rows: writer.rowsUnderWay });
  }
}

/** What cannot be dropped now is dropped by the next rebuild. */
const discard = (readModels: ReadModelStore, generation: Generation, lease: Lease) =>
  readModels.drop(generation, lease).catch(() => undefined);
