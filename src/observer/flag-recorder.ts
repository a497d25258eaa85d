/** Flags on their way: what only the observer as a whole knows is added to them, and they are recorded case by case. */

import type { Flag } from "./case.js";
import type { DefinitionHistory } from "./definition-history.js";
import type { ObserverDefinition } from "./definition.js";
import type { FlagSink } from "./flag-sink.js";
import type { RecordableFlag } from "./flag-stream.js";
import type { ObserverTime } from "./observer-time.js";

export class FlagRecorder {
  /** What is flagged now, no event of the log has proved. */
  provisional = false;
  private flags: RecordableFlag[] = [];

  constructor(
    private readonly sink: FlagSink,
    private readonly history: DefinitionHistory,
    private readonly time: ObserverTime,
  ) {}

  /** Flags that are not recorded yet. */
  get count(): number {
    return this.flags.length;
  }

  /** @param position of the event at which they were raised */
  add(flags: readonly Flag[], position: bigint): void {
    const { time, history, provisional } = this;
    const backfill = history.isBackfill(position);
    for (const flag of flags) {
      const { deadlineMs, decidedAtMs } = flag;
      this.flags.push({
        ...flag,
        ...(deadlineMs !== undefined && { deadlineMs: time.inLog(deadlineMs) }),
        position,
        decidedAtMs: time.inLog(decidedAtMs),
        backfill,
        provisional,
      });
    }
  }

  /** Records all of them; those of one case follow on each other. */
  async record(chain: readonly ObserverDefinition[]): Promise<void> {
    const byStream = new Map<string, RecordableFlag[]>();
    for (const flag of this.flags) {
      const stream = `${flag.definition} ${flag.case ?? ""} ${flag.case === undefined}`;
      const flags = byStream.get(stream);
      if (flags) flags.push(flag);
      else byStream.set(stream, [flag]);
    }
    await Promise.all([...byStream.values()].map((flags) => this.sink.record(chain[flags[0]!.definition]!, flags)));
    this.flags = [];
  }
}
