/** The plain records that go into the oracle and come out of it; nothing of the framework is imported, so it cannot err with it. */

/** One event of the log, clock ticks included. */
export interface LogRecord {
  readonly id: string;
  readonly type: string;
  /** None for clock ticks. An event without one moves the time and belongs to no case. */
  readonly correlationId?: string | null | undefined;
  /** Ascending along the log, gaps allowed. A record that does not ascend is a redelivery. */
  readonly position: number;
  readonly recordedAtMs: number;
  readonly occurredAtMs?: number | undefined;
  readonly imported?: boolean | undefined;
}

/** The terms of one slot, with the terms of its observer; the latter are the same for all slots of one observer. */
export interface SlotTerms {
  readonly observer: string;
  readonly slot: string;
  readonly trigger: readonly string[];
  readonly counterpart: readonly string[];
  readonly unless: readonly string[];
  readonly withinMs: number;
  /** How many counterparts are no `Duplicate` yet, at least 1 (`once()` is 1); unbounded when left out. */
  readonly max?: number | undefined;
  readonly timeBase: "recorded" | "occurred";
  /** Business time only; 0 when left out. */
  readonly latenessMs?: number | undefined;
  /** Business time only: ticks count. */
  readonly live?: boolean | undefined;
  /** Log time only: imported events are applied. */
  readonly includeImported?: boolean | undefined;
  /** Business time: an `occurredAt` further than this beyond `recordedAt` is read as `recordedAt`; unbounded when left out. */
  readonly toleranceMs?: number | undefined;
  readonly tickType: string;
}

export type SlotState = "IDLE" | "EARLY" | "OPEN" | "MET" | "MISSING" | "RECOVERED" | "WAIVED";
export type CaseStatus = "flagged" | "open" | "recovered" | "settled";
export type FlagKind = "Missing" | "LateArrival" | "Duplicate" | "Withdrawn";

/** A flag without its id: what makes it this flag and no other. */
export interface FlagRecord {
  readonly observer: string;
  readonly slot: string;
  readonly case: string;
  readonly kind: FlagKind;
  /** From 0, per observer and case. */
  readonly sequence: number;
  /** ISO 8601; of `Missing` only. */
  readonly deadline?: string;
  /** The event that raised it; of every kind but `Missing`. */
  readonly eventId?: string;
  /** Of `LateArrival` only: by business time it came before the deadline. */
  readonly occurredInTime?: boolean;
}

export interface ExpectedSlot {
  readonly slot: string;
  readonly state: SlotState;
  /** The first verdict, which no extension of the log changes; `state` says what became of it. */
  readonly verdict: "unknown" | "met" | "missing" | "waived";
  /** The trigger that counts, if one was judged. */
  readonly triggerId?: string;
  readonly deadlineMs?: number;
  /** A counterpart was judged before the trigger. */
  readonly early: boolean;
}

export interface ExpectedCase {
  readonly observer: string;
  readonly case: string;
  readonly status: CaseStatus;
  /** In the order of the terms. */
  readonly slots: readonly ExpectedSlot[];
  /** In their sequence. */
  readonly flags: readonly FlagRecord[];
}
