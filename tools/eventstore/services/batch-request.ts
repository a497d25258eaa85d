/** Requests of BatchAppend: the client's generated module knows one of the two ways to say how long a batch may take. */

import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { BatchAppendReq } from "@eventstore/db-client/generated/streams_pb.js";
import protobuf from "google-protobuf";
import duration from "google-protobuf/google/protobuf/duration_pb.js";

/** Part of a batch. */
export interface BatchPart {
  readonly request: BatchAppendReq;
  /** How long the batch may take, in milliseconds; not above 0 when its time has passed. */
  readonly timeoutMs: number;
  readonly byteLength: number;
}

export function decodeBatchPart(bytes: Buffer): BatchPart {
  const request = streams.BatchAppendReq.deserializeBinary(bytes);
  const deadline = request.getOptions()?.getDeadline();
  const timeoutMs = deadline
    ? milliseconds(deadline) - Date.now()
    : request.hasOptions()
      ? durationMs(bytes)
      : Infinity;
  return { request, timeoutMs, byteLength: bytes.length };
}

interface SecondsAndNanos {
  getSeconds(): number;
  getNanos(): number;
}

const milliseconds = (time: SecondsAndNanos) => time.getSeconds() * 1_000 + time.getNanos() / 1_000_000;

/** BatchAppendReq.options, and BatchAppendReq.Options.deadline of newer clients. */
const [optionsField, deadlineField] = [2, 7];

function durationMs(request: Uint8Array): number {
  const options = lastField(request, optionsField);
  const deadline = options && lastField(options, deadlineField);
  return deadline ? milliseconds(duration.Duration.deserializeBinary(deadline)) : Infinity;
}

/** The bytes of a message within a message. */
function lastField(message: Uint8Array, number: number): Uint8Array | undefined {
  const reader = new protobuf.BinaryReader(message);
  let found: Uint8Array | undefined;
  while (reader.nextField())
    if (reader.getFieldNumber() === number && reader.isDelimited()) found = reader.readBytes();
    else reader.skipField();
  return found;
}
