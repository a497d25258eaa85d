/** The appends of the embedded store: what becomes of each is decided inside the transaction that writes it. */

import type { Clock } from "../../clock.js";
import { WrongExpectedRevision } from "../../errors.js";
import { decideAppend, type EncodedEvent } from "../appending.js";
import type { AppendResult, ExpectedRevision } from "../event-store.js";
import type { Database } from "./database.js";
import { EventRows } from "./event-rows.js";
import { GroupCommit } from "./group-commit.js";

interface Append {
  readonly streamName: string;
  readonly events: readonly EncodedEvent[];
  readonly expected: ExpectedRevision;
}

export interface AppendQueueOptions {
  readonly file: string;
  readonly clock: Clock;
  /** How long an append may wait for locks of other processes. */
  readonly busyDeadlineMs: number;
  readonly onCommit: () => void;
}

/** Appends that wait for their commit, in the order in which they came. */
export class AppendQueue {
  private readonly rows: EventRows;
  private readonly commits: GroupCommit<Append, AppendResult>;

  constructor(db: Database, { file, clock, busyDeadlineMs, onCommit }: AppendQueueOptions) {
    this.rows = new EventRows(db, clock);
    this.commits = new GroupCommit<Append, AppendResult>(db, {
      file,
      busyDeadlineMs,
      onCommit,
      perform: (append) => this.perform(append),
      rowsOf: ({ events }) => events.length,
      titleOf: ({ streamName }) => `append to ${streamName}`,
    });
  }

  /** Resolves after the commit. @throws WrongExpectedRevision, StoreUnavailable */
  add(streamName: string, events: readonly EncodedEvent[], expected: ExpectedRevision): Promise<AppendResult> {
    return this.commits.add({ streamName, events, expected });
  }

  /** Resolves when no append waits. */
  idle(): Promise<void> {
    return this.commits.idle();
  }

  private perform(append: Append): AppendResult | WrongExpectedRevision {
    try {
      return this.writeAsExpected(append) ?? this.writeAsDecided(append);
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return error;
      throw error;
    }
  }

  private writeAsExpected({ streamName, events, expected }: Append): AppendResult | undefined {
    if (expected === "any" || expected === "stream_exists") return undefined;
    const revision = expected === "no_stream" ? 0 : Number(expected) + 1;
    const position = this.rows.addIfNext(streamName, revision, events);
    return position === undefined ? undefined : resultOf(revision + events.length - 1, position);
  }

  private writeAsDecided({ streamName, events, expected }: Append): AppendResult {
    const { rows } = this;
    const lastRevision = rows.lastRevision(streamName);
    const decision = decideAppend(streamName, expected, events, {
      lastRevision,
      idsFrom: (revision, count) => rows.idsFrom(streamName, revision, count),
      revisionOf: (id) => rows.revisionOf(streamName, id),
    });
    return decision.write
      ? resultOf(lastRevision + events.length, rows.add(streamName, lastRevision + 1, events))
      : resultOf(decision.duplicateAt, rows.positionOf(streamName, decision.duplicateAt));
  }
}

const resultOf = (revision: number, position: number | bigint): AppendResult => ({
  revision: BigInt(revision),
  position: BigInt(position),
});
