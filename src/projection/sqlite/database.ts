/** One SQLite file and how work runs on it: whole transactions, retried while another process holds the write lock. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import type { Clock } from "../../clock.js";
import { StoreClosed, StoreUnavailable } from "../../errors.js";

// SQLite waits for a lock by blocking the event loop, so it may do so only briefly; the rest is waited for outside.
const blockingWaitMs = 5;
const longestDelayMs = 50;

export class Database {
  readonly connection: Sqlite.Database;
  private readonly inTransaction: Sqlite.Transaction<(work: () => unknown) => unknown>;
  private readonly closing = new AbortController();

  constructor(
    readonly file: string,
    private readonly clock: Clock,
    private readonly busyDeadlineMs: number,
  ) {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    this.connection = new Sqlite(file, { timeout: blockingWaitMs });
    this.inTransaction = this.connection.transaction((work: () => unknown) => work());
  }

  /** Runs `work` on one snapshot of the file. */
  read<T>(work: () => T): Promise<T> {
    return this.retrying(() => this.inTransaction.deferred(work) as T);
  }

  /** Runs `work` as the only writer; what it wrote is undone when it throws. It may run more than once. */
  write<T>(work: () => T): Promise<T> {
    return this.retrying(() => this.inTransaction.immediate(work) as T);
  }

  /**
   * Runs `attempt`, again and again while the file is locked.
   * @throws StoreUnavailable when it stayed locked until the deadline, or the disk failed.
   * @throws StoreClosed
   */
  async retrying<T>(attempt: () => T): Promise<T> {
    const deadlineMs = this.clock.now() + this.busyDeadlineMs;
    for (let attempts = 1; ; attempts++) {
      if (this.closing.signal.aborted) throw new StoreClosed(this.file);
      try {
        return attempt();
      } catch (error) {
        if (isDiskFailure(error))
          throw new StoreUnavailable(
            `${this.file}: could not be read or written: ${error.message}. Make room, or check the disk, then retry.`,
            { cause: error },
          );
        if (!isLocked(error)) throw error;
        if (this.clock.now() >= deadlineMs)
          throw new StoreUnavailable(
            `${this.file}: another process kept it locked for ${this.busyDeadlineMs} ms, through ${attempts} attempts. Retry, or find the process that holds a transaction open.`,
            { cause: error },
          );
      }
      // The jitter keeps several waiting processes from asking at the same moments.
      await this.clock.sleep(1 + Math.random() * Math.min(longestDelayMs, 2 ** attempts), this.closing.signal);
    }
  }

  close(): void {
    this.closing.abort();
    this.connection.close();
  }
}

const codeOf = (error: unknown) => (error instanceof Sqlite.SqliteError ? error.code : "");
const isLocked = (error: unknown) => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));
const isDiskFailure = (error: unknown): error is Error => /^SQLITE_(FULL|IOERR|READONLY)/.test(codeOf(error));
