/** Writes history into a generation by several threads: each folds the events of its part of the keys, one writes the rows. */

import {
  PartFailed,
  wholeOf,
  type Generation,
  type ProjectionReadModel,
  type ReadModelStore,
  type RebuildProgress,
} from "../../projection/index.js";
import { EncodedText } from "../../projection/row-encoding.js";
import type { EventStore } from "../../store/event-store.js";
import { beginningOf, type Checkpoint, type Lease } from "../../subscription/index.js";
import type { Configuration } from "../configuration.js";
import type { Assignment, RowBatch } from "./messages.js";
import { PartThread } from "./part-thread.js";
import { portableConfiguration } from "./portable-configuration.js";

export interface ThreadedHistoryOptions {
  readonly store: Pick<EventStore, "head" | "storeId">;
  readonly readModels: Pick<ReadModelStore, "commit">;
  readonly configuration: Configuration;
  /** URL of the module whose default export is the application. */
  readonly application: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
}

/**
 * Until all parts are written, the generation stands at the beginning of the log, whatever rows are in it.
 * @returns where it stands then; `undefined` when there was no event, or it was stopped
 * @throws HandlingFailed with the first event by position that cannot be folded, as one reader would
 * @throws RebuildThreadEnded
 */
export async function writeHistoryInThreads(
  readModel: ProjectionReadModel,
  generation: Generation,
  lease: Lease,
  options: ThreadedHistoryOptions,
): Promise<Checkpoint | undefined> {
  const { store, readModels, threads: of, signal, onProgress } = options;
  const head = await store.head();
  if (head === undefined || signal.aborted) return undefined;
  const beginning = beginningOf(await store.storeId());
  let writing: Promise<void> = Promise.resolve();
  const write = ({ keys, docs }: RowBatch) =>
    (writing = writing.then(() =>
      readModels.commit(generation, lease, {
        rows: keys.map((key, i) => [key, textOf(docs[i])]),
        checkpoint: beginning,
      }),
    ));
  const threads = Array.from({ length: of }, (_, index) => {
    const assignment = { ...assignmentOf(readModel, generation, lease, options), part: { of, index }, through: head };
    return new PartThread(assignment, { write, onProgress: () => onProgress?.(progressOf(generation, threads, head)) });
  });
  try {
    const parts = await Promise.race([allOf(threads), stopped(signal)]);
    if (!parts || signal.aborted) return undefined;
    const checkpoint = wholeOf(beginning, parts);
    if (checkpoint.position === undefined) return undefined;
    await readModels.commit(generation, lease, { rows: [], checkpoint });
    return checkpoint;
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
    // What a thread handed over before it was ended is written before anybody drops the generation.
    await writing.catch(() => {});
  }
}

function assignmentOf(
  { limits }: ProjectionReadModel,
  generation: Generation,
  lease: Lease,
  { application, configuration, threads }: ThreadedHistoryOptions,
): Omit<Assignment, "part" | "through"> {
  const share = (limit: number) => Math.ceil(limit / threads);
  return {
    application,
    configuration: portableConfiguration(configuration),
    generation,
    lease,
    // Together they keep as much in memory as one reader.
    limits: { ...limits, rebuildRows: share(limits.rebuildRows), rebuildBatch: share(limits.rebuildBatch) },
  };
}

const textOf = (doc: string | undefined) => (doc === undefined ? undefined : new EncodedText(doc));

/** Of a failed event, those before it are still of interest: one of them may fail as well, in another part. */
async function allOf(threads: readonly PartThread[]): Promise<readonly Checkpoint[]> {
  const failures: PartFailed[] = [];
  const parts = await Promise.all(
    threads.map((thread) =>
      thread.finished.catch((error: unknown) => {
        if (!(error instanceof PartFailed)) throw error;
        failures.push(error);
        for (const other of threads) other.stopAt(error.position);
        return undefined;
      }),
    ),
  );
  const [first] = failures.toSorted((a, b) => Number(a.position - b.position));
  if (first) throw first.cause;
  return parts.filter((part) => part !== undefined);
}

const stopped = (signal: AbortSignal) =>
  new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });

function progressOf({ name }: Generation, threads: readonly PartThread[], head: bigint): RebuildProgress {
  const events = threads.reduce((sum, thread) => sum + thread.events, 0);
  const reached = threads.map(({ position = 0n }) => position);
  return { name, events, position: reached.reduce((a, b) => (a < b ? a : b)), head };
}
