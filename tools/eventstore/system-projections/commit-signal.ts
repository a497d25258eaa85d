/** Remembers a commit until somebody waits for it, so that none between a read and the waiting is missed. */

import type { RecordLog } from "../record-log.js";

export class CommitSignal {
  readonly close: () => void;
  #given = true;
  #wake: () => void = () => {};

  /** Until `close` is called. */
  constructor(log: RecordLog) {
    this.close = log.onCommit(() => this.give());
  }

  give(): void {
    this.#given = true;
    this.#wake();
  }

  /** To be called before the read whose outcome decides whether to wait. */
  clear(): void {
    this.#given = false;
  }

  /** Resolves when the signal was given after the last `clear`. For one waiting at a time. */
  async given(): Promise<void> {
    if (!this.#given) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
