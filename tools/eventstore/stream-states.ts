/** What is known of a stream as a whole: where it ends, whether it is deleted, and from where on it can be read. */

import type { Database } from "../../src/store/sqlite/database.js";
import {
  emptyStreamMetadata,
  metadataOfMetastreams,
  readStreamMetadata,
  saysSoftDeleted,
  type StreamMetadata,
} from "./stream-metadata.js";
import { isMetastream, metastreamOf, originalOf } from "./stream-names.js";
import { isTombstoneRow } from "./tombstone.js";

/** Answers by one connection, so inside a transaction they belong together. Revisions are those in the file. */
export class StreamStates {
  private readonly lastRecord;
  private readonly lastData;
  private readonly recordedAt;

  constructor(db: Database) {
    const last = "FROM event INDEXED BY event_by_stream WHERE stream = ? ORDER BY revision DESC LIMIT 1";
    this.lastRecord = db
      .prepare<[string], [revision: number, tombstone: 0 | 1]>(
        `SELECT revision, coalesce(${isTombstoneRow}, 0) ${last}`,
      )
      .raw();
    this.lastData = db
      .prepare<[string], [data: Buffer, json: 0 | 1]>(
        `SELECT CAST(data AS BLOB), content_type IS NULL AND typeof(data) = 'text' ${last}`,
      )
      .raw();
    this.recordedAt = db
      .prepare<[string, number], number>(
        "SELECT recorded_at FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision = ?",
      )
      .pluck();
  }

  /** Revision of the last record; -1 when there is none. The metastream of a tombstoned stream is so, too. */
  lastRevision(streamName: string): number | "tombstoned" {
    const [revision, tombstone] = this.lastRecord.get(streamName) ?? [-1, 0];
    if (tombstone === 1) return "tombstoned";
    for (let name = streamName; isMetastream(name);) {
      name = originalOf(name);
      if (this.lastRecord.get(name)?.[1] === 1) return "tombstoned";
    }
    return revision;
  }

  metadata(streamName: string): StreamMetadata {
    if (isMetastream(streamName)) return metadataOfMetastreams;
    const [data, isJson] = this.lastData.get(metastreamOf(streamName)) ?? [undefined, 0];
    return data && isJson === 1 ? readStreamMetadata(data.toString()) : emptyStreamMetadata;
  }

  /** What the last metadata event holds, whether or not it counts. */
  metadataText(streamName: string): string {
    return this.lastData.get(metastreamOf(streamName))?.[0].toString() ?? "";
  }

  isSoftDeleted(streamName: string): boolean {
    return saysSoftDeleted(this.metadata(streamName));
  }

  /**
   * First revision that can be read, of a stream that ends with `lastRevision`; the next one when none can.
   * @param nowMs the time by which ages are judged
   */
  firstVisible(streamName: string, lastRevision: number, metadata: StreamMetadata, nowMs: number): number {
    const { truncateBefore = 0n, maxCount = BigInt(lastRevision) + 1n, maxAgeMs } = metadata;
    const end = lastRevision + 1;
    const counted = maxCount > end ? 0 : end - Number(maxCount);
    const first = truncateBefore > end ? end : Math.max(counted, Number(truncateBefore));
    return maxAgeMs === undefined ? first : this.firstSince(streamName, nowMs - maxAgeMs, first, end);
  }

  /** By halves: times of recording never go back. */
  private firstSince(streamName: string, sinceMs: number, first: number, end: number): number {
    let [from, to] = [first, end];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (this.recordedAt.get(streamName, middle)! >= sinceMs) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
