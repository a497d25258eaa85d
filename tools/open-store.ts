/** Opens the event store that a command is to work on: the address as in ROLLCALL_STORE, the rest from the environment. */

import { storeAddress } from "../src/application/store-address.js";
import {
  configurationFrom,
  defaultConfiguration,
  InvalidConfiguration,
  openStore,
  type EventStore,
} from "../src/index.js";

export { isEventStoreDb } from "../src/application/store-address.js";

export const defaultStore = defaultConfiguration.store;

/** The address without the credentials that it may hold. */
export const storeInWords = (address: string): string => storeAddress(address).place;

/** @throws InvalidConfiguration, and what opening the store throws. */
export async function openStoreAt(address: string): Promise<EventStore> {
  const configuration = configurationFrom({ ...process.env, ROLLCALL_STORE: address });
  if (configuration.store === "memory:")
    throw new InvalidConfiguration([
      `The store is ${address}, expected the path of a SQLite file, such as ${defaultStore}, or a connection to EventStoreDB. What is written to memory is gone at the end.`,
    ]);
  return openStore(configuration);
}
