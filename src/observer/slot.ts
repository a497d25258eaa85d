/** One run of a slot: its state, and what a reader may want to know of it. */

import type { SlotDefinition } from "./terms.js";

/** UNJUDGED: its trigger had come before the definition that added the slot. */
export type SlotState = "IDLE" | "EARLY" | "OPEN" | "MET" | "MISSING" | "RECOVERED" | "ORPHAN" | "WAIVED" | "UNJUDGED";

export interface Slot {
  readonly state: SlotState;
  /** Counterparts counted; only where there is something to count. */
  readonly count: number;
  /** Id of the event that opened it. */
  readonly triggerId?: string;
  /** Last moment at which the counterpart is in time, in milliseconds since the UNIX epoch, as the observer counts them. */
  readonly deadlineMs?: number;
  /** A waiving event came before the trigger. */
  readonly waiverMarked?: true;
  /** Of the run without a value: when a waiving event without one marked every pair to come. */
  readonly pairsMarkedMs?: number;
  /** Counterparts that wait for a trigger: all, or what must be known of them; in the order in which they were judged. */
  readonly early?: readonly Counterpart[];
  /** MET by the trigger: the counterparts had come before it. */
  readonly wasEarly?: true;
  /** OPEN in business time: counterparts that came before the trigger was read, and too late for it. */
  readonly late?: readonly Counterpart[];
  /** Enough and most, where they were read from the trigger. */
  readonly min?: number;
  readonly max?: number;
  /** The trigger's data, where a predicate may ask for it. */
  readonly trigger?: unknown;
  /** EARLY and ORPHAN: until when the trigger is awaited. */
  readonly orphanMs?: number;
  /** Escalations raised. */
  readonly step?: number;
  /** Nobody needs to be reminded any more. */
  readonly acknowledged?: true;
  /** When it came to rest, in a state from which it can be closed. */
  readonly settledMs?: number;
  /** By how much its times are later than the log's, where a clock had been reset before. */
  readonly offsetMs?: number;
  /** Which definition it began under, if not under the first that the case knew. */
  readonly by?: number;
}

/** A counterpart that was kept. */
export interface Counterpart {
  readonly id: string;
  readonly atMs: number;
  readonly occurredAtMs: number;
  readonly data?: unknown;
}

export type FlagKind =
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
  | "AfterClose"
  | "Uncorrelated"
  | "ClockAnomaly";

/** Something amiss in a slot. */
export interface RaisedFlag {
  readonly kind: FlagKind;
  /** The event that it is about; `undefined` where time raised it. */
  readonly eventId?: string;
  /** The time that passed, where it is not the slot's deadline. */
  readonly deadlineMs?: number;
  /** `Escalated`: which step, from 1. */
  readonly step?: number;
  /** `LateArrival`: business time says that the counterpart was in time. */
  readonly occurredInTime?: boolean;
}

/** An event as a slot sees it. */
export interface SlotEvent extends Counterpart {
  /** Counts that the slot reads from it as a trigger. */
  readonly min?: unknown;
  readonly max?: unknown;
  readonly offsetMs?: number;
}

/** The next state; `flags` are in the order in which they are raised. */
export interface Transition {
  readonly slot: Slot;
  readonly flags: readonly RaisedFlag[];
  /** The event that made the slot MET or RECOVERED just now: the trigger of what comes after it. */
  readonly completedBy?: SlotEvent;
}

export const idle: Slot = { state: "IDLE", count: 0 };

export const quiet = (slot: Slot): Transition => ({ slot, flags: [] });

/** Whether every early counterpart must be kept, or only the first and the earliest. */
export const keepsAll = ({ min, max, where, agreeing }: SlotDefinition): boolean =>
  min !== undefined || typeof max === "string" || where !== undefined || agreeing !== undefined;

/** Whether the case must remember every event of the slot: what has no effect now might have one when it comes again. */
export const remembersAll = ({ repeats, per, flagDoneAfterCancel }: SlotDefinition): boolean =>
  repeats !== undefined || per !== undefined || flagDoneAfterCancel === true;

/** Asks a predicate; no predicate says yes. @throws whatever the predicate throws: that stops the observer, in sight */
export function holds(predicate: SlotDefinition["where"], trigger: unknown, counterpart: unknown): boolean {
  return predicate === undefined || predicate(trigger as never, counterpart as never);
}

/** Whether a counterpart belongs to the run, which may have been waived before its trigger came. */
export const belongs = (slot: Slot, { where }: SlotDefinition, { data }: Counterpart): boolean =>
  slot.deadlineMs === undefined || holds(where, slot.trigger, data);

/** When the slot needs attention although no event comes: once time is greater. */
export function dueOf(slot: Slot, { escalateMs }: Pick<SlotDefinition, "escalateMs">): number | undefined {
  switch (slot.state) {
    case "OPEN":
      return slot.deadlineMs;
    case "EARLY":
      return slot.orphanMs;
    case "MISSING":
    case "ORPHAN": {
      const step = slot.acknowledged ? undefined : escalateMs?.[slot.step ?? 0];
      return step === undefined ? undefined : (slot.state === "ORPHAN" ? slot.orphanMs! : slot.deadlineMs!) + step;
    }
    case "IDLE":
    case "MET":
    case "RECOVERED":
    case "WAIVED":
    case "UNJUDGED":
      return undefined;
  }
}
