/** The log of the development server in one SQLite file, which is a log of Rollcall like any other. */

import { systemClock, type Clock } from "../../src/clock.js";
import { InvalidAppend, StoreClosed } from "../../src/errors.js";
import { defaultMaxAppendBytes, encodeAppend, type EncodedEvent } from "../../src/store/appending.js";
import type { ExpectedRevision } from "../../src/store/index.js";
import { openLogDatabase, type LogDatabase } from "../../src/store/sqlite/database.js";
import { isSqliteError } from "../../src/store/sqlite/file-kind.js";
import { GroupCommit } from "../../src/store/sqlite/group-commit.js";
import { unavailable, whileBusy } from "../../src/store/sqlite/retry.js";
import { linkTarget } from "./link.js";
import type {
  Direction,
  LogPage,
  LogRecord,
  ProposedRecord,
  RecordFilter,
  RecordLog,
  StreamPage,
  WriteOutcome,
} from "./record-log.js";
import { RecordReader } from "./record-reader.js";
import { RecordWriter, type RecordWrite } from "./record-writer.js";
import { binaryContentType, linkType } from "./stream-names.js";
import { tombstoneContentType } from "./tombstone.js";

export interface RecordLogOptions {
  /** Created, with its folder, when it is not there. On a local disk: WAL does not work over a network. */
  readonly file: string;
  readonly clock?: Clock | undefined;
  /** Most bytes of data and metadata in one append; 16 MiB unless stated. */
  readonly maxAppendBytes?: number | undefined;
}

/** How long a write waits for locks of other processes. */
const busyDeadlineMs = 10_000;

/**
 * Opens the log in `file`.
 * @throws IncompatibleStore when the file is not a log, or one of another schema.
 * @throws StoreUnavailable when the file cannot be opened, or stays locked.
 */
export async function openRecordLog(options: RecordLogOptions): Promise<RecordLog> {
  const { file } = options;
  return new SqliteRecordLog(
    await whileBusy("open the log", file, busyDeadlineMs, () => openLogDatabase(file)),
    options,
  );
}

/** ES2024, and in Node 20. */
type WellFormed = string & { isWellFormed(): boolean };

class SqliteRecordLog implements RecordLog {
  readonly id: string;
  private readonly reader: RecordReader;
  private readonly commits: GroupCommit<RecordWrite, WriteOutcome>;
  private readonly listeners = new Set<() => void>();
  private closing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly database: LogDatabase,
    private readonly options: RecordLogOptions,
  ) {
    const { file, clock = systemClock } = options;
    const { storeId, reading, writing } = database;
    this.id = storeId;
    this.reader = new RecordReader(reading, clock);
    const writer = new RecordWriter(writing, clock);
    this.commits = new GroupCommit<RecordWrite, WriteOutcome>(writing, {
      file,
      busyDeadlineMs,
      perform: (write) => writer.perform(write),
      rowsOf: ({ events }) => events.length + 1,
      titleOf: ({ kind, streamName }) => `${kind === "append" ? "append to" : kind} ${streamName}`,
      onCommit: (outcomes) => this.announce(outcomes),
    });
  }

  async append(streamName: string, events: readonly ProposedRecord[], expected: ExpectedRevision) {
    return this.add({ kind: "append", streamName, events: this.encode(streamName, events), expected });
  }

  async delete(streamName: string, expected: ExpectedRevision) {
    return this.add({ kind: "delete", streamName, events: [], expected });
  }

  async tombstone(streamName: string, expected: ExpectedRevision) {
    return this.add({ kind: "tombstone", streamName, events: [], expected });
  }

  readStream(streamName: string, direction: Direction, from: bigint | "start" | "end", limit: number): StreamPage {
    return this.attempt(`read ${streamName}`, () => this.reader.streamPage(streamName, direction, from, limit));
  }

  readAll(direction: Direction, from: number, limit: number, filter?: RecordFilter): LogPage {
    return this.attempt("read the log", () => this.reader.logPage(direction, from, limit, filter));
  }

  resolve(link: LogRecord): LogRecord | undefined {
    const target = link.type === linkType ? linkTarget(link.data) : undefined;
    if (!target) return link;
    const { streamName, revision } = target;
    return this.attempt(`read ${streamName}`, () => this.reader.visibleRecord(streamName, revision));
  }

  head(): number {
    return this.attempt("head", () => this.reader.head());
  }

  onCommit(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  private add(write: RecordWrite): Promise<WriteOutcome> {
    const { kind, streamName } = write;
    if (this.closing) throw new StoreClosed(`${kind} ${streamName}`);
    // Half a surrogate pair cannot be written as UTF-8: two such names would become one.
    if (streamName === "" || !(streamName as WellFormed).isWellFormed())
      throw new InvalidAppend("(stream)", "a stream name is at least one character, in well-formed Unicode.");
    return this.commits.add(write);
  }

  /** One by one: an id may occur twice here, and there may be no event at all. */
  private encode(streamName: string, events: readonly ProposedRecord[]): EncodedEvent[] {
    const most = this.options.maxAppendBytes ?? defaultMaxAppendBytes;
    const bytes = events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    if (bytes > most)
      throw new InvalidAppend(
        streamName,
        `${bytes} bytes are too many for one append, at most ${most} fit. Append less.`,
      );
    return events.flatMap((event) => {
      const { contentType } = event;
      const isUsable = contentType !== "" && contentType !== tombstoneContentType;
      return encodeAppend(streamName, [isUsable ? event : { ...event, contentType: binaryContentType }], "any", most);
    });
  }

  private attempt<T>(what: string, step: () => T): T {
    if (this.closed) throw new StoreClosed(what);
    try {
      return step();
    } catch (error) {
      if (!isSqliteError(error, "SQLITE_")) throw error;
      throw unavailable(what, this.options.file, error, "Mend the cause, then try again.");
    }
  }

  private announce(outcomes: readonly WriteOutcome[]): void {
    if (outcomes.some(({ kind }) => kind === "written")) for (const listener of this.listeners) listener();
  }

  private async shutDown(): Promise<void> {
    await this.commits.idle();
    this.closed = true;
    this.listeners.clear();
    this.database.reading.close();
    this.database.writing.close();
  }
}
