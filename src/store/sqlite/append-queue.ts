/** Group commit: the appends of one turn of the event loop become one transaction, each with an outcome of its own. */

import type { Clock } from "../../clock.js";
import { WrongExpectedRevision } from "../../errors.js";
import { decideAppend, type EncodedEvent } from "../appending.js";
import type { AppendResult, ExpectedRevision } from "../event-store.js";
import type { Database } from "./database.js";
import { jsonContentType } from "../../message/index.js";
import { isBusy, retryDelayMs, unavailable } from "./retry.js";

interface Append {
  readonly streamName: string;
  readonly events: readonly EncodedEvent[];
  readonly expected: ExpectedRevision;
  readonly deadline: number;
  resolve(result: AppendResult): void;
  reject(error: Error): void;
}

export interface AppendQueueOptions {
  readonly file: string;
  readonly clock: Clock;
  /** How long an append may wait for locks of other processes. */
  readonly busyDeadlineMs: number;
  readonly onCommit: () => void;
}

/** A transaction may hold this many events more than its last append brings over it. */
const eventsPerCommit = 2_000;

/** Position by SQLite, in the order of commits; recorded no earlier than the event before it. */
const columns = `(stream, revision, id, type, recorded_at, schema_version, correlation_id, occurred_at, imported,
  content_type, data, metadata)`;
const values = `?, ?, ?, ?, max(?, coalesce((SELECT recorded_at FROM event ORDER BY position DESC LIMIT 1), 0)),
  ?, ?, ?, ?, ?, ?, ?`;
const isFree = "ON CONFLICT (stream, revision) DO NOTHING";
const follows = "EXISTS (SELECT 1 FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision = ?)";

/** Appends that wait for their commit, in the order in which they came. */
export class AppendQueue {
  private readonly waiting: Append[] = [];
  private scheduled = false;
  private whenIdle: (() => void)[] = [];
  private readonly statements;
  private readonly commit: (batch: readonly Append[]) => (AppendResult | WrongExpectedRevision)[];

  constructor(
    db: Database,
    private readonly options: AppendQueueOptions,
  ) {
    this.statements = {
      streamHead: db
        .prepare<[string], number>(
          "SELECT revision FROM event INDEXED BY event_by_stream WHERE stream = ? ORDER BY revision DESC LIMIT 1",
        )
        .pluck(),
      idsFrom: db
        .prepare<[string, number, number], string>(
          "SELECT id FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?",
        )
        .pluck(),
      revisionOf: db
        .prepare<[string, string], number | null>(
          "SELECT max(revision) FROM event INDEXED BY event_by_id WHERE stream = ? AND id = ?",
        )
        .pluck(),
      positionOf: db
        .prepare<[string, number], number>(
          "SELECT position FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision = ?",
        )
        .pluck(),
      insert: db.prepare(`INSERT INTO event ${columns} VALUES (${values})`),
      insertIfNew: db.prepare(`INSERT INTO event ${columns} VALUES (${values}) ${isFree}`),
      insertIfNext: db.prepare(`INSERT INTO event ${columns} SELECT ${values} WHERE ${follows} ${isFree}`),
    };
    // IMMEDIATE takes the write lock first: what is decided after that stays true until the commit.
    const transaction = db.transaction((batch: readonly Append[]) => this.write(batch));
    this.commit = (batch) => transaction.immediate(batch);
  }

  /** Resolves after the commit. */
  add(streamName: string, events: readonly EncodedEvent[], expected: ExpectedRevision): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.busyDeadlineMs;
      this.waiting.push({ streamName, events, expected, deadline, resolve, reject });
      this.schedule();
    });
  }

  /** Resolves when no append waits. */
  idle(): Promise<void> {
    return this.waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => this.whenIdle.push(resolve));
  }

  private schedule(delayMs = 0): void {
    if (this.scheduled || this.waiting.length === 0) return;
    this.scheduled = true;
    const run = () => {
      this.scheduled = false;
      this.commitNext();
    };
    if (delayMs > 0) setTimeout(run, delayMs);
    else setImmediate(run);
  }

  private commitNext(): void {
    const batch = this.nextBatch();
    let delayMs = 0;
    try {
      const outcomes = this.commit(batch);
      this.waiting.splice(0, batch.length);
      outcomes.forEach((outcome, i) => {
        if (outcome instanceof WrongExpectedRevision) batch[i]!.reject(outcome);
        else batch[i]!.resolve(outcome);
      });
      if (outcomes.some((outcome) => !(outcome instanceof WrongExpectedRevision))) this.options.onCommit();
    } catch (error) {
      if (isBusy(error)) {
        delayMs = retryDelayMs();
        this.giveUpExpired(error);
      } else {
        this.waiting.splice(0, batch.length);
        for (const append of batch)
          append.reject(this.failed(append, error, "Mend the cause, then retry with the same event ids."));
      }
    }
    this.schedule(delayMs);
    if (this.waiting.length === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private nextBatch(): Append[] {
    let events = 0;
    const end = this.waiting.findIndex((append) => (events += append.events.length) >= eventsPerCommit);
    return this.waiting.slice(0, end < 0 ? undefined : end + 1);
  }

  /** All of them when the first has waited too long: a later one must not be written where an earlier one was not. */
  private giveUpExpired(cause: unknown): void {
    if (this.waiting[0]!.deadline > performance.now()) return;
    const remedy = `It stayed locked for ${this.options.busyDeadlineMs} ms; nothing was written. End what locks it, then retry.`;
    for (const append of this.waiting.splice(0)) append.reject(this.failed(append, cause, remedy));
  }

  private failed(append: Append, cause: unknown, remedy: string): Error {
    return unavailable(`append to ${append.streamName}`, this.options.file, cause, remedy);
  }

  /** Writes the batch inside its transaction. An append that is refused has written nothing. */
  private write(batch: readonly Append[]): (AppendResult | WrongExpectedRevision)[] {
    return batch.map((append) => {
      try {
        return this.writeAsExpected(append) ?? this.writeAsDecided(append);
      } catch (error) {
        if (error instanceof WrongExpectedRevision) return error;
        throw error;
      }
    });
  }

  /** The usual case without a question beforehand: the insert itself finds out whether the stream is as expected. */
  private writeAsExpected({ streamName, events, expected }: Append): AppendResult | undefined {
    if (expected === "any" || expected === "stream_exists") return undefined;
    const { insertIfNew, insertIfNext } = this.statements;
    const [first] = events as [EncodedEvent];
    const revision = expected === "no_stream" ? 0 : Number(expected) + 1;
    const row = this.rowOf(streamName, revision, first);
    const written = revision === 0 ? insertIfNew.run(row) : insertIfNext.run(row, streamName, revision - 1);
    return written.changes === 0 ? undefined : this.writeRest(streamName, revision, events, written.lastInsertRowid);
  }

  private writeAsDecided({ streamName, events, expected }: Append): AppendResult {
    const { streamHead, idsFrom, revisionOf, positionOf, insert } = this.statements;
    const lastRevision = streamHead.get(streamName) ?? -1;
    const decision = decideAppend(streamName, expected, events, {
      lastRevision,
      idsFrom: (revision, count) => idsFrom.all(streamName, revision, count),
      revisionOf: (id) => revisionOf.get(streamName, id) ?? undefined,
    });
    if (!decision.write) {
      const position = positionOf.get(streamName, decision.duplicateAt)!;
      return { revision: BigInt(decision.duplicateAt), position: BigInt(position) };
    }
    const { lastInsertRowid } = insert.run(this.rowOf(streamName, lastRevision + 1, events[0]!));
    return this.writeRest(streamName, lastRevision + 1, events, lastInsertRowid);
  }

  /** Writes what follows the first event. */
  private writeRest(
    streamName: string,
    first: number,
    events: readonly EncodedEvent[],
    firstPosition: number | bigint,
  ): AppendResult {
    let position = firstPosition;
    for (let i = 1; i < events.length; i++)
      position = this.statements.insert.run(this.rowOf(streamName, first + i, events[i]!)).lastInsertRowid;
    return { revision: BigInt(first + events.length - 1), position: BigInt(position) };
  }

  private rowOf(streamName: string, revision: number, event: EncodedEvent): unknown[] {
    return [
      streamName,
      revision,
      event.id,
      event.type,
      Math.trunc(this.options.clock.now()),
      event.schemaVersion,
      event.correlationId ?? null,
      event.occurredAtMs ?? null,
      event.imported ? 1 : 0,
      event.contentType === jsonContentType ? null : event.contentType,
      event.data,
      event.metadata ?? null,
    ];
  }
}
