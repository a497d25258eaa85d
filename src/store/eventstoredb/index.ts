/** The event store over EventStoreDB or KurrentDB. Loading it takes a quarter of a second: so it has an entry of its own. */

import { InvalidConfiguration } from "../../errors.js";
import { connectionOf, type ConnectionOptions } from "./connection.js";
import { EventStoreDbEventStore, type EventStoreDbSettings } from "./event-store-db.js";

export type { DeleteStreamOptions } from "./delete-stream.js";
export { EventStoreDbEventStore, type ConnectionOptions, type EventStoreDbSettings };

export type EventStoreDbOptions = ConnectionOptions & EventStoreDbSettings;

/**
 * Connects to an EventStoreDB, and finds out whether it can be used.
 * @throws InvalidConfiguration with every problem of the options.
 * @throws IncompatibleStore when client or server are not ones that this version works with.
 * @throws AccessDenied with every privilege that the user lacks; StoreUnavailable when the server cannot be reached.
 * @throws UntrustedConnection when client and server do not agree on TLS.
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDbEventStore> {
  const durations = ["appendDeadlineMs", "readTimeoutMs"] as const;
  const problems = durations.flatMap((name) => {
    const value = options[name];
    return value === undefined || value > 0 ? [] : [`${name} is ${value}, expected a number of milliseconds above 0.`];
  });
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  const store = new EventStoreDbEventStore(connectionOf(options), options);
  try {
    await store.check();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}
