/** The messages and calls of EventStoreDB as the official client carries them, and a check that nobody has replaced them. */

import projections from "@eventstore/db-client/generated/projections_pb.js";
import projectionsService from "@eventstore/db-client/generated/projections_grpc_pb.js";
import serverFeatures from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js";
import { IncompatibleStore } from "../../errors.js";

export { projections, projectionsService, serverFeatures, shared, streams, streamsService };

/** The generated code finds its classes by way of a global variable, which a second copy of it overwrites. */
interface Generated {
  readonly proto?: {
    readonly event_store?: {
      readonly client?: { readonly UUID?: unknown; readonly streams?: { readonly ReadReq?: unknown } };
    };
  };
}

export const stubsAreIntact = (): boolean => {
  const client = (globalThis as Generated).proto?.event_store?.client;
  return client?.streams?.ReadReq === streams.ReadReq && client?.UUID === shared.UUID;
};

/** @throws IncompatibleStore when the client could neither send nor read a message correctly. */
export function checkStubs(): void {
  if (!stubsAreIntact()) throw brokenStubs();
}

export const brokenStubs = (): IncompatibleStore =>
  new IncompatibleStore(
    "EventStoreDB: another copy of its generated messages was loaded into this process (by @kurrent/kurrentdb-client, or by a second installation of @eventstore/db-client), and has overwritten those that this store uses. Load only one of them in a process; npm ls @eventstore/db-client @kurrent/kurrentdb-client shows where they come from.",
  );
