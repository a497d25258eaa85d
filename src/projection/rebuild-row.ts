/** Rebuild of one row: the row of one key is made anew from history, in place, while all the others serve on. */

import { isDeepStrictEqual } from "node:util";
import { systemClock } from "../clock.js";
import { NoRowsAlone, NotBuilt, ReadModelOutdated } from "../errors.js";
import { randomId, type RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import { holdLease, verifyCheckpoint } from "../subscription/index.js";
import { isDeclaredBy } from "./generation-rules.js";
import { liveLease } from "./live-read-model.js";
import { ProjectionReadModel } from "./projection-read-model.js";
import type { RebuildOptions } from "./rebuild.js";
import type { ReadModel } from "./read-model.js";
import type { Generation, Row } from "./read-model-store.js";

export interface RowRebuildResult {
  readonly name: string;
  readonly key: string;
  /** Events that were folded into the row. */
  readonly events: number;
  /** Up to where history was read: where the generation stands. */
  readonly position: bigint | undefined;
  /** Absent where there was none, or is none. */
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  readonly changed: boolean;
}

/**
 * History is read first, beside the live worker. Then the worker's lease is taken from it for as long as it takes to read
 * what came since and to write the row; it goes on by itself.
 * @throws NoRowsAlone for an observer
 * @throws NotBuilt when nothing was built yet; ReadModelOutdated, CheckpointMismatch when what serves is of other terms, or
 *   of another log
 * @throws HandlingFailed when an event of the key cannot be folded; the row stays as it is
 */
export async function rebuildRow(
  readModel: ReadModel,
  key: string,
  options: RebuildOptions,
): Promise<RowRebuildResult> {
  const { store, readModels, holder, clock = systemClock, leaseTtlMs: ttlMs = 10_000, signal } = options;
  const { name, place } = readModel.declaration;
  if (!(readModel instanceof ProjectionReadModel)) throw new NoRowsAlone(name, "rebuild by key");
  const serving = await servingOf(readModel, options);
  const folding = new RowFolding(readModel, key, store);
  await folding.through(positionOf(serving), signal);
  // A holder of its own: the worker of this process must not take the lease for its own.
  const lease = await readModels.seize(liveLease(place), `${holder}:${randomId()}`, ttlMs);
  return holdLease(readModels, lease, { clock, ttlMs, signal }, async (control) => {
    const generation = await servingOf(readModel, options);
    await folding.through(positionOf(generation), control.signal);
    control.signal.throwIfAborted();
    const before = (await readModels.rows(generation, [key])).get(key);
    const { row: after, events } = folding;
    const changed = !isDeepStrictEqual(before, after && (JSON.parse(JSON.stringify(after)) as Row));
    const { checkpoint } = generation;
    if (changed && checkpoint) await readModels.commit(generation, lease, { rows: [[key, after]], checkpoint });
    return { name, key, events, position: checkpoint?.position, before, after, changed };
  });
}

/**
 * What serves in the projection's place, if it is of this log and of these terms.
 * @throws NotBuilt, ReadModelOutdated, CheckpointMismatch
 */
async function servingOf(
  readModel: ProjectionReadModel,
  { store, readModels }: Pick<RebuildOptions, "store" | "readModels">,
): Promise<Generation> {
  const { declaration } = readModel;
  const serving = await readModels.activeGeneration(declaration.place);
  if (!serving) throw new NotBuilt(declaration.name, declaration.version);
  if (!isDeclaredBy(serving, declaration))
    throw new ReadModelOutdated(declaration.name, declaration, serving, readModel.differsBy(serving));
  await verifyCheckpoint({ name: declaration.name }, serving.checkpoint, store);
  return serving;
}

const positionOf = ({ checkpoint }: Generation): bigint => checkpoint?.position ?? -1n;

class RowFolding {
  row: Row | undefined;
  events = 0;
  private position: bigint | undefined;

  constructor(
    private readonly readModel: ProjectionReadModel,
    private readonly key: string,
    private readonly store: EventStore,
  ) {}

  /** Folds the events of the key up to and including a position. */
  async through(end: bigint, signal: AbortSignal | undefined): Promise<void> {
    const { readModel, store } = this;
    const options = { after: this.position, filter: readModel.filter, ...(signal && { signal }) };
    for await (const page of store.readLog(options))
      for (const recorded of page) {
        if (recorded.position > end) return;
        this.position = recorded.position;
        if (readModel.folds.has(recorded.type)) this.fold(recorded);
      }
  }

  private fold(recorded: RecordedEvent): void {
    const { readModel, key } = this;
    try {
      if (![readModel.rowKeysOf(recorded)].flat().includes(key)) return;
      this.row = readModel.fold(recorded, this.row, key);
    } catch (error) {
      throw readModel.failureOf(recorded, error);
    }
    this.events++;
  }
}
