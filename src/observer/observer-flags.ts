/** What is amiss with the log as an observer sees it: events that no case can hold, and clocks that disagree. */

import type { RecordedEvent } from "../message/index.js";
import type { Flag } from "./case.js";
import type { FlagKind } from "./slot.js";

/** Between two flags of one sort, in the time that decides. */
const quietMs = 3_600_000;

/** How far clocks may be apart. */
export const clockToleranceMs = 60_000;

export type AnomalyReason = "behind" | "tick" | "ahead";

export interface ObserverFlagsState {
  /** Relevant events without a key, which no case can hold. */
  readonly uncorrelated: number;
  /** How many of them came since the last flag. */
  readonly unflagged?: number;
  /** When each sort was flagged last, in milliseconds since the UNIX epoch. */
  readonly flaggedMs?: Readonly<Record<string, number>>;
  /** How many flags there are, by definition. */
  readonly flags?: Readonly<Record<number, number>>;
}

export class ObserverFlags {
  private uncorrelated: number;
  private unflagged: number;
  private readonly flaggedMs: Record<string, number>;
  private readonly counts: Record<number, number>;

  constructor(state: Partial<ObserverFlagsState> = {}) {
    this.uncorrelated = state.uncorrelated ?? 0;
    this.unflagged = state.unflagged ?? 0;
    this.flaggedMs = { ...state.flaggedMs };
    this.counts = { ...state.flags };
  }

  get state(): ObserverFlagsState {
    const { uncorrelated, unflagged } = this;
    return {
      uncorrelated,
      ...(unflagged > 0 && { unflagged }),
      ...(Object.keys(this.flaggedMs).length > 0 && { flaggedMs: { ...this.flaggedMs } }),
      ...(Object.keys(this.counts).length > 0 && { flags: { ...this.counts } }),
    };
  }

  /** A relevant event that no case can hold. */
  lost(definition: number, nowMs: number, { id, type, streamName }: RecordedEvent): Flag | undefined {
    this.uncorrelated++;
    this.unflagged++;
    const details = { count: this.unflagged, eventType: type, streamName };
    const flag = this.raise("Uncorrelated", "Uncorrelated", definition, nowMs, id, details);
    if (flag) this.unflagged = 0;
    return flag;
  }

  anomaly(
    reason: AnomalyReason,
    definition: number,
    nowMs: number,
    { id, type, streamName }: RecordedEvent,
    differenceMs: number,
  ): Flag | undefined {
    return this.raise(reason, "ClockAnomaly", definition, nowMs, id, {
      reason,
      differenceMs,
      eventType: type,
      streamName,
    });
  }

  private raise(
    sort: string,
    kind: FlagKind,
    definition: number,
    nowMs: number,
    eventId: string,
    details: Readonly<Record<string, unknown>>,
  ): Flag | undefined {
    const lastMs = this.flaggedMs[sort];
    if (lastMs !== undefined && nowMs < lastMs + quietMs) return undefined;
    this.flaggedMs[sort] = nowMs;
    const sequence = this.counts[definition] ?? 0;
    this.counts[definition] = sequence + 1;
    return { kind, case: undefined, definition, sequence, eventId, decidedAtMs: nowMs, details };
  }
}
