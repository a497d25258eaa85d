/** Events as the server sends them, turned into ours; bears with whatever foreign writers have stored. */

import { isUtf8 } from "node:buffer";
import { IncompatibleStore } from "../../errors.js";
import { contentsOf, envelopeFields, jsonContentType, RecordedEvent, readMetadata } from "../../message/index.js";
import type { streams } from "./stubs.js";

type ReadEvent = streams.ReadResp.ReadEvent;
type Recorded = streams.ReadResp.ReadEvent.RecordedEvent;

/** A place as a number where that is exact. */
export type Place = number | bigint;

export function placeOf(decimal: string): Place {
  const number = Number(decimal);
  return Number.isSafeInteger(number) ? number : BigInt(decimal);
}

/** What servers before 22.6 state for the position of an event of a stream. */
const unknownPosition = "18446744073709551615";

/** Whether the position is one; some answers of a server leave it out. */
export const isPosition = (decimal: string): boolean => decimal !== "" && decimal !== unknownPosition;

/** The event, resolved where the read asked for that; `undefined` for a link to what is there no more. */
export const eventOf = (read: ReadEvent): RecordedEvent | undefined => {
  const recorded = read.getEvent();
  return recorded && recordedEvent(recorded);
};

/** Where the read stands once it has delivered this. */
export const revisionOf = (read: ReadEvent): bigint => BigInt((read.getLink() ?? read.getEvent())!.getStreamRevision());

export const streamNameOf = (recorded: Recorded): string => utf8(recorded.getStreamIdentifier()!.getStreamName_asU8());

export const typeOf = (recorded: Recorded): string => recorded.getMetadataMap().get("type") ?? "";

/** How many bytes the writer's part of an event takes. */
export const sizeOf = (read: ReadEvent): number => sizeOfOne(read.getEvent()) + sizeOfOne(read.getLink());

/**
 * A transaction of several writes gives all its events one commit position: what goes by those would lose some.
 * @throws IncompatibleStore
 */
export function checkOwnPosition(recorded: Recorded): void {
  const [commit, prepare] = [recorded.getCommitPosition(), recorded.getPreparePosition()];
  if (commit === prepare || !isPosition(commit) || !isPosition(prepare)) return;
  throw new IncompatibleStore(
    `${streamNameOf(recorded)}: revision ${recorded.getStreamRevision()} has no position of its own (it was prepared at ${prepare} and committed at ${commit}), as events of explicit transactions of the old TCP protocol have none. Rollcall cannot read these. Copy the log into one without transactions, or leave its stream out of what is read.`,
  );
}

/** @throws IncompatibleStore when the server does not say where the event is, or it shares its place with others. */
export function recordedEvent(recorded: Recorded): RecordedEvent {
  const properties = recorded.getMetadataMap();
  const streamName = streamNameOf(recorded);
  const position = recorded.getCommitPosition();
  if (!isPosition(position))
    throw new IncompatibleStore(
      `${streamName}: the server does not state positions in reads of a stream. EventStoreDB 22.6 or newer is needed.`,
    );
  checkOwnPosition(recorded);
  const contentType = properties.get("content-type") ?? "application/octet-stream";
  const stored = recorded.getCustomMetadata_asU8();
  const json = jsonOf(stored);
  const metadata = readMetadata(json);
  const fields = envelopeFields(metadata);
  return new RecordedEvent(
    recorded.getId()!.getString(),
    streamName,
    typeOf(recorded),
    placeOf(recorded.getStreamRevision()),
    placeOf(position),
    millisecondsOf(properties.get("created")),
    fields.schemaVersion,
    fields.correlationId,
    fields.occurredAtMs,
    fields.imported,
    contentType,
    contentsOf(
      dataOf(recorded, contentType),
      // What was parsed serves every later question; anything else is given out as it is stored.
      stored.length === 0 ? undefined : metadata === json ? () => metadata : () => new Uint8Array(stored),
    ),
  );
}

function dataOf(recorded: Recorded, contentType: string): unknown {
  const stored = recorded.getData_asU8();
  const json = contentType === jsonContentType ? jsonOf(stored) : undefined;
  // A copy: what is stored is a window on the whole message.
  return json === undefined ? new Uint8Array(stored) : json;
}

/** The JSON value, or `undefined` for bytes that are none: unlike a string, it is no JSON. */
function jsonOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0 || !isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(utf8(bytes));
  } catch {
    return undefined;
  }
}

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");

/** From ticks of 100 ns since the UNIX epoch, which go beyond what a number holds exactly. */
function millisecondsOf(ticks: string | undefined): number {
  const milliseconds = ticks && /^-?\d+$/.test(ticks) ? Number(BigInt(ticks) / 10_000n) : 0;
  return Number.isSafeInteger(milliseconds) ? milliseconds : 0;
}

const sizeOfOne = (recorded: Recorded | undefined): number =>
  recorded ? recorded.getData_asU8().length + recorded.getCustomMetadata_asU8().length : 0;
