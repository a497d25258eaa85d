/** What the metadata of an event says. `$correlationId` and `$causationId` are EventStoreDB's own names. */

export interface EventMetadata {
  /** Shared by everything that belongs to one business process. */
  readonly $correlationId?: string;
  /** Id of the event that led directly to this one; of the command, where no event did. */
  readonly $causationId?: string;
  /** Id of the command that this event was decided for. */
  readonly commandId?: string;
  /** Digest of that command's type and fields: tells a retry from another command with the same id. */
  readonly commandDigest?: string;
  /** Version of the shape of the data; absent means 1. */
  readonly schemaVersion?: number;
  /** When it happened in the business, if that is not when it was recorded. ISO 8601. */
  readonly occurredAt?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** Set on imported history, which reactors and observers in log time skip unless they opt in. */
  readonly imported?: boolean;
  /** `{ recordedAt, added? }` on an event that was copied from another log: when that one recorded it. */
  readonly copied?: unknown;
  readonly [key: string]: unknown;
}

/** Metadata as an object; empty for what is absent, binary or not a JSON object. */
export function readMetadata(raw: unknown): EventMetadata {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) && !ArrayBuffer.isView(raw)
    ? (raw as EventMetadata)
    : {};
}

/** Metadata from stored bytes or text; empty for what is not a JSON object. */
export function parseMetadata(raw: Uint8Array | string | null | undefined): EventMetadata {
  if (!raw?.length) return {};
  try {
    return readMetadata(JSON.parse(typeof raw === "string" ? raw : new TextDecoder().decode(raw)));
  } catch {
    return {}; // foreign metadata may be anything; only JSON objects carry keys that we read
  }
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** What every reader of an event needs of its metadata; stores keep it apart, so that reading it costs no parsing. */
export interface EnvelopeFields {
  readonly correlationId: string | undefined;
  /** 1 when the metadata states none. */
  readonly schemaVersion: number;
  /** Milliseconds since the UNIX epoch. */
  readonly occurredAtMs: number | undefined;
  readonly imported: boolean;
}

export function envelopeFields(metadata: EventMetadata): EnvelopeFields {
  const { schemaVersion, occurredAt, imported } = metadata;
  const occurredAtMs = typeof occurredAt === "string" ? Date.parse(occurredAt) : Number.NaN;
  return {
    correlationId: textOf(metadata.$correlationId),
    schemaVersion: Number.isSafeInteger(schemaVersion) && schemaVersion! > 0 ? schemaVersion! : 1,
    occurredAtMs: Number.isNaN(occurredAtMs) ? undefined : occurredAtMs,
    imported: imported === true,
  };
}

/** When the log that an event was copied from recorded it; `undefined` for what is no copy. */
export function firstRecordedAtMs({ copied }: EventMetadata): number | undefined {
  const { recordedAt } = readMetadata(copied);
  const recordedAtMs = typeof recordedAt === "string" ? Date.parse(recordedAt) : Number.NaN;
  return Number.isNaN(recordedAtMs) ? undefined : recordedAtMs;
}
