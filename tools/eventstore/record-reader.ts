/** Reads records page by page, streams as far as their metadata lets them be seen. */

import type { Clock } from "../../src/clock.js";
import { jsonContentType } from "../../src/message/recorded-event.js";
import type { Database } from "../../src/store/sqlite/database.js";
import {
  tombstoneRevision,
  type Direction,
  type LogPage,
  type LogRecord,
  type RecordFilter,
  type StreamPage,
} from "./record-log.js";
import { saysSoftDeleted } from "./stream-metadata.js";
import { binaryContentType } from "./stream-names.js";
import { StreamStates } from "./stream-states.js";
import { isTombstone } from "./tombstone.js";

/** What a page holds at most; a record is never cut, so that it may hold one that is longer. */
const recordsPerPage = 256;
const bytesPerPage = 1024 * 1024;
/** Rows that a filtered page considers at most, so that a filter which few pass does not hold up the process. */
const rowsPerScan = 5_000;

// As blobs: the bytes as they are stored, without a detour by way of strings.
const columns = `position, stream, revision, id, type, recorded_at, content_type,
  CAST(data AS BLOB), CAST(metadata AS BLOB)`;

type Row = readonly [
  position: number,
  stream: string,
  revision: number,
  id: string,
  type: string,
  recordedAt: number,
  contentType: string | null,
  data: Buffer,
  metadata: Buffer | null,
];

/** On a connection that sees only what is committed. */
export class RecordReader {
  private readonly states: StreamStates;
  private readonly headStatement;
  private readonly byRevision;
  private readonly byPosition;
  private readonly ofStream;
  private readonly ofLog;
  private readonly names;

  /** All that a read asks belongs to one state of the log, whoever writes meanwhile. */
  private readonly consistently: <T>(read: () => T) => T;

  constructor(
    db: Database,
    private readonly clock: Clock,
  ) {
    this.consistently = db.transaction((read: () => unknown) => read()) as <T>(read: () => T) => T;
    this.states = new StreamStates(db);
    this.headStatement = db.prepare<[], number | null>("SELECT max(position) FROM event").pluck();
    const bothWays = <T extends unknown[], R>(sql: (sign: string, order: string) => string) => ({
      forwards: db.prepare<T, R>(sql(">", "")).raw(),
      backwards: db.prepare<T, R>(sql("<", "DESC")).raw(),
    });
    const byStream = "FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision";
    this.byRevision = db.prepare<[string, number], Row>(`SELECT ${columns} ${byStream} = ?`).raw();
    this.byPosition = db.prepare<[number], Row>(`SELECT ${columns} FROM event WHERE position = ?`).raw();
    this.ofStream = bothWays<[string, number, number], Row>(
      (sign, order) => `SELECT ${columns} ${byStream} ${sign}= ? ORDER BY revision ${order} LIMIT ?`,
    );
    // NOT INDEXED: the table itself is in the order of positions.
    const inOrder = (sign: string, order: string) =>
      `FROM event NOT INDEXED WHERE position ${sign} ? ORDER BY position ${order} LIMIT ?`;
    this.ofLog = bothWays<[number, number], Row>((...how) => `SELECT ${columns} ${inOrder(...how)}`);
    this.names = bothWays<[number, number], [position: number, streamName: string, type: string]>(
      (...how) => `SELECT position, stream, type ${inOrder(...how)}`,
    );
  }
  /** Position of the last record; 0 while there is none. */
  head(): number {
    return this.headStatement.get() ?? 0;
  }

  streamPage(streamName: string, direction: Direction, from: bigint | "start" | "end", limit: number): StreamPage {
    return this.consistently(() => {
      const visible = this.visible(streamName);
      if (typeof visible === "string") return { kind: visible };
      const { first, last } = visible;
      const start = revisionAt(from, direction === "forwards" ? last + 1 : last);
      const present = direction === "forwards" ? last + 1 - Math.max(start, first) : start + 1 - first;
      const size = Math.min(pageSize(limit), Math.max(present, 0));
      const rows =
        direction === "forwards"
          ? this.ofStream.forwards.iterate(streamName, Math.max(start, first), size)
          : this.ofStream.backwards.iterate(streamName, start, size);
      const records = firstOf(rows);
      return { kind: "records", records, complete: records.length >= present };
    });
  }

  logPage(direction: Direction, from: number, limit: number, filter: RecordFilter | undefined): LogPage {
    return this.consistently(() => {
      const head = this.head();
      const last = direction === "forwards" ? head : 1;
      const size = pageSize(limit);
      const part = filter ? this.filtered(direction, from, size, filter) : this.unfiltered(direction, from, size);
      const { through } = part;
      return { ...part, complete: direction === "forwards" ? through >= last : through <= last || head === 0 };
    });
  }

  /** One record, if the stream is there and lets it be seen. `revision` -1 is the last one. */
  visibleRecord(streamName: string, revision: bigint): LogRecord | undefined {
    return this.consistently(() => {
      const visible = this.visible(streamName);
      if (typeof visible === "string") return undefined;
      const { first, last } = visible;
      const wanted = revision === -1n ? last : Number(revision);
      const row = wanted < first || wanted > last ? undefined : this.byRevision.get(streamName, wanted);
      return row && recordOf(row);
    });
  }

  /** First and last revision that can be read; the first one lies behind the last when none can. */
  private visible(streamName: string): { first: number; last: number } | "deleted" | "notFound" {
    const last = this.states.lastRevision(streamName);
    if (last === "tombstoned") return "deleted";
    const metadata = this.states.metadata(streamName);
    if (last < 0 || saysSoftDeleted(metadata)) return "notFound";
    return { first: this.states.firstVisible(streamName, last, metadata, this.clock.now()), last };
  }

  private unfiltered(direction: Direction, from: number, size: number): Omit<LogPage, "complete"> {
    const records = firstOf(this.ofLog[direction].iterate(from, size));
    return { records, considered: records.length, through: records.at(-1)?.position ?? from };
  }

  private filtered(direction: Direction, from: number, size: number, filter: RecordFilter): Omit<LogPage, "complete"> {
    const records: LogRecord[] = [];
    let [considered, through, bytes] = [0, from, 0];
    for (const [position, streamName, type] of this.names[direction].iterate(from, rowsPerScan)) {
      if (records.length >= size || bytes >= bytesPerPage) break;
      considered++;
      through = position;
      if (!filter({ streamName, type })) continue;
      const row = this.byPosition.get(position)!;
      records.push(recordOf(row));
      bytes += bytesOf(row);
    }
    return { records, considered, through };
  }
}

/** SQLite takes a negative limit for none. */
const pageSize = (limit: number): number => Math.max(0, Math.min(Math.ceil(limit), recordsPerPage));

/** Records of the first rows, up to a page's worth of bytes. */
function firstOf(rows: Iterable<Row>): LogRecord[] {
  const records: LogRecord[] = [];
  let bytes = 0;
  for (const row of rows) {
    records.push(recordOf(row));
    if ((bytes += bytesOf(row)) >= bytesPerPage) break;
  }
  return records;
}

/** Where a read begins, between 0 and `end`. */
function revisionAt(from: bigint | "start" | "end", end: number): number {
  if (from === "start") return 0;
  return from === "end" || from > BigInt(end) ? end : Number(from);
}

const bytesOf = (row: Row): number => row[7].length + (row[8]?.length ?? 0);

const nothing = new Uint8Array();

function recordOf(row: Row): LogRecord {
  const [position, streamName, revision, id, type, recordedAtMs, contentType, data, metadata] = row;
  const ends = isTombstone(type, contentType);
  return {
    position,
    streamName,
    revision: ends ? tombstoneRevision : BigInt(revision),
    id,
    type,
    recordedAtMs,
    contentType: ends ? binaryContentType : (contentType ?? jsonContentType),
    data,
    metadata: metadata ?? nothing,
  };
}
