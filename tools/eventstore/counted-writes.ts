/** Writes to the log, counted, so that a server that stops can let them finish. */

import type { RecordLog, WriteOutcome } from "./record-log.js";

export type LogWrites = Pick<RecordLog, "append" | "delete" | "tombstone">;

export class CountedWrites implements LogWrites {
  #count = 0;
  #whenIdle: (() => void)[] = [];

  constructor(private readonly log: LogWrites) {}

  append(...write: Parameters<LogWrites["append"]>): Promise<WriteOutcome> {
    return this.#counted(this.log.append(...write));
  }

  delete(...write: Parameters<LogWrites["delete"]>): Promise<WriteOutcome> {
    return this.#counted(this.log.delete(...write));
  }

  tombstone(...write: Parameters<LogWrites["tombstone"]>): Promise<WriteOutcome> {
    return this.#counted(this.log.tombstone(...write));
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  async #counted(write: Promise<WriteOutcome>): Promise<WriteOutcome> {
    this.#count++;
    try {
      return await write;
    } finally {
      if (--this.#count === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }
}
