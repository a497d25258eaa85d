/** Where in a log the events of each correlation are, and up to where that is known; several processes may share it. */

import { createHash } from "node:crypto";
import type { Database } from "better-sqlite3";
import { IncompatibleStore, StoreClosed } from "../../errors.js";
import type { RecordedEvent } from "../../message/index.js";
import { whileBusy } from "../sqlite/retry.js";
import { openCorrelationDatabase, temporary } from "./correlation-database.js";
import { isOfUsers } from "./log-filter.js";

/** An event by which a log is known again. */
export interface Witness {
  readonly id: string;
  readonly position: bigint;
}

/** What is known of a log. */
export interface Progress {
  /** Everything up to this position is indexed; `undefined` while nothing is. */
  readonly through: bigint | undefined;
  readonly witness: Witness | undefined;
}

/** Part of a log: all events of users after `from` and up to `to`. */
export interface Batch {
  readonly from: bigint | undefined;
  readonly to: bigint;
  readonly events: readonly RecordedEvent[];
}

interface ProgressRow {
  readonly log: string;
  readonly through: bigint | null;
  readonly witness_id: string | null;
  readonly witness_position: bigint | null;
}

/** How long a step waits for locks of other processes, in milliseconds. */
const busyDeadlineMs = 10_000;

const what = "use the index by correlation id";

/** Every method opens the file if need be. @throws IncompatibleStore, StoreUnavailable, StoreClosed */
export class CorrelationIndex {
  private statements: ReturnType<typeof prepare> | undefined;
  private closed = false;

  /** @param file is created, with its folder, at the first use; a temporary one unless stated. */
  constructor(private readonly file: string = temporary) {}

  /** What is known of this log. What is known of another one is thrown away. */
  begin(log: string): Promise<Progress> {
    return this.attempt((statements) => {
      const known = statements.progress();
      return progressOf(known?.log === log ? known : statements.begin(log));
    });
  }

  /** Throws away what is known of the log, unless that was done since `witness` was seen. */
  forget(log: string, { id }: Witness): Promise<void> {
    return this.attempt((statements) => statements.forget(log, id));
  }

  /** Adds all of the batch or nothing. @returns false when what it follows on is gone */
  add(log: string, batch: Batch): Promise<boolean> {
    return this.attempt((statements) => {
      const added = statements.add(log, batch);
      if (added === "another log") throw this.usedForAnother();
      return added;
    });
  }

  /**
   * Positions of events that seem to be of the correlation, after `after`, in order.
   * @returns `undefined` when the log is not indexed up to `through` any more
   */
  find(
    log: string,
    correlationId: string,
    { after, through }: { readonly after: bigint | undefined; readonly through: bigint },
    limit: number,
  ): Promise<readonly bigint[] | undefined> {
    return this.attempt((statements) => {
      const found = statements.find(log, digestOf(correlationId), after ?? -1n, through, limit);
      if (found === "another log") throw this.usedForAnother();
      return found;
    });
  }

  close(): void {
    this.closed = true;
    this.statements?.close();
  }

  private attempt<T>(step: (statements: ReturnType<typeof prepare>) => T): Promise<T> {
    return whileBusy(what, this.file || "a temporary file", busyDeadlineMs, () => {
      if (this.closed) throw new StoreClosed(what);
      this.statements ??= prepare(openCorrelationDatabase(this.file));
      return step(this.statements);
    });
  }

  private usedForAnother(): IncompatibleStore {
    return new IncompatibleStore(
      `${this.file}: expected the index of one log, found that another process uses the file for another log at the same time. Give each log a file of its own.`,
    );
  }
}

function prepare(db: Database) {
  const select = db.prepare<[], ProgressRow>("SELECT * FROM progress").safeIntegers();
  const replace = db.prepare<[string]>("INSERT OR REPLACE INTO progress (only, log) VALUES (1, ?)");
  const clear = db.prepare("DELETE FROM event");
  const insert = db.prepare<[Buffer, bigint]>("INSERT OR IGNORE INTO event VALUES (?, ?)");
  const advance = db.prepare<[bigint]>("UPDATE progress SET through = ?");
  const witness = db.prepare<[string, bigint]>("UPDATE progress SET witness_id = ?, witness_position = ?");
  const positions = db
    .prepare<[Buffer, bigint, number], bigint>(
      "SELECT position FROM event WHERE correlation = ? AND position > ? ORDER BY position LIMIT ?",
    )
    .safeIntegers()
    .pluck();

  const reset = (log: string) => {
    clear.run();
    replace.run(log);
  };
  const begin = db.transaction((log: string) => {
    if (select.get()?.log !== log) reset(log);
    return select.get()!;
  });
  const forget = db.transaction((log: string, witnessId: string) => {
    const known = select.get();
    if (known?.log === log && known.witness_id === witnessId) reset(log);
  });
  const add = db.transaction((log: string, { from, to, events }: Batch) => {
    const known = select.get();
    if (known?.log !== log) return "another log";
    const through = known.through ?? -1n;
    if (through < (from ?? -1n)) return false;
    // Another process was here already, with the same.
    if (through >= to) return true;
    for (const { correlationId, type, position } of events)
      if (correlationId !== undefined && isOfUsers(type)) insert.run(digestOf(correlationId), position);
    advance.run(to);
    const last = events.at(-1);
    if (last) witness.run(last.id, last.position);
    return true;
  });
  const find = db.transaction((log: string, digest: Buffer, after: bigint, through: bigint, limit: number) => {
    const known = select.get();
    if (known?.log !== log) return "another log";
    return (known.through ?? -1n) < through ? undefined : positions.all(digest, after, limit);
  });
  return {
    progress: () => select.get(),
    // IMMEDIATE takes the write lock first: what is read after that stays true until the commit.
    begin: (...args: Parameters<typeof begin>) => begin.immediate(...args),
    forget: (...args: Parameters<typeof forget>) => forget.immediate(...args),
    add: (...args: Parameters<typeof add>) => add.immediate(...args),
    find,
    close: () => db.close(),
  };
}

const progressOf = ({ through, witness_id: id, witness_position: position }: ProgressRow): Progress => ({
  through: through ?? undefined,
  witness: id === null || position === null ? undefined : { id, position },
});

/** So short that two ids may share one, in theory: whoever reads looks at the events themselves. */
const digestOf = (correlationId: string): Buffer => createHash("sha256").update(correlationId).digest().subarray(0, 16);
