/** Opens the log that a configuration names. */

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import type { Clock } from "../clock.js";
import { InvalidConfiguration } from "../errors.js";
import { MemoryEventStore, openSqliteEventStore, ReadOnlyEventStore, type EventStore } from "../store/index.js";
import { defaultConfiguration, type Configuration } from "./configuration.js";
import { isPostgres } from "./read-models-address.js";
import { inMemory, isEventStoreDb } from "./store-address.js";

type Settings = Pick<Configuration, "store" | "access" | "streamPrefix" | "readModels" | "readOnly" | "packedCopy">;

/**
 * Opens the event store, and makes the folder of its file; read-only, with a store beside the read models for what is
 * not to be written into it.
 * @throws InvalidConfiguration, IncompatibleStore, StoreUnavailable, AccessDenied with every privilege that is missing
 */
export async function openStore(settings: Settings, clock?: Clock): Promise<EventStore> {
  const log = await openLog(settings, clock);
  return settings.readOnly ? readOnlyOver(log, settings, { clock }) : log;
}

/** @throws IncompatibleStore when the store beside the read models belongs to another log; then `log` is closed */
export async function readOnlyOver(
  log: EventStore,
  { readModels }: Pick<Settings, "readModels">,
  { clock, closesLog = true }: { readonly clock?: Clock | undefined; readonly closesLog?: boolean },
): Promise<EventStore> {
  const { streamPrefix } = log;
  let own: EventStore | undefined;
  try {
    own =
      readModels === inMemory
        ? new MemoryEventStore({ clock, streamPrefix })
        : await openSqliteEventStore({ file: besides(readModels, "observers"), clock, streamPrefix });
    const store = new ReadOnlyEventStore({ log, own, closesLog });
    await store.storeId();
    return store;
  } catch (error) {
    await own?.close();
    if (closesLog) await log.close();
    throw error;
  }
}

async function openLog(
  { store, access, streamPrefix, readModels, readOnly, packedCopy }: Settings,
  clock: Clock | undefined,
): Promise<EventStore> {
  if (store === inMemory) return new MemoryEventStore({ clock, streamPrefix });
  if (isEventStoreDb(store)) {
    // Loaded only where it is used: it takes a quarter of a second.
    const { openEventStoreDb } = await import("../store/eventstoredb/index.js");
    const { user, password, caFile, certFile, keyFile } = access;
    return openEventStoreDb({
      connectionString: store,
      user,
      password: password?.reveal(),
      tlsCaFile: caFile,
      userCertFile: certFile,
      userKeyFile: keyFile,
      streamPrefix,
      correlationIndexFile: readModels === inMemory ? undefined : besides(readModels, "correlations"),
      clock,
      readOnly,
    });
  }
  if (readOnly && !existsSync(store))
    throw new InvalidConfiguration([`The log ${store} is not there, and is only to be read. Name the one that is.`]);
  await mkdir(dirname(store), { recursive: true });
  return openSqliteEventStore({ file: store, clock, streamPrefix, packedCopy: packedCopy && !readOnly });
}

/**
 * `rows.sqlite` → `rows.correlations.sqlite`, `rows.observers.sqlite`, `rows.snapshots.sqlite`; where the read models are no
 * file, beside where they would be otherwise.
 */
export function besides(readModels: string, what: string): string {
  const { dir, name, ext } = parse(isPostgres(readModels) ? defaultConfiguration.readModels : readModels);
  return join(dir, `${name}.${what}${ext}`);
}
