/** What a write means for a stream: EventStoreDB's table of expected revisions and repeated event ids. */

import type { ExpectedRevision } from "../../src/store/index.js";

/** What the table asks of a stream; asked only while nobody else can write. */
export interface StreamToWrite {
  /** -1 when it has no record. */
  readonly lastRevision: number | "tombstoned";
  isSoftDeleted(): boolean;
  hasMetadata(): boolean;
  /** Ids of the records from `revision` on, at most `count`. */
  idsFrom(revision: number, count: number): readonly string[];
  /** Highest revision that a record with this id has. */
  revisionOf(id: string): number | undefined;
}

/** `write` after `lastRevision`; or nothing, since the events are there already and end at `endsAt`; or refused. */
export type WriteDecision =
  | { readonly kind: "write"; readonly lastRevision: number }
  | { readonly kind: "retried"; readonly endsAt: number }
  | { readonly kind: "wrongRevision"; readonly current: bigint | undefined }
  | { readonly kind: "streamDeleted" };

export function decideWrite(ids: readonly string[], expected: ExpectedRevision, stream: StreamToWrite): WriteDecision {
  const { lastRevision } = stream;
  if (lastRevision === "tombstoned") return { kind: "streamDeleted" };
  const write = { kind: "write", lastRevision } as const;
  const refused = { kind: "wrongRevision", current: lastRevision < 0 ? undefined : BigInt(lastRevision) } as const;

  if (expected === "stream_exists") {
    if (stream.isSoftDeleted()) return { kind: "streamDeleted" };
    if (lastRevision < 0 && !stream.hasMetadata()) return refused;
  }
  if (expected === "any" || expected === "stream_exists") {
    let endsAt: number | undefined;
    for (const [i, id] of ids.entries()) {
      endsAt = stream.revisionOf(id);
      if (endsAt === undefined) return i === 0 ? write : refused;
    }
    return endsAt === undefined ? write : { kind: "retried", endsAt };
  }

  const after = expected === "no_stream" ? -1 : Number(expected);
  if (after === lastRevision) return write;
  if (after > lastRevision || after < -1 || ids.length === 0) return refused;
  const present = stream.idsFrom(after + 1, ids.length);
  const differing = ids.findIndex((id, i) => id !== present[i]);
  if (differing < 0) return { kind: "retried", endsAt: after + ids.length };
  return differing === 0 && after === -1 && stream.isSoftDeleted() ? write : refused;
}
