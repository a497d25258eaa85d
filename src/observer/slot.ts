/** One slot as a state machine (observer.md, section 2): what a trigger, a counterpart, a waiver and time do to it. */

import type { Terms } from "./expectation.js";

/** ORPHAN and CLOSED are not reached yet: they need `orphanWithin` and a retention. */
export type SlotState = "IDLE" | "EARLY" | "OPEN" | "MET" | "MISSING" | "RECOVERED" | "WAIVED";

export interface Slot {
  readonly state: SlotState;
  /** Counterparts counted; only where there is a maximum. */
  readonly count: number;
  /** Id of the event that opened it. */
  readonly triggerId?: string;
  /** Last moment at which the counterpart is in time, in milliseconds since the UNIX epoch. */
  readonly deadlineMs?: number;
  /** A waiving event came before the trigger. */
  readonly waiverMarked?: true;
  /** EARLY, and OPEN where all that came early turned out too late: the first counterpart, and the earliest time of any. */
  readonly early?: { readonly id: string; readonly earliestMs: number };
}

export type FlagKind = "Missing" | "LateArrival" | "Duplicate" | "Withdrawn";

/** Something amiss in a slot. */
export interface RaisedFlag {
  readonly kind: FlagKind;
  /** The event that raised it; `undefined` where time did. */
  readonly eventId: string | undefined;
}

/** An event as a slot sees it. */
export interface SlotEvent {
  readonly id: string;
  /** Log time, or business time, in milliseconds since the UNIX epoch. */
  readonly atMs: number;
}

/** The next state; `flags` are in the order in which they are raised. */
export interface Transition {
  readonly slot: Slot;
  readonly flags: readonly RaisedFlag[];
}

export const idle: Slot = { state: "IDLE", count: 0 };

const quiet = (slot: Slot): Transition => ({ slot, flags: [] });

export function onTrigger(slot: Slot, terms: Terms, { id, atMs }: SlotEvent): Transition {
  const opened = { ...slot, triggerId: id, deadlineMs: atMs + terms.withinMs };
  switch (slot.state) {
    case "IDLE":
      return quiet({ ...opened, state: slot.waiverMarked ? "WAIVED" : "OPEN" });
    case "EARLY":
      if (slot.waiverMarked) return quiet({ ...opened, state: "WAIVED" });
      // In business time a trigger that is read late may have ended before what was read early.
      return quiet({ ...opened, state: slot.early!.earliestMs <= opened.deadlineMs ? "MET" : "OPEN" });
    case "OPEN":
    case "MET":
    case "MISSING":
    case "RECOVERED":
    case "WAIVED":
      return quiet(slot); // a repeated trigger is ignored unless declared
  }
}

export function onCounterpart(slot: Slot, terms: Terms, event: SlotEvent): Transition {
  const counted = count(slot, terms, event);
  switch (slot.state) {
    case "IDLE":
      return { ...counted, slot: { ...counted.slot, state: "EARLY", early: { id: event.id, earliestMs: event.atMs } } };
    case "EARLY": {
      const { id, earliestMs } = slot.early!;
      if (event.atMs >= earliestMs) return counted;
      return { ...counted, slot: { ...counted.slot, early: { id, earliestMs: event.atMs } } };
    }
    case "OPEN":
      return { ...counted, slot: { ...counted.slot, state: "MET" } };
    case "MISSING":
      return { slot: { ...counted.slot, state: "RECOVERED" }, flags: [{ kind: "LateArrival", eventId: event.id }] };
    case "MET":
    case "RECOVERED":
      return counted;
    case "WAIVED":
      return quiet(slot);
  }
}

/** Counts no further than it must, so that repetitions in a healthy case change nothing. */
function count(slot: Slot, { max }: Terms, { id }: SlotEvent): Transition {
  if (max === undefined) return quiet(slot);
  const counted = { ...slot, count: slot.count + 1 };
  return counted.count > max ? { slot: counted, flags: [{ kind: "Duplicate", eventId: id }] } : quiet(counted);
}

export function onUnless(slot: Slot, _: Terms, { id }: SlotEvent): Transition {
  switch (slot.state) {
    case "IDLE":
      return quiet({ ...slot, waiverMarked: true });
    case "EARLY":
      return quiet({ ...slot, state: "WAIVED" });
    case "OPEN":
      // What came early was done, if too late: there is nothing left to waive.
      return quiet(slot.early ? slot : { ...slot, state: "WAIVED" });
    case "MISSING":
      return { slot: { ...slot, state: "WAIVED" }, flags: [{ kind: "Withdrawn", eventId: id }] };
    case "MET":
    case "RECOVERED":
    case "WAIVED":
      return quiet(slot);
  }
}

/** Time has passed the deadline of a slot that is open. */
export function onDeadline(slot: Slot): Transition {
  const missing: RaisedFlag = { kind: "Missing", eventId: undefined };
  if (!slot.early) return { slot: { ...slot, state: "MISSING" }, flags: [missing] };
  return { slot: { ...slot, state: "RECOVERED" }, flags: [missing, { kind: "LateArrival", eventId: slot.early.id }] };
}
