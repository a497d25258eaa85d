/** Whether the server can do what the store needs of it. */

import type { SupportedMethods } from "@eventstore/db-client/generated/serverfeatures_pb.js";
import { IncompatibleStore } from "../../errors.js";
import { answerOf } from "./client-calls.js";
import { failureOf, Interruption } from "./failures.js";
import { hintFor } from "./no-connection.js";
import { inTime, Patience } from "./patience.js";
import type { Reading } from "./reading.js";
import { shared, streamsService } from "./stubs.js";

/**
 * `tls` says whether the connection uses it, where that is known.
 * @throws IncompatibleStore when the server is too old; StoreUnavailable, UntrustedConnection, AccessDenied
 */
export async function checkServer(reading: Reading, tls: boolean | undefined): Promise<void> {
  const { path } = streamsService.StreamsService.batchAppend;
  const supported = await supportedMethods(reading, tls);
  const methods = supported.getMethodsList();
  // Servers differ in how they spell the names.
  const has = methods.some((method) => sameText(`/${method.getServiceName()}/${method.getMethodName()}`, path));
  if (!has) throw tooOld(supported.getEventStoreServerVersion());
}

const sameText = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

const tooOld = (version: string, cause?: unknown) =>
  new IncompatibleStore(
    `EventStoreDB: the server (version ${version || "unknown"}) has no BatchAppend. EventStoreDB 22.6 or newer is needed.`,
    { cause },
  );

async function supportedMethods(
  { calls, clock, readTimeoutMs, closed, who }: Reading,
  tls: boolean | undefined,
): Promise<SupportedMethods> {
  const asked = { what: "open the event store", privilege: "connect", who };
  const patience = new Patience(asked.what, clock, readTimeoutMs);
  for (;;) {
    try {
      const connecting = calls.serverFeatures({ deadlineMs: readTimeoutMs });
      const connection = await inTime(connecting, clock, readTimeoutMs, closed);
      return await answerOf(connection, (service, args, answered) =>
        service.getSupportedMethods(new shared.Empty(), ...args, answered),
      );
    } catch (error) {
      const failure = failureOf(error, asked);
      if (failure instanceof IncompatibleStore) throw tooOld("", failure);
      await patience.failed(failure instanceof Interruption ? hinted(failure, tls) : failure, closed);
    }
  }
}

function hinted(failure: Interruption, tls: boolean | undefined): Interruption {
  const hint = hintFor(failure.message, tls);
  return hint ? new Interruption(`${failure.message.replace(/[.]$/, "")}; ${hint}`, { cause: failure.cause }) : failure;
}
