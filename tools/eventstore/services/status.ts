/** Errors as the protocol says them: a status, a sentence, and trailers whose "exception" names the kind. */

import { Metadata, status } from "@grpc/grpc-js";
import { RollcallError } from "../../../src/errors.js";
import type { ExpectedRevision } from "../../../src/store/index.js";

/** Ends a call with a status other than OK. */
export class RpcError extends Error {
  readonly metadata = new Metadata();

  constructor(
    readonly code: status,
    readonly details: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(details);
    this.name = "RpcError";
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, inHeader(value));
  }
}

/** HTTP/2 headers carry printable ASCII only, stream names anything. */
function inHeader(value: string): string {
  return value.replace(/[^ -~]+/gu, (other) => encodeURIComponent(wellFormed(other)));
}

/** Half a surrogate pair would fail to be percent-encoded. */
const wellFormed = (text: string) => Buffer.from(text).toString();

/** What became of a call whose handler threw. */
export function asStatus(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const message = wellFormed(error instanceof Error ? error.message : String(error));
  const code = error instanceof RollcallError ? (statusOf[error.code] ?? status.UNKNOWN) : status.UNKNOWN;
  return new RpcError(code, message);
}

const statusOf: Readonly<Record<string, status>> = {
  STORE_UNAVAILABLE: status.UNAVAILABLE,
  STORE_CLOSED: status.UNAVAILABLE,
  INVALID_APPEND: status.INVALID_ARGUMENT,
};

export const invalidArgument = (sentence: string) => new RpcError(status.INVALID_ARGUMENT, sentence);

export const unavailable = (cause: unknown) => new RpcError(status.UNAVAILABLE, asStatus(cause).details);

export const accessDenied = (sentence: string) =>
  new RpcError(status.PERMISSION_DENIED, sentence, { exception: "access-denied" });

export const streamDeleted = (streamName: string) =>
  new RpcError(status.FAILED_PRECONDITION, `Event stream '${streamName}' is deleted.`, {
    exception: "stream-deleted",
    "stream-name": streamName,
  });

export const wrongExpectedVersion = (streamName: string, expected: ExpectedRevision, actual: bigint | undefined) =>
  new RpcError(
    status.FAILED_PRECONDITION,
    `${streamName}: expected version ${expected}, found ${actual ?? "no_stream"}.`,
    {
      exception: "wrong-expected-version",
      "stream-name": streamName,
      "expected-version": String(versionOf(expected)),
      // Clients take an empty value for "no stream".
      "actual-version": String(actual ?? ""),
    },
  );

/** Clients parse it as a number. */
function versionOf(expected: ExpectedRevision): bigint {
  return typeof expected === "bigint" ? expected : { no_stream: -1n, any: -2n, stream_exists: -4n }[expected];
}

export const maximumAppendSizeExceeded = (maxAppendSize: number) =>
  new RpcError(status.INVALID_ARGUMENT, `Maximum append size of ${maxAppendSize} bytes exceeded.`, {
    exception: "maximum-append-size-exceeded",
    "maximum-append-size": String(maxAppendSize),
  });

export const missingMetadataProperty = (missing: string) =>
  new RpcError(status.INVALID_ARGUMENT, `Required metadata property '${missing}' is missing.`, {
    exception: "missing-required-metadata-property",
    "required-metadata-properties": "type,content-type",
  });
