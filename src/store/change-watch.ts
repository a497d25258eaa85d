/** Lets readers at the head of a log wait for the next commit, of this process or of another. */

export interface ForeignChanges {
  /** Changes with each commit that others make. */
  readonly version: () => number;
  readonly pollMs: number;
}

/** Waiting readers and who wakes them. */
export class ChangeWatch {
  private readonly waiting = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private seenVersion: number | undefined;

  constructor(private readonly foreign?: ForeignChanges) {}

  /** Wakes everyone; call it after each commit of this process. */
  notify(): void {
    for (const wake of this.waiting) wake();
  }

  /** Resolves when something may have been committed, or `stop` aborts; at once unless `isCurrent` when asked. */
  async changed(isCurrent: () => boolean, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    this.listen();
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        stop.removeEventListener("abort", wake);
        if (this.waiting.size === 0) this.rest();
        resolve();
      };
      this.waiting.add(wake);
      stop.addEventListener("abort", wake);
      // Only now: what is committed before this check is seen by it, what comes later wakes.
      if (!orUndefined(isCurrent)) wake();
    });
  }

  private listen(): void {
    const { foreign } = this;
    if (this.timer || !foreign) return;
    this.seenVersion = orUndefined(foreign.version);
    this.timer = setInterval(() => this.poll(foreign), foreign.pollMs);
  }

  private poll(foreign: ForeignChanges): void {
    const version = orUndefined(foreign.version);
    if (version !== undefined && version === this.seenVersion) return;
    this.seenVersion = version;
    this.notify();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** What fails here wakes the reader, which meets the same trouble and reports it. */
function orUndefined<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
