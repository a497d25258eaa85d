/** Opens the log that a configuration names. */

import { mkdir } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import type { Clock } from "../clock.js";
import { MemoryEventStore, openSqliteEventStore, type EventStore } from "../store/index.js";
import type { Configuration } from "./configuration.js";
import { inMemory, isEventStoreDb } from "./store-address.js";

/**
 * Opens the event store, and makes the folder of its file.
 * @throws InvalidConfiguration, IncompatibleStore, StoreUnavailable, AccessDenied with every privilege that is missing
 */
export async function openStore(
  { store, access, streamPrefix, readModels }: Pick<Configuration, "store" | "access" | "streamPrefix" | "readModels">,
  clock?: Clock,
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
      correlationIndexFile: readModels === inMemory ? undefined : besides(readModels),
      clock,
    });
  }
  await mkdir(dirname(store), { recursive: true });
  return openSqliteEventStore({ file: store, clock, streamPrefix });
}

/** `rows.sqlite` → `rows.correlations.sqlite`: like the rows, the index can be made anew from the log. */
function besides(readModels: string): string {
  const { dir, name, ext } = parse(readModels);
  return join(dir, `${name}.correlations${ext}`);
}
