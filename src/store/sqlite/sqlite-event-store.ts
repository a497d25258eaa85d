/** The embedded event store: a log in one SQLite file, which several processes may use at the same time. */

import { systemClock, type Clock } from "../../clock.js";
import { InvalidConfiguration, StoreClosed } from "../../errors.js";
import { defaultMaxAppendBytes, encodeAppend } from "../appending.js";
import { ChangeWatch } from "../change-watch.js";
import { defaultStreamPrefix, type AppendResult, type EventData, type ExpectedRevision } from "../event-store.js";
import { PagedEventStore } from "../paged-event-store.js";
import { AppendQueue } from "./append-queue.js";
import { openLogDatabase, type LogDatabase } from "./database.js";
import { PackedCopy } from "./packed-copy.js";
import { PackedSource } from "./packed-source.js";
import { PageReader } from "./page-reader.js";
import { whileBusy } from "./retry.js";

export interface SqliteEventStoreOptions {
  /** Created, with its folder, when it is not there. On a local disk: WAL does not work over a network. */
  readonly file: string;
  readonly clock?: Clock | undefined;
  /** How long a call waits for locks of other processes before it fails with StoreUnavailable; 10,000 unless stated. */
  readonly busyDeadlineMs?: number | undefined;
  /** Most bytes of data and metadata in one append; 16 MiB unless stated. */
  readonly maxAppendBytes?: number | undefined;
  /** Reads that say that they come repeatedly make a packed copy of the log beside it, which all reads use; true unless stated. */
  readonly packedCopy?: boolean | undefined;
  /** `rollcall.` unless stated. */
  readonly streamPrefix?: string | undefined;
}

/** How soon commits of other processes are noticed. */
const pollMs = 20;

/**
 * Opens the log in `file`.
 * @throws IncompatibleStore when the file is not a log, or one of another schema.
 * @throws StoreUnavailable when the file cannot be opened, or stays locked.
 */
export async function openSqliteEventStore(options: SqliteEventStoreOptions): Promise<SqliteEventStore> {
  const { file, busyDeadlineMs = 10_000 } = options;
  if (file === "" || file === ":memory:")
    throw new InvalidConfiguration([
      `The event store needs the name of a file, found "${file}". Without one, use MemoryEventStore.`,
    ]);
  const database = await whileBusy("open the event store", file, busyDeadlineMs, () => openLogDatabase(file));
  return new SqliteEventStore(database, { ...options, busyDeadlineMs });
}

/**
 * An event store in a SQLite file. An append is durable once it resolves, also against loss of power. Commits are in
 * the order of positions; positions count from 1 without gaps. Metadata is read when it is first asked for, and so are
 * ids, revisions, bytes and long data of what comes from the packed copy: once the store is closed, asking throws
 * StoreClosed.
 */
export class SqliteEventStore extends PagedEventStore {
  readonly streamPrefix: string;
  protected override readonly watch: ChangeWatch;
  protected override readonly source: PackedSource;
  private readonly appends: AppendQueue;
  private closing: Promise<void> | undefined;
  private closed = false;

  /** @internal Use `openSqliteEventStore`. */
  constructor(
    private readonly database: LogDatabase,
    private readonly options: SqliteEventStoreOptions & { readonly busyDeadlineMs: number },
  ) {
    super();
    const {
      file,
      clock = systemClock,
      busyDeadlineMs,
      streamPrefix = defaultStreamPrefix,
      packedCopy = true,
    } = options;
    this.streamPrefix = streamPrefix;
    const reader = new PageReader(database.reading);
    const log = { storeId: database.storeId, idAt: (position: number) => reader.idAt(position) };
    this.source = new PackedSource(reader, packedCopy ? new PackedCopy(file, log) : undefined);
    const watch = new ChangeWatch({ version: () => reader.dataVersion(), pollMs });
    this.watch = watch;
    this.appends = new AppendQueue(database.writing, { file, clock, busyDeadlineMs, onCommit: () => watch.notify() });
  }

  async storeId(): Promise<string> {
    return this.attempt("storeId", () => this.database.storeId);
  }

  async append(
    streamName: string,
    events: readonly EventData[],
    { expectedRevision }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    if (this.closing) throw new StoreClosed(`append to ${streamName}`);
    const encoded = encodeAppend(
      streamName,
      events,
      expectedRevision,
      this.options.maxAppendBytes ?? defaultMaxAppendBytes,
    );
    return this.appends.add(streamName, encoded, expectedRevision);
  }

  close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  protected override attempt<T>(what: string, step: () => T): Promise<T> {
    return whileBusy(what, this.options.file, this.options.busyDeadlineMs, () => {
      if (this.closed) throw new StoreClosed(what);
      return step();
    });
  }

  private async shutDown(): Promise<void> {
    await this.appends.idle();
    this.closed = true;
    this.endSubscriptions();
    this.source.close();
    this.database.reading.close();
    this.database.writing.close();
  }
}
