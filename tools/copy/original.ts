/** What a copy adds to an event, and what the event was before: both from the event alone. */

import type { EventMetadata, RecordedEvent } from "../../src/message/index.js";
import type { EventData } from "../../src/store/index.js";

/** Under `copied` in the metadata of a copied event. A copy of a copy keeps the first one's. */
export interface CopyMark {
  /** When the log that it came from recorded it. ISO 8601. */
  readonly recordedAt: string;
  /** What the copy added besides: the time of recording as business time, where the writer stated none. */
  readonly added?: readonly ["occurredAt"];
}

export interface EventCopy {
  readonly event: EventData;
  /** False when its business time is that of the copy: the metadata has no place for another. */
  readonly timeKept: boolean;
}

/** The event as it is appended to another log. */
export function copyOf(recorded: RecordedEvent): EventCopy {
  const { id, type, contentType, data, occurredAtMs } = recorded;
  const event = { id, type, contentType, data };
  const { value, bytes } = metadataOf(recorded);
  if (!isObject(value))
    return { event: { ...event, metadata: bytes ?? Buffer.from(JSON.stringify(value)) }, timeKept: false };
  if ("copied" in value) return { event: { ...event, metadata: value }, timeKept: occurredAtMs !== undefined };
  const recordedAt = new Date(recorded.recordedAtMs).toISOString();
  const isStated = "occurredAt" in value;
  const copied: CopyMark = isStated ? { recordedAt } : { recordedAt, added: ["occurredAt"] };
  return {
    event: { ...event, metadata: { ...value, ...(!isStated && { occurredAt: recordedAt }), copied } },
    timeKept: !isStated || occurredAtMs !== undefined,
  };
}

/** Names of the parts of an event that a comparison tells apart. */
export const partNames = ["stream", "revision", "id", "type", "content type", "data", "metadata", "time"] as const;

/**
 * What the event was before it was copied, as texts that are equal if and only if it is the same: for an event and each
 * copy of it, from whichever store. `revision`: where it is, or goes, in the copy.
 */
export function originalParts(recorded: RecordedEvent, revision: bigint): readonly string[] {
  const { streamName, id, type, contentType, data } = recorded;
  const dataText = data instanceof Uint8Array ? bytesText(data) : jsonText(data);
  return [streamName, `${revision}`, id, type, contentType, dataText, ...metadataParts(recorded)];
}

function metadataParts(recorded: RecordedEvent): [metadata: string, time: string] {
  const { value, bytes } = metadataOf(recorded);
  if (!isObject(value)) return [value === undefined ? bytesText(bytes!) : jsonText(value), ""];
  const mark = markOf(value);
  if (!mark) return [jsonText(value), "copied" in value ? "" : new Date(recorded.recordedAtMs).toISOString()];
  const { copied: _, ...rest } = value;
  const { occurredAt: __, ...stated } = rest;
  return [jsonText(mark.added ? stated : rest), mark.recordedAt];
}

/** The mark of an earlier copy; `undefined` for what others call by the same name. */
function markOf({ copied, occurredAt }: EventMetadata): CopyMark | undefined {
  if (!isObject(copied)) return undefined;
  const { recordedAt, added, ...others } = copied;
  if (typeof recordedAt !== "string" || Object.keys(others).length > 0) return undefined;
  if (added === undefined) return { recordedAt };
  const isOurs = Array.isArray(added) && added.length === 1 && added[0] === "occurredAt" && occurredAt === recordedAt;
  return isOurs ? { recordedAt, added: ["occurredAt"] } : undefined;
}

/** The JSON value, whatever the store kept it as, an empty object where there is none; bytes where they are stored. */
function metadataOf({ rawMetadata: raw }: RecordedEvent): { value: unknown; bytes?: Uint8Array } {
  if (raw === undefined) return { value: {} };
  if (typeof raw === "string") return { value: JSON.parse(raw) };
  if (!(raw instanceof Uint8Array)) return { value: raw };
  try {
    return { value: JSON.parse(strictUtf8.decode(raw)), bytes: raw };
  } catch {
    return { value: undefined, bytes: raw };
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const isObject = (value: unknown): value is EventMetadata =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Not sorted: what was parsed and written once keeps the order of its keys from then on.
const jsonText = (value: unknown): string => `json ${JSON.stringify(value)}`;

const bytesText = (bytes: Uint8Array): string =>
  `bytes ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`;

/** How much the event adds to an append: bytes of binary content, characters of JSON. */
export const sizeOf = ({ data, metadata = {} }: EventData): number => sizeOfContent(data) + sizeOfContent(metadata);

const sizeOfContent = (content: unknown): number =>
  content instanceof Uint8Array ? content.length : JSON.stringify(content).length;
