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

interface LogHead {
  readonly position: number;
  readonly recordedAt: number;
}

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
      // The first event of a commit finds the end of the log as it is written: a call less for every single append.
      insertFirst: db.prepare<unknown[], LogHead>(
        `INSERT INTO event VALUES (NULL, ?, ?, ?, ?,
           max(?, coalesce((SELECT recorded_at FROM event ORDER BY position DESC LIMIT 1), 0)), ?, ?, ?, ?, ?, ?, ?)
         RETURNING position, recorded_at AS recordedAt`,
      ),
      insert: db.prepare("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
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
      if (outcomes.some((outcome) => "duplicate" in outcome && !outcome.duplicate)) this.options.onCommit();
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

  private giveUpExpired(cause: unknown): void {
    const now = performance.now();
    const expired = this.waiting.filter(({ deadline }) => deadline <= now);
    if (expired.length === 0) return;
    this.waiting.splice(0, this.waiting.length, ...this.waiting.filter(({ deadline }) => deadline > now));
    const remedy = `It stayed locked for ${this.options.busyDeadlineMs} ms; nothing was written. End what locks it, then retry.`;
    for (const append of expired) append.reject(this.failed(append, cause, remedy));
  }

  private failed(append: Append, cause: unknown, remedy: string): Error {
    return unavailable(`append to ${append.streamName}`, this.options.file, cause, remedy);
  }

  /** Writes the batch inside its transaction. Each append is decided before it writes, so a conflict leaves no trace. */
  private write(batch: readonly Append[]): (AppendResult | WrongExpectedRevision)[] {
    const log: { head?: LogHead } = {};
    return batch.map((append) => {
      try {
        return this.writeOne(append, log);
      } catch (error) {
        if (error instanceof WrongExpectedRevision) return error;
        throw error;
      }
    });
  }

  private writeOne({ streamName, events, expected }: Append, log: { head?: LogHead }): AppendResult {
    const { streamHead, idsFrom, revisionOf, positionOf } = this.statements;
    const lastRevision = streamHead.get(streamName) ?? -1;
    const decision = decideAppend(streamName, expected, events, {
      lastRevision,
      idsFrom: (revision, count) => idsFrom.all(streamName, revision, count),
      revisionOf: (id) => revisionOf.get(streamName, id) ?? undefined,
    });
    if (!decision.write) {
      const position = positionOf.get(streamName, decision.duplicateAt)!;
      return { revision: BigInt(decision.duplicateAt), position: BigInt(position), duplicate: true };
    }
    let revision = lastRevision;
    for (const event of events) log.head = this.insert(streamName, ++revision, event, log.head);
    return { revision: BigInt(revision), position: BigInt(log.head!.position), duplicate: false };
  }

  /** Writes an event after the last one of this commit, or of the log; returns where, and when. */
  private insert(streamName: string, revision: number, event: EncodedEvent, last: LogHead | undefined): LogHead {
    const { insertFirst, insert } = this.statements;
    const now = Math.trunc(this.options.clock.now());
    const rest = [
      event.schemaVersion,
      event.correlationId ?? null,
      event.occurredAtMs ?? null,
      event.imported ? 1 : 0,
      event.contentType === jsonContentType ? null : event.contentType,
      event.data,
      event.metadata ?? null,
    ] as const;
    if (!last) return insertFirst.get(streamName, revision, event.id, event.type, now, ...rest)!;
    const head = { position: last.position + 1, recordedAt: Math.max(now, last.recordedAt) };
    insert.run(head.position, streamName, revision, event.id, event.type, head.recordedAt, ...rest);
    return head;
  }
}
