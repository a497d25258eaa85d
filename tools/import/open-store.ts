/** Opens the event store to import into, by the same address as the application's. */

import { configurationFrom, defaultConfiguration } from "../../src/application/configuration.js";
import { InvalidConfiguration } from "../../src/errors.js";
import { openSqliteEventStore, type EventStore } from "../../src/store/index.js";

export const defaultStore = defaultConfiguration.store;

/** @throws InvalidConfiguration, and what opening the store throws. */
export async function openStore(address: string): Promise<EventStore> {
  const { store: file } = configurationFrom({ ROLLCALL_STORE: address });
  if (file === "memory:")
    throw new InvalidConfiguration([
      `The store is ${address}, expected the path of a SQLite file, such as ${defaultStore}. What is imported into memory is gone at the end; --dry-run checks a file without a store.`,
    ]);
  return openSqliteEventStore({ file });
}
