/** EventStoreDB's rules once more, as plainly as they can be said: arrays, searched from one end to the other. */

import type { ExpectedRevision } from "../../../src/store/index.js";

/** Stream metadata as a test writes it. `malformed` text counts as empty. */
export type ModelMetadata =
  | { readonly $tb?: bigint; readonly $maxCount?: number; readonly $maxAge?: number; readonly note?: string }
  | "malformed";

export interface ModelRecord {
  readonly streamName: string;
  readonly revision: bigint;
  /** `undefined` for what the server wrote itself. */
  readonly id: string | undefined;
  readonly type: string;
  readonly recordedAtMs: number;
  readonly metadata: ModelMetadata | undefined;
}

export type ModelOutcome =
  | { readonly kind: "written"; readonly revision: bigint | undefined; readonly position: number | undefined }
  | { readonly kind: "wrongRevision"; readonly current: bigint | undefined }
  | { readonly kind: "streamDeleted" };

export interface ModelEvent {
  readonly id: string;
  readonly type: string;
  readonly metadata?: ModelMetadata | undefined;
}

const longMax = 2n ** 63n - 1n;

export class ModelLog {
  readonly records: ModelRecord[] = [];

  append(streamName: string, events: readonly ModelEvent[], expected: ExpectedRevision, nowMs: number): ModelOutcome {
    const decision = this.decide(
      streamName,
      events.map(({ id }) => id),
      expected,
    );
    if (decision !== "write") return decision;
    const subject = streamName.startsWith("$$") ? streamName.slice(2) : streamName;
    const revives = this.isSoftDeleted(subject);
    const firstNew = BigInt(this.of(subject).length);
    for (const event of events) this.add(streamName, event.type, event.id, event.metadata, nowMs);
    const outcome = this.writtenUpTo(streamName, this.of(streamName).length - 1, events.length > 0);
    if (revives) {
      const present = this.metadataOf(subject);
      if (present !== "malformed")
        this.add(`$$${subject}`, "$metadata", undefined, { ...present, $tb: firstNew }, nowMs);
    }
    return outcome;
  }

  delete(streamName: string, expected: ExpectedRevision, nowMs: number): ModelOutcome {
    const decision = this.decide(streamName, ["an id that nobody has"], expected);
    if (decision !== "write") return decision;
    const metastream = `$$${streamName}`;
    if (this.of(streamName).length + this.of(metastream).length === 0)
      return { kind: "wrongRevision", current: undefined };
    this.add(metastream, "$metadata", undefined, { $tb: longMax }, nowMs);
    return this.writtenUpTo(metastream, this.of(metastream).length - 1, true);
  }

  tombstone(streamName: string, expected: ExpectedRevision, nowMs: number): ModelOutcome {
    const decision = this.decide(streamName, ["an id that nobody has"], expected);
    if (decision !== "write") return decision;
    const metadata = undefined;
    this.records.push({
      streamName,
      revision: longMax,
      id: undefined,
      type: "$streamDeleted",
      recordedAtMs: nowMs,
      metadata,
    });
    return { kind: "written", revision: longMax, position: this.records.length };
  }

  /** Positions of the records that can be read. */
  visible(streamName: string, nowMs: number): number[] | "notFound" | "deleted" {
    if (this.isTombstoned(streamName)) return "deleted";
    const records = this.of(streamName);
    if (records.length === 0 || this.isSoftDeleted(streamName)) return "notFound";
    const metadata = streamName.startsWith("$$") ? { $maxCount: 1 } : this.metadataOf(streamName);
    const { $tb = -1n, $maxCount = 0, $maxAge = 0 } = metadata === "malformed" ? {} : metadata;
    return records
      .filter((_, i) => $maxCount <= 0 || i >= records.length - $maxCount)
      .filter(({ revision }) => revision >= $tb)
      .filter(({ recordedAtMs }) => $maxAge <= 0 || recordedAtMs >= nowMs - $maxAge * 1000)
      .map((record) => this.records.indexOf(record) + 1);
  }

  private decide(streamName: string, ids: readonly string[], expected: ExpectedRevision): "write" | ModelOutcome {
    const records = this.of(streamName);
    const wrong: ModelOutcome = {
      kind: "wrongRevision",
      current: records.length === 0 ? undefined : BigInt(records.length - 1),
    };
    if (this.isTombstoned(streamName)) return { kind: "streamDeleted" };
    if (expected === "stream_exists" && this.isSoftDeleted(streamName)) return { kind: "streamDeleted" };
    if (expected === "stream_exists" && records.length + this.of(`$$${streamName}`).length === 0) return wrong;
    if (expected === "any" || expected === "stream_exists") {
      const places = ids.map((id) => records.findLastIndex((record) => record.id === id));
      if (places.length === 0 || places[0] === -1) return "write";
      return places.includes(-1) ? wrong : this.writtenUpTo(streamName, places.at(-1)!, true);
    }
    const after = expected === "no_stream" ? -1 : Number(expected);
    if (after === records.length - 1) return "write";
    if (after > records.length - 1) return wrong;
    const following = records.slice(after + 1).map(({ id }) => id);
    if (ids.length > 0 && ids.every((id, i) => following[i] === id))
      return this.writtenUpTo(streamName, after + ids.length, true);
    const isNew = ids.length > 0 && following[0] !== ids[0];
    return isNew && expected === "no_stream" && this.isSoftDeleted(streamName) ? "write" : wrong;
  }

  private of(streamName: string): ModelRecord[] {
    return this.records.filter((record) => record.streamName === streamName && record.revision !== longMax);
  }

  private metadataOf(streamName: string): ModelMetadata {
    return this.of(`$$${streamName}`).at(-1)?.metadata ?? "malformed";
  }

  private isSoftDeleted(streamName: string): boolean {
    const metadata = streamName.startsWith("$$") ? "malformed" : this.metadataOf(streamName);
    return metadata !== "malformed" && metadata.$tb === longMax;
  }

  private isTombstoned(streamName: string): boolean {
    const hasTombstone = this.records.some(
      (record) => record.streamName === streamName && record.type === "$streamDeleted" && record.revision === longMax,
    );
    return hasTombstone || (streamName.startsWith("$$") && this.isTombstoned(streamName.slice(2)));
  }

  private add(
    streamName: string,
    type: string,
    id: string | undefined,
    metadata: ModelMetadata | undefined,
    recordedAtMs: number,
  ): void {
    const revision = BigInt(this.of(streamName).length);
    this.records.push({ streamName, revision, id, type, recordedAtMs, metadata });
  }

  private writtenUpTo(streamName: string, place: number, hasEvents: boolean): ModelOutcome {
    const record = this.of(streamName)[place];
    const position = record && hasEvents ? this.records.indexOf(record) + 1 : undefined;
    return { kind: "written", revision: record?.revision, position };
  }
}
