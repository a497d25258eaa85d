/** What every embedded store does before it writes: checks and encodes events, and decides what an append means. */

import { InvalidAppend, WrongExpectedRevision } from "../errors.js";
import { envelopeFields, parseMetadata, type EnvelopeFields, type EventMetadata } from "../message/event-metadata.js";
import { jsonContentType } from "../message/recorded-event.js";
import type { EventData, ExpectedRevision } from "./event-store.js";

/** An event as it is stored. Text is JSON that parses; anything else is bytes, copied from the writer's. */
export interface EncodedEvent extends EnvelopeFields {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: string | Uint8Array;
  readonly metadata: string | Uint8Array | undefined;
}

/** Most bytes of data and metadata in one append, unless a store says otherwise. */
export const defaultMaxAppendBytes = 16 * 1024 * 1024;

/**
 * Events ready to be stored.
 * @throws InvalidAppend when they could be appended in no state of the stream.
 */
export function encodeAppend(
  streamName: string,
  events: readonly EventData[],
  expected: ExpectedRevision,
  maxBytes = defaultMaxAppendBytes,
): EncodedEvent[] {
  const invalid = (reason: string) => new InvalidAppend(isName(streamName) ? streamName : "(stream)", reason);
  if (!isName(streamName))
    throw invalid("a stream name is a string of at least one character, in well-formed Unicode.");
  if (typeof expected === "bigint" && expected < 0n)
    throw invalid(`expected revision ${expected} cannot be. Use "no_stream" for a stream that is not there.`);
  if (events.length === 0) throw invalid("there is no event to append.");
  const ids = new Set<string>();
  let bytes = 0;
  const encoded = events.map((event) => {
    if (!isName(event.id)) throw invalid("an event has no id. Give each a UUID.");
    if (events.length > 1 && ids.has(event.id))
      throw invalid(`event id ${event.id} occurs twice. Give each event its own.`);
    if (events.length > 1) ids.add(event.id);
    if (!isName(event.type)) throw invalid(`event ${event.id} has no type name in well-formed Unicode.`);
    const one = encode(event, (reason) => invalid(`event ${event.id} (${event.type}): ${reason}`));
    bytes += sizeOf(one.data) + sizeOf(one.metadata);
    return one;
  });
  if (bytes > maxBytes)
    throw invalid(`${bytes} bytes are too many for one append, at most ${maxBytes} fit. Append less.`);
  return encoded;
}

// Half a surrogate pair cannot be written as UTF-8: two such names would become one.
const isName = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && (value as WellFormed).isWellFormed();

/** ES2024, and in Node 20. */
type WellFormed = string & { isWellFormed(): boolean };

const sizeOf = (content: string | Uint8Array | undefined): number =>
  typeof content === "string" ? Buffer.byteLength(content) : (content?.length ?? 0);

function encode(event: EventData, invalid: (reason: string) => InvalidAppend): EncodedEvent {
  const { contentType = jsonContentType } = event;
  if (contentType !== jsonContentType && !isName(contentType))
    throw invalid("its content type is empty. Leave it out for JSON.");
  const metadata = encodeMetadata(event.metadata, invalid);
  const stated = envelopeFields(isPlain(event.metadata) ? event.metadata : parseMetadata(metadata));
  return {
    id: event.id,
    type: event.type,
    contentType,
    data: encodeData(event.data, contentType, invalid),
    metadata,
    correlationId: isName(stated.correlationId) ? stated.correlationId : undefined,
    schemaVersion: stated.schemaVersion,
    occurredAtMs: stated.occurredAtMs,
    imported: stated.imported,
  };
}

/** True when what is stored says the same as the object: nothing that we read of it changes by way of JSON. */
function isPlain(metadata: EventData["metadata"]): metadata is EventMetadata {
  if (metadata === undefined || metadata instanceof Uint8Array || "toJSON" in metadata) return false;
  const { $correlationId, schemaVersion, occurredAt, imported } = metadata as Record<string, unknown>;
  return (
    typeof $correlationId !== "object" &&
    typeof schemaVersion !== "object" &&
    typeof occurredAt !== "object" &&
    typeof imported !== "object"
  );
}

function encodeData(data: unknown, contentType: string, invalid: (reason: string) => InvalidAppend) {
  if (data instanceof Uint8Array) return contentType === jsonContentType ? jsonText(data) : new Uint8Array(data);
  if (contentType !== jsonContentType) throw invalid(`data of content type ${contentType} must be a Uint8Array.`);
  return stringify(data, "data", invalid);
}

function encodeMetadata(metadata: unknown, invalid: (reason: string) => InvalidAppend) {
  if (metadata === undefined) return undefined;
  // Absent and empty are the same in EventStoreDB, so they are everywhere.
  if (metadata instanceof Uint8Array) return metadata.length === 0 ? undefined : new Uint8Array(metadata);
  const text = stringify(metadata, "metadata", invalid);
  if (!text.startsWith("{")) throw invalid("metadata must be a JSON object or a Uint8Array.");
  return text;
}

function stringify(value: unknown, what: string, invalid: (reason: string) => InvalidAppend): string {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    throw invalid(`${what} of bytes must be a Uint8Array.`);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw invalid(`${what} cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (text === undefined) throw invalid(`${what} cannot be written as JSON: it is ${typeof value}.`);
  return text;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The same bytes as text when they are JSON, else a copy of them. */
function jsonText(bytes: Uint8Array): string | Uint8Array {
  try {
    const text = strictUtf8.decode(bytes);
    JSON.parse(text);
    return text;
  } catch {
    return new Uint8Array(bytes);
  }
}

/** What an append needs to know of its stream; asked only while nobody else can write. */
export interface StreamState {
  /** -1 when there is no stream. */
  readonly lastRevision: number;
  /** Ids of the events from `revision` on, at most `count`. */
  idsFrom(revision: number, count: number): readonly string[];
  /** Highest revision that an event with this id has. */
  revisionOf(id: string): number | undefined;
}

/** `write` after `lastRevision`, or nothing, since the events are there and end at `duplicateAt`. */
export type Decision = { readonly write: true } | { readonly write: false; readonly duplicateAt: number };

/**
 * What an append means for a stream in this state.
 * @throws WrongExpectedRevision
 */
export function decideAppend(
  streamName: string,
  expected: ExpectedRevision,
  events: readonly EncodedEvent[],
  stream: StreamState,
): Decision {
  const { lastRevision } = stream;
  const refused = () =>
    new WrongExpectedRevision(streamName, expected, lastRevision < 0 ? "no_stream" : BigInt(lastRevision));
  if (expected === "any" || expected === "stream_exists") {
    if (lastRevision < 0 && expected === "stream_exists") throw refused();
    // As EventStoreDB decides it: all of them are there, in whatever order, or the first of them is not.
    if (lastRevision < 0 || stream.revisionOf(events[0]!.id) === undefined) return { write: true };
    const known = events.map(({ id }) => stream.revisionOf(id));
    if (known.includes(undefined)) throw refused();
    return { write: false, duplicateAt: known.at(-1)! };
  }
  const after = expected === "no_stream" ? -1 : Number(expected);
  if (after > lastRevision) throw refused();
  if (after === lastRevision) return { write: true };
  const found = stream.idsFrom(after + 1, events.length);
  if (found.length !== events.length || found.some((id, i) => id !== events[i]!.id)) throw refused();
  return { write: false, duplicateAt: after + events.length };
}
