/** Finds out at the start what the user may not do, rather than in the middle of the work. */

import { AccessDenied, StreamDeleted, WrongExpectedRevision } from "../../errors.js";
import { randomId } from "../../message/index.js";
import type { EventStore } from "../event-store.js";
import { identityStream, readIdentity, writeIdentity } from "./identity.js";

type Log = Pick<EventStore, "append" | "readStream" | "head">;

/**
 * Tries out what every use of the store needs; writes the identity of the log when it is not there.
 * @throws AccessDenied with everything that this user may not do.
 */
export async function checkPrivileges(log: Log, streamPrefix: string): Promise<void> {
  let storeId: string | undefined;
  // As the subscriptions name it, of which a store knows nothing.
  const clockStream = `${streamPrefix}clock`;
  await tryAll([
    () => log.head(),
    async () => {
      storeId = await readIdentity(log, streamPrefix);
    },
    () => writeIdentity(log, streamPrefix, storeId),
    () => tryToRead(log, clockStream),
    () => tryToAppend(log, clockStream),
  ]);
}

/** The same for who reads alone. @throws AccessDenied with everything that this user may not do. */
export const checkReadingPrivileges = (log: Log, streamPrefix: string): Promise<void> =>
  tryAll([() => log.head(), () => tryToRead(log, identityStream(streamPrefix))]);

/** Something that the user must be allowed to do, tried out. */
type Trial = () => Promise<unknown>;

/** @throws AccessDenied with everything that was denied, and whatever else a trial throws. */
async function tryAll(trials: readonly Trial[]): Promise<void> {
  const denied: AccessDenied[] = [];
  for (const trial of trials) {
    try {
      await trial();
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      denied.push(error);
    }
  }
  const [first] = denied;
  if (!first) return;
  throw new AccessDenied(first.who, [...new Set(denied.flatMap((error) => error.denied))], { cause: first });
}

async function tryToRead(log: Log, streamName: string): Promise<void> {
  try {
    for await (const _ of log.readStream(streamName, { direction: "backwards", limit: 1 })) return;
  } catch (error) {
    if (!(error instanceof StreamDeleted)) throw error; // which says nothing of privileges
  }
}

/** No stream gets there: so the server refuses, but only after it has looked who asks. */
const unreachedRevision = 2n ** 63n - 2n;

async function tryToAppend(log: Log, streamName: string): Promise<void> {
  try {
    await log.append(streamName, [{ id: randomId(), type: "store.Tried", data: {} }], {
      expectedRevision: unreachedRevision,
    });
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision || error instanceof StreamDeleted)) throw error;
  }
}
