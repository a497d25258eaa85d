/** Opens the event store that a command is to work on: the address as in ROLLCALL_STORE, the rest from the environment. */

import { storeAddress } from "../src/application/store-address.js";
import {
  configurationFrom,
  defaultConfiguration,
  InvalidConfiguration,
  openStore,
  type EventStore,
} from "../src/index.js";

import { connecting } from "./command-line.js";

export { isEventStoreDb } from "../src/application/store-address.js";

export const defaultStore = defaultConfiguration.store;

/** The address without the credentials that it may hold. */
export const storeInWords = (address: string): string => storeAddress(address).place;

export interface OpeningOptions {
  /** Where the user stated the address, for what is wrong with it: `FROM`, `--store`. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly json?: boolean | undefined;
}

/** @throws InvalidConfiguration, the signal's reason, and what opening the store throws. */
export async function openStoreAt(address: string, { name, signal, json }: OpeningOptions): Promise<EventStore> {
  const configuration = configurationFrom({ ...process.env, ROLLCALL_STORE: address }, name);
  if (configuration.store === "memory:")
    throw new InvalidConfiguration([
      `${name} is ${address}, expected the path of a SQLite file, such as ${defaultStore}, or a connection to EventStoreDB. What is written to memory is gone at the end.`,
    ]);
  const opening = openStore(configuration).catch((error: unknown) => {
    if (!(error instanceof InvalidConfiguration)) throw error;
    throw new InvalidConfiguration(error.problems.map((problem) => `${name}: ${problem}`));
  });
  return connecting(configuration.store, opening, { signal, json, leave: (store) => store.close() });
}
