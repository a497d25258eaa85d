/** The identity of a log, which is the first event of a stream of its own. */

import { derivedId, randomId } from "../../message/index.js";
import { WrongExpectedRevision } from "../../errors.js";
import type { EventStore } from "../event-store.js";
import { isOfUsers } from "./log-filter.js";

/** What reading and writing the identity needs of a store. */
type Log = Pick<EventStore, "append" | "readStream">;

export const identityStream = (streamPrefix: string): string => `${streamPrefix}store`;

const identityType = "store.Identified";

/** The identity that is written; `undefined` while there is none. */
export async function readIdentity(log: Log, streamPrefix: string): Promise<string | undefined> {
  for await (const [event] of log.readStream(identityStream(streamPrefix), { limit: 1 })) return event!.id;
  return undefined;
}

/**
 * Writes an identity unless another process was first. Writing the one that is there changes nothing, but shows that
 * writing is allowed.
 */
export async function writeIdentity(log: Log, streamPrefix: string, storeId: string = randomId()): Promise<void> {
  try {
    await log.append(identityStream(streamPrefix), [{ id: storeId, type: identityType, data: {} }], {
      expectedRevision: "no_stream",
    });
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
  }
}

/** For a log without one that may not be written: it follows from the first event of users, and ends with that. */
export async function derivedIdentity(log: Pick<EventStore, "readLog">): Promise<string> {
  for await (const page of log.readLog()) {
    const first = page.find(({ type }) => isOfUsers(type));
    if (first) return derivedId("log", first.id, String(first.position));
  }
  return derivedId("log", "empty");
}
