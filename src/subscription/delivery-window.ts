/** Which of the events that were taken are finished: they finish in any order, the checkpoint moves in the log's. */

interface Taken {
  readonly position: bigint;
  readonly recordedAtMs: number;
  done: boolean;
}

/** Finished events, per unfinished one allowed, that may stand behind one that takes long: a crash delivers them again. */
const finishedBehind = 31;

export class DeliveryWindow {
  private readonly taken: Taken[] = [];
  private readonly waiting: (() => void)[] = [];
  private unfinished = 0;

  /** @param capacity most events taken and not finished */
  constructor(
    private readonly capacity: number,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => this.wake(), { once: true });
  }

  /** Takes an event, once there is room or `signal` aborts; the function returned says that it is finished. */
  async take(position: bigint, recordedAtMs: number): Promise<() => void> {
    while (this.full && !this.signal.aborted) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const entry = { position, recordedAtMs, done: false };
    this.taken.push(entry);
    this.unfinished++;
    return () => {
      entry.done = true;
      this.unfinished--;
      this.wake();
    };
  }

  /** Removes what is finished from the front: the last of it, and how many there were since the last call. */
  advance(): { position: bigint; recordedAtMs: number; count: number } | undefined {
    const unfinished = this.taken.findIndex(({ done }) => !done);
    const count = unfinished < 0 ? this.taken.length : unfinished;
    const last = this.taken.splice(0, count).at(-1);
    if (last) this.wake();
    return last && { position: last.position, recordedAtMs: last.recordedAtMs, count };
  }

  /** What is finished does not count at once: one slow reaction must not hold up all that come after it. */
  private get full(): boolean {
    return this.unfinished >= this.capacity || this.taken.length >= this.capacity * (1 + finishedBehind);
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
