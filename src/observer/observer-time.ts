/**
 * The time that decides, derived from the log alone (docs/observers.md, "Time"). Milliseconds since the UNIX epoch, as
 * the observer counts them: a reset of a wild clock lets what the log says count so much later from then on, instead of
 * moving every open deadline.
 */

import type { RecordedEvent } from "../message/index.js";
import { tickType } from "../subscription/index.js";
import { isControl } from "./control-events.js";
import type { ObserverDefinition } from "./definition.js";

export interface TimeState {
  /** λ: the greatest recorded time read so far. */
  readonly logTimeMs: number | null;
  /** max τ: the greatest business time read so far; kept only where it decides. */
  readonly businessTimeMs: number | null;
  /** How much later than in the log every time counts; absent until a clock was reset. */
  readonly offsetMs?: number;
}

type Terms = Pick<ObserverDefinition, "timeBase" | "latenessMs" | "toleranceMs" | "live">;

export class ObserverTime {
  private logTimeMs: number;
  private businessTimeMs: number;
  private offset: number;

  constructor(
    private terms: Terms,
    state: Partial<TimeState> = {},
  ) {
    this.logTimeMs = state.logTimeMs ?? -Infinity;
    this.businessTimeMs = state.businessTimeMs ?? -Infinity;
    this.offset = state.offsetMs ?? 0;
  }

  /** From now on by the terms of another definition. */
  goBy(terms: Terms): void {
    this.terms = terms;
  }

  get state(): TimeState {
    const stored = (ms: number) => (ms === -Infinity ? null : ms);
    const { logTimeMs, businessTimeMs, offset } = this;
    return {
      logTimeMs: stored(logTimeMs),
      businessTimeMs: stored(businessTimeMs),
      ...(offset !== 0 && { offsetMs: offset }),
    };
  }

  get offsetMs(): number {
    return this.offset;
  }

  /** What deadlines are compared with: λ, or the watermark ω = max τ - lateness. */
  get nowMs(): number {
    return this.byBusinessTime ? this.businessTimeMs - this.latenessMs : this.logTimeMs;
  }

  /** How much longer than to its own time the log must be recorded until `nowMs` gets there. */
  get latenessMs(): number {
    return this.byBusinessTime ? this.terms.latenessMs : 0;
  }

  private get byBusinessTime(): boolean {
    return this.terms.timeBase === "occurred";
  }

  /** False for a tick that says nothing, because the observer's log is not live: it is not even read. */
  reads({ type }: RecordedEvent): boolean {
    return type !== tickType || this.terms.live;
  }

  /** Moves time on to the event. */
  advance(event: RecordedEvent): void {
    this.logTimeMs = Math.max(this.logTimeMs, event.firstRecordedAtMs + this.offset);
    // Of the control events ticks alone say how late it is in the business.
    if (this.byBusinessTime && (event.type === tickType || !isControl(event.type)))
      this.businessTimeMs = Math.max(this.businessTimeMs, this.businessTimeOf(event));
  }

  /** Lets time go on from `toMs`, a time of the log, if that lies back. Nothing that was counted is counted again. */
  reset(toMs: number): void {
    const presentMs = this.byBusinessTime ? this.businessTimeMs : this.logTimeMs;
    if (toMs + this.offset < presentMs) this.offset = presentMs - toMs;
  }

  /** A time as the observer counts it, as the log would say it now. */
  inLog(ms: number): number {
    return ms - this.offset;
  }

  /** When the event counts: λ at its position, or its business time τ. To be asked after `advance`. */
  timeOf(event: RecordedEvent): number {
    return this.byBusinessTime ? this.businessTimeOf(event) : this.logTimeMs;
  }

  /** τ: when it occurred, or was recorded where the writer stated nothing, or a future beyond the tolerance. */
  businessTimeOf(event: RecordedEvent): number {
    const { occurredAtMs, recordedAtMs } = event;
    if (occurredAtMs === undefined) return recordedAtMs + this.offset;
    return (this.aheadMs(event) > 0 ? event.firstRecordedAtMs : occurredAtMs) + this.offset;
  }

  /** How far the event claims to have occurred beyond what is tolerated; 0 or less for what is believed. */
  aheadMs(event: RecordedEvent): number {
    const { toleranceMs } = this.terms;
    // Without a bound nothing needs to be read of the metadata.
    if (event.occurredAtMs === undefined || toleranceMs === Infinity) return 0;
    return event.occurredAtMs - event.firstRecordedAtMs - toleranceMs;
  }

  /** How far log time lies ahead of when the event itself was recorded. To be asked after `advance`. */
  behindMs(event: RecordedEvent): number {
    return this.byBusinessTime ? 0 : this.logTimeMs - event.firstRecordedAtMs - this.offset;
  }
}
