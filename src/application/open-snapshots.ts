/** Opens the snapshots beside the read models; an application that cannot goes on without. */

import { MemorySnapshotStore, openSqliteSnapshotStore, type SnapshotStore } from "../aggregate/index.js";
import { hasSnapshots } from "../aggregate/snapshot-declaration.js";
import { warn } from "../aggregate/snapshots.js";
import { SnapshotFailed } from "../errors.js";
import type { Model } from "../model/index.js";
import { tell } from "../subscription/index.js";
import type { Configuration } from "./configuration.js";
import { besides } from "./open-store.js";
import { inMemory } from "./store-address.js";

/**
 * `undefined` where no aggregate declares snapshots, nothing is written, or the file cannot be used, of which `onError` is
 * told: a cache is never worth a process that does not start.
 */
export async function openSnapshots(
  { aggregates }: Pick<Model, "aggregates">,
  { readModels, readOnly }: Pick<Configuration, "readModels" | "readOnly">,
  onError: (error: unknown) => void = warn,
): Promise<SnapshotStore | undefined> {
  if (readOnly || !aggregates.some(hasSnapshots)) return undefined;
  if (readModels === inMemory) return new MemorySnapshotStore();
  try {
    return await openSqliteSnapshotStore(besides(readModels, "snapshots"));
  } catch (error) {
    const reason = (error as Error).message;
    const failed = new SnapshotFailed(
      `Snapshots of aggregates could not be opened: ${reason} Commands go on and read every event, until this process starts again.`,
      { cause: error },
    );
    tell(onError, failed);
    return undefined;
  }
}
