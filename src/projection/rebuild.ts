/** Rebuild: a read model is made anew from history beside the one that serves, and takes its place when it has caught up. */

import { systemClock, type Clock } from "../clock.js";
import { RebuildInProgress } from "../errors.js";
import { randomId } from "../message/index.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import { holdLease, type Lease, type SubscriberControl } from "../subscription/index.js";
import { liveLease } from "./live-read-model.js";
import type { GenerationWriter, ReadModel } from "./read-model.js";
import type { Generation, ReadModelStore } from "./read-model-store.js";
import { SharedRead } from "./shared-read.js";

export interface RebuildProgress {
  readonly name: string;
  /** Events folded so far. */
  readonly events: number;
  readonly position: bigint | undefined;
  /** Head of the log when this was said; positions may have gaps, so take it for an estimate. */
  readonly head: bigint | undefined;
}

export interface RebuildOptions {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
  /** Names this process in leases. */
  readonly holder: string;
  readonly clock?: Clock;
  readonly leaseTtlMs?: number;
  /** Stops the rebuild; what serves stays as it is. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RebuildProgress) => void;
}

export interface RebuildResult {
  readonly name: string;
  readonly events: number;
  readonly position: bigint | undefined;
  /** False when `signal` aborted: the generation that served before serves still. */
  readonly activated: boolean;
}

/** The log, or a place in a read of it that is shared. */
type ReadableLog = Pick<EventStore, "readLog">;

const rebuildLease = (readModel: string) => `rebuild:${readModel}`;

/**
 * Rebuilds one read model.
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

async function rebuildFrom(log: ReadableLog, readModel: ReadModel, options: RebuildOptions): Promise<RebuildResult> {
  const { readModels, holder, clock = systemClock, leaseTtlMs = 10_000 } = options;
  const { name } = readModel.declaration;
  // Each its own holder: two rebuilds in one process exclude each other too.
  const lease = await readModels.acquire(rebuildLease(name), `${holder}:${randomId()}`, leaseTtlMs);
  if (!lease) throw new RebuildInProgress(name);
  return holdLease(readModels, lease, { clock, ttlMs: leaseTtlMs, signal: options.signal }, (control) =>
    build(log, readModel, lease, control, options),
  );
}

async function build(
  log: ReadableLog,
  readModel: ReadModel,
  lease: Lease,
  control: SubscriberControl,
  options: RebuildOptions,
): Promise<RebuildResult> {
  const { signal } = control;
  const { store, readModels } = options;
  const { name } = readModel.declaration;
  const generation = await readModels.createBuilding(readModel.declaration, lease);
  try {
    const writer = await readModel.open({ generation, lease, mode: "rebuild", readModels, store, ...control });
    const filter = (await readModel.filterFor?.(store)) ?? readModel.filter;
    let activated = false;
    // While it reads, the log grows and the live worker goes on: read what came, until it has caught up with both.
    while (!activated && !signal.aborted) {
      const serving = (await readModels.activeGeneration(name))?.checkpoint?.position;
      const head = await store.head();
      await readOn(log, name, filter, writer, head, signal, options);
      await writer.flush();
      if (!signal.aborted) await writer.beforeActivation?.();
      // What serves may have come further than this read model's last event: by events of types that an older version
      // read, or, where the log was restored from a backup, beyond its end. No event up to there is unread now.
      const through = serving !== undefined && serving > (head ?? -1n) ? serving : head;
      if (!signal.aborted) activated = await readModels.activate(generation, lease, liveLease(name), through);
    }
    const { handled, position } = writer.checkpoint;
    if (!activated) await discard(readModels, generation, lease);
    return { name, events: handled, position, activated };
  } catch (error) {
    await discard(readModels, generation, lease);
    throw error;
  }
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
  for await (const page of log.readLog({ after: writer.checkpoint.position, filter, signal })) {
    await writer.handle(page);
    const { handled, position } = writer.checkpoint;
    onProgress?.({ name, events: handled, position, head });
  }
}

/** What cannot be dropped now is dropped by the next rebuild. */
const discard = (readModels: ReadModelStore, generation: Generation, lease: Lease) =>
  readModels.drop(generation, lease).catch(() => undefined);
