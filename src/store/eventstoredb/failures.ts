/** What a failed call means: whether trying again may help, and else the error of ours that says it. */

import { status, type Metadata, type ServiceError } from "@grpc/grpc-js";
import {
  AccessDenied,
  IncompatibleStore,
  InvalidAppend,
  RollcallError,
  StreamDeleted,
  UnexpectedAnswer,
  WrongExpectedRevision,
} from "../../errors.js";
import type { ExpectedRevision } from "../event-store.js";
import { reasonOf, untrusted } from "./no-connection.js";
import { brokenStubs, stubsAreIntact } from "./stubs.js";

/** What was asked, so that an error can say it. */
export interface Asked {
  /** For example `append to order-7`. */
  readonly what: string;
  /** What the user must be allowed to, for example `append to order-7`. */
  readonly privilege: string;
  /** Who asks, in words. */
  readonly who: string;
  readonly streamName?: string;
  readonly expected?: ExpectedRevision;
}

/** Something that went wrong on the way, or that passes: to be tried again. */
export class Interruption extends Error {}

/** Codes of what a broken connection, a server that starts, stops or elects a leader, or a proxy in between answers. */
const passing: readonly number[] = [
  status.UNAVAILABLE,
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.RESOURCE_EXHAUSTED,
];

/** The same in words, where the code is one for everything. */
const passingWords =
  /RST_STREAM|No leader info|Channel has been shut down|Failed to discover|write after end|Server Is (Not Ready|.*Busy)/i;

/** What a call's failure means: an `Interruption`, or an error for the caller. */
export function failureOf(error: unknown, asked: Asked): Interruption | RollcallError {
  if (error instanceof RollcallError || error instanceof Interruption) return error;
  if (!stubsAreIntact()) return brokenStubs();
  const { code, details, metadata } = error as Partial<ServiceError>;
  const words = details || (error instanceof Error ? error.message : String(error));
  const trailer = (key: string) => textOf(metadata, key);
  switch (trailer("exception") ?? "") {
    case "not-leader":
      return new Interruption(words, { cause: error });
    case "stream-deleted":
      return new StreamDeleted(asked.streamName ?? trailer("stream-name") ?? "(stream)");
    case "wrong-expected-version":
      return new WrongExpectedRevision(
        asked.streamName ?? "(stream)",
        asked.expected ?? "any",
        revisionOf(trailer("actual-version")),
      );
    case "maximum-append-size-exceeded":
      return tooLarge(asked.streamName ?? "(stream)", trailer("maximum-append-size"));
    default:
  }
  if (code === status.UNAUTHENTICATED)
    return new AccessDenied(asked.who, [`${asked.privilege}: it does not know the name, or not with this password`], {
      cause: error,
    });
  if (code === status.PERMISSION_DENIED) return new AccessDenied(asked.who, [asked.privilege], { cause: error });
  if (code === status.UNIMPLEMENTED)
    return new IncompatibleStore(
      `${asked.what}: the server does not know how (${words}). EventStoreDB 22.6 or newer is needed.`,
      { cause: error },
    );
  const lasting = untrusted(code, words, asked.what);
  if (lasting) return lasting;
  if (code === undefined || passing.includes(code) || passingWords.test(words))
    return new Interruption(reasonOf(words), { cause: error });
  return new UnexpectedAnswer(`${asked.what}: the server answered ${status[code] ?? code}: ${words}`, { cause: error });
}

export const tooLarge = (streamName: string, limit: string | number | undefined): InvalidAppend =>
  new InvalidAppend(
    streamName,
    `the append is larger than the server takes${limit ? `, which is ${limit} bytes` : ""}. Append less, or raise MaxAppendSize there.`,
  );

function textOf(metadata: Metadata | undefined, key: string): string | undefined {
  const [value] = metadata?.get(key) ?? [];
  return value === undefined ? undefined : value.toString();
}

const revisionOf = (text: string | undefined): bigint | "no_stream" =>
  text && /^\d+$/.test(text) ? BigInt(text) : "no_stream";
