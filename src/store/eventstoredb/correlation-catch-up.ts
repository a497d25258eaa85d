/** Brings the index by correlation id up to the head of the log: once for all that wait for it. */

import type { Batch, CorrelationIndex } from "./correlation-index.js";
import { LogFollower } from "./log-follower.js";
import { ofUsers } from "./log-filter.js";
import type { Reading } from "./reading.js";

interface Run {
  readonly ended: Promise<void>;
  readonly stop: AbortController;
  waiting: number;
}

export class CorrelationCatchUp {
  private run: Run | undefined;

  constructor(
    private readonly reading: Reading,
    private readonly index: CorrelationIndex,
  ) {}

  /**
   * Resolves once the log is indexed up to `head`, or `stop` aborts. What is under way ends when nobody waits for it any
   * more; what was indexed by then is kept.
   * @throws StoreUnavailable, StoreClosed, AccessDenied, IncompatibleStore
   */
  async to(head: bigint, log: string, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const { through } = await this.index.begin(log);
      if (through !== undefined && through >= head) return;
      const run = (this.run ??= this.started(log, through, head));
      run.waiting++;
      try {
        await unlessStopped(run.ended, stop);
      } finally {
        if (--run.waiting === 0) run.stop.abort();
      }
    }
  }

  /** Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.run?.stop.abort();
    await this.run?.ended.catch(() => {}); // those who wait for it hear of it
  }

  private started(log: string, from: bigint | undefined, head: bigint): Run {
    const stop = new AbortController();
    const ended = this.indexed(log, from, head, stop.signal).finally(() => {
      this.run = undefined;
    });
    ended.catch(() => {}); // also when all have left
    return { ended, stop, waiting: 0 };
  }

  /** Goes as far as `head`; less far when `stop` aborts, or the index was begun anew meanwhile. */
  private async indexed(log: string, from: bigint | undefined, head: bigint, stop: AbortSignal): Promise<void> {
    const follower = new LogFollower(this.reading, from, ofUsers, stop, "index the log by correlation id");
    const reached = () => (follower.reached === undefined ? -1n : BigInt(follower.reached));
    let through = from ?? -1n;
    const add = async (to: bigint, events: Batch["events"]) => {
      const added = await this.index.add(log, { from: through < 0n ? undefined : through, to, events });
      through = to;
      return added;
    };
    let complete = false;
    for await (const message of follower.messages()) {
      if (message.kind === "events" && !(await add(reached(), message.events))) return;
      complete = message.kind === "caughtUp" || reached() >= head;
      if (complete) break;
    }
    // Where nothing passed there was no batch; but who comes next need not look there again.
    const to = complete && head > reached() ? head : reached();
    if (to > through) await add(to, []);
  }
}

/** What `promise` resolves with; `undefined` as soon as `stop` aborts. */
export async function unlessStopped<T>(promise: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  const enough = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener("abort", () => resolve(undefined), { once: true, signal: enough.signal });
    if (stop.aborted) resolve(undefined);
  });
  promise.catch(() => {}); // also when nobody waits for it any more
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    enough.abort();
  }
}
