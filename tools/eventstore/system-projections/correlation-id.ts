/** The correlation id that an event carries in its metadata, as the by-correlation projection reads it. */

import { jsonMembers } from "../json-members.js";
import type { LogRecord } from "../record-log.js";

/**
 * The member `$correlationId` as text. `undefined` when the metadata is no JSON object, or has no such member, or null.
 * An object or array, which stops the projection of a real server, counts as none.
 */
export function correlationIdOf(record: Pick<LogRecord, "metadata">): string | undefined {
  const id = jsonObject(record.metadata)?.["$correlationId"];
  // Half a surrogate pair cannot be part of a stream name.
  if (typeof id === "string") return (id as WellFormed).toWellFormed();
  if (typeof id === "number") return digits(record.metadata, id) ?? String(id);
  // As .NET writes them.
  if (typeof id === "boolean") return id ? "True" : "False";
  return undefined;
}

/** ES2024, and in Node 20. */
type WellFormed = string & { toWellFormed(): string };

/** What the bytes say, if that is a JSON object. */
export function jsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An integer that a JavaScript number cannot hold, as it was written. */
function digits(metadata: Uint8Array, id: number): string | undefined {
  if (!Number.isInteger(id) || Number.isSafeInteger(id)) return undefined;
  return jsonMembers(textOf(metadata))?.findLast(({ key }) => key === "$correlationId")?.source;
}
