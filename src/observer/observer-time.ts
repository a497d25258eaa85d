/** The time that decides, derived from the log alone (observer.md, section 1). Milliseconds since the UNIX epoch. */

import type { RecordedEvent } from "../message/index.js";
import type { ObserverDefinition } from "./definition.js";

export interface TimeState {
  /** λ: the greatest recorded time read so far. */
  readonly logTimeMs: number | null;
  /** max τ: the greatest business time read so far; kept only where it decides. */
  readonly businessTimeMs: number | null;
}

export class ObserverTime {
  private logTimeMs: number;
  private businessTimeMs: number;
  private readonly byBusinessTime: boolean;

  constructor(
    private readonly definition: ObserverDefinition,
    state: Partial<TimeState> = {},
  ) {
    this.logTimeMs = state.logTimeMs ?? -Infinity;
    this.businessTimeMs = state.businessTimeMs ?? -Infinity;
    this.byBusinessTime = definition.timeBase === "occurred";
  }

  get state(): TimeState {
    const stored = (ms: number) => (ms === -Infinity ? null : ms);
    return { logTimeMs: stored(this.logTimeMs), businessTimeMs: stored(this.businessTimeMs) };
  }

  /** What deadlines are compared with: λ, or the watermark ω = max τ - lateness. */
  get nowMs(): number {
    return this.byBusinessTime ? this.businessTimeMs - this.latenessMs : this.logTimeMs;
  }

  /** How much longer than to its own time the log must be recorded until `nowMs` gets there. */
  get latenessMs(): number {
    return this.byBusinessTime ? this.definition.latenessMs : 0;
  }

  /** Moves time on to the event. */
  advance(event: RecordedEvent): void {
    this.logTimeMs = Math.max(this.logTimeMs, event.firstRecordedAtMs);
    if (this.byBusinessTime) this.businessTimeMs = Math.max(this.businessTimeMs, this.businessTimeOf(event));
  }

  /** When the event counts: λ at its position, or its business time τ. To be asked after `advance`. */
  timeOf(event: RecordedEvent): number {
    return this.byBusinessTime ? this.businessTimeOf(event) : this.logTimeMs;
  }

  /** τ: when it occurred, or was recorded where the writer stated nothing, or a future beyond the tolerance. */
  businessTimeOf(event: RecordedEvent): number {
    const { occurredAtMs, recordedAtMs } = event;
    if (occurredAtMs === undefined) return recordedAtMs;
    const { toleranceMs } = this.definition;
    if (toleranceMs === Infinity) return occurredAtMs;
    return occurredAtMs > event.firstRecordedAtMs + toleranceMs ? event.firstRecordedAtMs : occurredAtMs;
  }
}
