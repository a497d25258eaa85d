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
  readonly data?: Record<string, unknown> | undefined;
  readonly metadata?: Record<string, unknown> | undefined;
  readonly streamName?: string | undefined;
}

/** Control events; the tick is one too, its type is a term. A tick may carry `{ askedAt }`, the clock of whoever wrote it. */
export const clockResetType = "observer.ClockReset";
export const acknowledgedType = "observer.Acknowledged";
export const observerDefinedType = "observer.ObserverDefined";

/** How the events of one type find their case: by a path, by a path that also tells an alias of it, or by an alias told before. */
export type KeyTerm = string | { readonly key: string; readonly alias?: string } | { readonly via: string };

/** The terms of one slot, with the terms of its observer; the latter are the same for all slots of one observer. */
export interface SlotTerms {
  readonly observer: string;
  readonly slot: string;
  readonly trigger: readonly string[];
  readonly counterpart: readonly string[];
  readonly unless: readonly string[];
  readonly withinMs: number;
  /** The slot whose completion is the trigger; `trigger` is empty then. */
  readonly after?: string | undefined;
  /** How many counterparts are enough; 1 when left out. A text is a path into the trigger: a number there, or the length of a list. */
  readonly min?: number | string | undefined;
  /** How many counterparts are no `Duplicate` yet (`once()` is 1), likewise; unbounded when left out. */
  readonly max?: number | string | undefined;
  /** A field of the data: a counterpart belongs to the trigger iff both have the same value (`===`) there. */
  readonly where?: string | undefined;
  /** A field of the data: a counterpart agrees with the trigger iff both have the same value (`===`) there. */
  readonly agreeing?: string | undefined;
  readonly orphanWithinMs?: number | undefined;
  readonly inOrder?: boolean | undefined;
  readonly flagRepeats?: boolean | undefined;
  /** Not with `per`. */
  readonly eachTime?: boolean | undefined;
  readonly flagDoneAfterCancel?: boolean | undefined;
  /** Ascending, from the deadline. */
  readonly escalateMs?: readonly number[] | undefined;
  /** Paths; one path is that of all three. */
  readonly per?:
    string | { readonly trigger: string; readonly counterpart: string; readonly unless?: string } | undefined;
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
  /** The path of the key for all types; the correlation id when left out. */
  readonly key?: string | undefined;
  /** The key of single types, over `key`. */
  readonly keys?: Readonly<Record<string, KeyTerm>> | undefined;
  readonly closeAfterMs?: number | undefined;
  readonly forgetAfterMs?: number | undefined;
  /** Where the observer begins to read; at the first event recorded at that time or later, or at the position or after it. */
  readonly from?: "beginning" | { readonly time: string } | { readonly position: string } | undefined;
}

export type SlotState = "IDLE" | "EARLY" | "OPEN" | "MET" | "MISSING" | "RECOVERED" | "WAIVED" | "ORPHAN" | "CLOSED";
export type CaseStatus = "flagged" | "open" | "recovered" | "settled" | "closed";
/** Of a slot. */
export type SlotFlagKind =
  | "Missing"
  | "LateArrival"
  | "Escalated"
  | "Withdrawn"
  | "Duplicate"
  | "DuplicateTrigger"
  | "OutOfOrder"
  | "Orphan"
  | "OrphanResolved"
  | "Mismatch"
  | "DoneAfterCancel"
  | "AfterClose";
/** Of the observer itself. */
export type ObserverFlagKind = "Uncorrelated" | "ClockAnomaly";
export type FlagKind = SlotFlagKind | ObserverFlagKind;

/** A flag without its id: what makes it this flag and no other. */
export interface FlagRecord {
  readonly observer: string;
  /** Empty for a flag on the observer itself. */
  readonly slot: string;
  /** Empty for a flag on the observer itself. */
  readonly case: string;
  readonly kind: FlagKind;
  /** From 0, per observer and case; flags on the observer itself have a sequence of their own. */
  readonly sequence: number;
  /** From 2 on. */
  readonly round?: number;
  readonly pair?: string;
  /** ISO 8601; of `Missing`, `Orphan` and `Escalated` (the time of the step) only. */
  readonly deadline?: string;
  /** Of `Escalated` only, from 1. */
  readonly step?: number;
  /** The event that raised it, the first counterpart for `Orphan` and `OutOfOrder`; of every kind but `Missing` and `Escalated`. */
  readonly eventId?: string;
  /** Of `LateArrival` only: by business time it came before the deadline. */
  readonly occurredInTime?: boolean;
  /** Of `Uncorrelated` only: events without a key since the last such flag, this one included. */
  readonly count?: number;
  /** Of `ClockAnomaly` only. */
  readonly reason?: "behind" | "tick" | "ahead";
  /** Of `ClockAnomaly` only; signed. */
  readonly differenceMs?: number;
}

export interface ExpectedSlot {
  /** The slot's name; `slot#2` for round 2 of it, `slot[value]` for a pair. */
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
