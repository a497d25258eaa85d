/** Whether the server can do what the store needs of it. */

import type { SupportedMethods } from "@eventstore/db-client/generated/serverfeatures_pb.js";
import { IncompatibleStore } from "../../errors.js";
import { answerOf } from "./client-calls.js";
import { failureOf } from "./failures.js";
import { inTime, Patience } from "./patience.js";
import type { Reading } from "./reading.js";
import { shared, streamsService } from "./stubs.js";

/** @throws IncompatibleStore when the server is too old; StoreUnavailable, AccessDenied */
export async function checkServer(reading: Reading): Promise<void> {
  const { path } = streamsService.StreamsService.batchAppend;
  const supported = await supportedMethods(reading);
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

async function supportedMethods({ calls, clock, readTimeoutMs, closed, who }: Reading): Promise<SupportedMethods> {
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
      await patience.failed(failure, closed);
    }
  }
}
