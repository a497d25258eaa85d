/** Why a batch was not written: a google.rpc.Status, whose details clients match on by their type. */

import shared from "@eventstore/db-client/generated/shared_pb.js";
import rpc from "@eventstore/db-client/generated/status_pb.js";
import type { Status } from "@eventstore/db-client/generated/status_pb.js";
import { status } from "@grpc/grpc-js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import protobufEmpty from "google-protobuf/google/protobuf/empty_pb.js";
import type { ExpectedRevision } from "../../../src/store/index.js";
import { streamIdentifier } from "./identifiers.js";
import { asStatus } from "./status.js";

function failure(code: status, message: string, type: string, details: { serializeBinary(): Uint8Array }): Status {
  const packed = new any.Any();
  packed.pack(details.serializeBinary(), `event_store.client.${type}`);
  // The codes of google.rpc are those of gRPC.
  return new rpc.Status()
    .setCode(code as never)
    .setMessage(message)
    .setDetails(packed);
}

export function wrongExpectedVersion(expected: ExpectedRevision, current: bigint | undefined): Status {
  const details = new shared.WrongExpectedVersion();
  if (current === undefined) details.setCurrentNoStream(new protobufEmpty.Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === "any") details.setExpectedAny(new protobufEmpty.Empty());
  else if (expected === "no_stream") details.setExpectedNoStream(new protobufEmpty.Empty());
  else if (expected === "stream_exists") details.setExpectedStreamExists(new protobufEmpty.Empty());
  else details.setExpectedStreamPosition(String(expected));
  const message = `Expected version ${expected}, found ${current ?? "no_stream"}.`;
  return failure(status.ALREADY_EXISTS, message, "WrongExpectedVersion", details);
}

export function streamDeleted(streamName: string): Status {
  const details = new shared.StreamDeleted().setStreamIdentifier(streamIdentifier(streamName));
  return failure(status.NOT_FOUND, `Event stream '${streamName}' is deleted.`, "StreamDeleted", details);
}

export const timeout = () =>
  failure(status.DEADLINE_EXCEEDED, "The batch was not written in time.", "Timeout", new shared.Timeout());

/** What was wrong with the request, as a call of its own would have answered it. */
export function refusal(error: unknown, maxAppendBytes: number): Status {
  const { code, details, metadata } = asStatus(error);
  const [exception] = metadata.get("exception");
  if (exception === "access-denied") return failure(code, details, "AccessDenied", new shared.AccessDenied());
  if (exception === "maximum-append-size-exceeded")
    return failure(
      code,
      details,
      "MaximumAppendSizeExceeded",
      new shared.MaximumAppendSizeExceeded().setMaxappendsize(maxAppendBytes),
    );
  if (code === status.INVALID_ARGUMENT)
    return failure(code, details, "BadRequest", new shared.BadRequest().setMessage(details));
  return failure(status.UNKNOWN, details, "Unknown", new shared.Unknown());
}
