/** Group commit: the writes of one turn of the event loop become one transaction, each with an outcome of its own. */

import type { RollcallError } from "../../errors.js";
import type { Database } from "./database.js";
import { isBusy, retryDelayMs, unavailable } from "./retry.js";

export interface GroupCommitOptions<Write, Outcome extends object> {
  readonly file: string;
  /** How long a write may wait for locks of other processes. */
  readonly busyDeadlineMs: number;
  /**
   * Carries a write out, inside the transaction. To refuse this one alone it returns an error, and has written nothing;
   * what it throws ends the whole transaction.
   */
  readonly perform: (write: Write) => Outcome | RollcallError;
  /** How many rows a write brings. */
  readonly rowsOf: (write: Write) => number;
  /** What a write does, as the beginning of a message. */
  readonly titleOf: (write: Write) => string;
  /** Called after a transaction, with the outcomes of what was not refused, unless all was. */
  readonly onCommit: (outcomes: readonly Outcome[]) => void;
}

interface Pending<Write, Outcome> {
  readonly write: Write;
  readonly deadline: number;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** A transaction may hold this many rows more than its last write brings over it. */
const rowsPerCommit = 2_000;

/** Writes that wait for their commit, in the order in which they came. */
export class GroupCommit<Write, Outcome extends object> {
  private readonly waiting: Pending<Write, Outcome>[] = [];
  private scheduled = false;
  private whenIdle: (() => void)[] = [];
  private readonly commit: (batch: readonly Pending<Write, Outcome>[]) => (Outcome | RollcallError)[];

  constructor(
    db: Database,
    private readonly options: GroupCommitOptions<Write, Outcome>,
  ) {
    const { perform } = options;
    // IMMEDIATE takes the write lock first: what is decided after that stays true until the commit.
    const transaction = db.transaction((batch: readonly Pending<Write, Outcome>[]) =>
      batch.map(({ write }) => perform(write)),
    );
    this.commit = (batch) => transaction.immediate(batch);
  }

  /** Resolves after the commit. @throws StoreUnavailable, or what `perform` returned to refuse the write */
  add(write: Write): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.busyDeadlineMs;
      this.waiting.push({ write, deadline, resolve, reject });
      this.schedule();
    });
  }

  /** Resolves when nothing waits. */
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
    let outcomes: (Outcome | RollcallError)[] = [];
    let delayMs = 0;
    try {
      outcomes = this.commit(batch);
      this.waiting.splice(0, batch.length);
    } catch (error) {
      if (isBusy(error)) {
        delayMs = retryDelayMs();
        this.giveUpExpired(error);
      } else {
        this.waiting.splice(0, batch.length);
        for (const pending of batch)
          pending.reject(this.failed(pending, error, "Mend the cause, then retry with the same event ids."));
      }
    }
    const performed: Outcome[] = [];
    outcomes.forEach((outcome, i) => {
      if (outcome instanceof Error) batch[i]!.reject(outcome);
      else {
        performed.push(outcome);
        batch[i]!.resolve(outcome);
      }
    });
    this.schedule(delayMs);
    if (this.waiting.length === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
    if (performed.length > 0) this.options.onCommit(performed);
  }

  private nextBatch(): Pending<Write, Outcome>[] {
    let rows = 0;
    const end = this.waiting.findIndex(({ write }) => (rows += this.options.rowsOf(write)) >= rowsPerCommit);
    return this.waiting.slice(0, end < 0 ? undefined : end + 1);
  }

  /** All of them when the first has waited too long: a later one must not be written where an earlier one was not. */
  private giveUpExpired(cause: unknown): void {
    if (this.waiting[0]!.deadline > performance.now()) return;
    const remedy = `It stayed locked for ${this.options.busyDeadlineMs} ms; nothing was written. End what locks it, then retry.`;
    for (const pending of this.waiting.splice(0)) pending.reject(this.failed(pending, cause, remedy));
  }

  private failed({ write }: Pending<Write, Outcome>, cause: unknown, remedy: string): Error {
    return unavailable(this.options.titleOf(write), this.options.file, cause, remedy);
  }
}
