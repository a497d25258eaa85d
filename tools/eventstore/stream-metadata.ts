/** What stream metadata says of which records of the stream can be read. */

import { jsonMembers } from "./json-members.js";
import { tombstoneRevision } from "./record-log.js";

export interface StreamMetadata {
  /** Records before this revision cannot be read. */
  readonly truncateBefore: bigint | undefined;
  /** So many records at the end can be read; positive. */
  readonly maxCount: bigint | undefined;
  /** Records older than this cannot be read; positive. */
  readonly maxAgeMs: number | undefined;
}

export const emptyStreamMetadata: StreamMetadata = {
  truncateBefore: undefined,
  maxCount: undefined,
  maxAgeMs: undefined,
};

/** Of a metastream: only its last record can be read. */
export const metadataOfMetastreams: StreamMetadata = { ...emptyStreamMetadata, maxCount: 1n };

/** Says that the stream is deleted, until something is appended. */
export const softDeletedText = `{"$tb":${tombstoneRevision}}`;

export const saysSoftDeleted = ({ truncateBefore }: StreamMetadata): boolean => truncateBefore === tombstoneRevision;

/** Longest time that the real server can hold, in seconds. */
const longestSeconds = 922_337_203_685n;
const isAtMost = (most: bigint) => (source: string) =>
  /^-?\d+$/.test(source) && BigInt(source) <= most && BigInt(source) >= -most - 1n;

/** The keys that the server reads, and when their values are in order. It ignores all of them when one is not. */
const isInOrder: Readonly<Record<string, (source: string) => boolean>> = {
  $tb: isAtMost(tombstoneRevision),
  $maxCount: isAtMost(tombstoneRevision),
  $maxAge: isAtMost(longestSeconds),
  $cacheControl: isAtMost(longestSeconds),
  $tmp: (source) => source === "true" || source === "false",
  $acl: (source) => isAccessList(JSON.parse(source)),
};

/** Metadata from the JSON text of a metadata event; empty for what is malformed. */
export function readStreamMetadata(text: string): StreamMetadata {
  const sources = new Map<string, string>();
  for (const { key, source } of jsonMembers(text) ?? []) {
    if (!Object.hasOwn(isInOrder, key)) continue;
    if (!isInOrder[key]!(source)) return emptyStreamMetadata;
    sources.set(key, source);
  }
  const integer = (key: string, least: bigint) => {
    const value = BigInt(sources.get(key) ?? -1);
    return value < least ? undefined : value;
  };
  const maxAge = integer("$maxAge", 1n);
  return {
    truncateBefore: integer("$tb", 0n),
    maxCount: integer("$maxCount", 1n),
    maxAgeMs: maxAge === undefined ? undefined : Number(maxAge) * 1000,
  };
}

/** The same text with another `$tb`, every other character as it was; `undefined` unless it is a JSON object. */
export function withTruncateBefore(text: string, revision: number): string | undefined {
  const members = jsonMembers(text);
  if (!members) return undefined;
  const present = members.filter(({ key }) => key === "$tb");
  if (present.length === 0) return text.replace("{", () => `{"$tb":${revision}${members.length > 0 ? "," : ""}`);
  let changed = text;
  for (const { start, end } of present.reverse())
    changed = `${changed.slice(0, start)}${revision}${changed.slice(end)}`;
  return changed;
}

const isAccessList = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(
    ([action, roles]) =>
      ["$r", "$w", "$d", "$mr", "$mw"].includes(action) &&
      (typeof roles === "string" || (Array.isArray(roles) && roles.every((role) => typeof role === "string"))),
  );
