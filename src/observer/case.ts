/** A case: one observer and one key, all its slots, and the flags raised so far. */

import type { Move } from "./moves.js";
import type { Run } from "./runs.js";
import type { Counterpart, FlagKind, RaisedFlag, Slot } from "./slot.js";

/**
 * `flagged`: something is missing, or its trigger is. `open`: something is still awaited. `recovered`: it came late.
 * `settled`: all is well. `closed`: it is over, and nothing is to come.
 */
export type CaseStatus = "flagged" | "open" | "recovered" | "settled" | "closed";

export const caseStatuses: readonly CaseStatus[] = ["flagged", "open", "recovered", "settled", "closed"];

/** What a slot reads of an event besides its time. */
export interface SlotReading {
  readonly pair?: string;
  /** Counts, as found. */
  readonly min?: unknown;
  readonly max?: unknown;
}

/** An event as a case sees it. Times are those that decide, in milliseconds since the UNIX epoch. */
export interface CaseEvent extends Counterpart {
  readonly type: string;
  readonly position: string;
  /** By slot, where the slot reads anything. */
  readonly reads?: Readonly<Record<string, SlotReading>>;
  /** By how much its times are later than the log's, where a clock has been reset. */
  readonly offsetMs?: number;
}

export interface Case {
  readonly key: string;
  readonly status: CaseStatus;
  /** By run: `payment`, `payment#2`, `payment[value]`. */
  readonly slots: Readonly<Record<string, Slot>>;
  /** How many flags were raised under the first definition: the sequence number of the next one. */
  readonly flags: number;
  /** The same for later definitions. */
  readonly flagsOf?: Readonly<Record<number, number>>;
  /** Ids of the events that had an effect: the same event again has none. */
  readonly seen: readonly string[];
  /** Business time only: events that wait until no earlier one can come, in the order in which they will count. */
  readonly pending?: readonly CaseEvent[];
  /** When the case needs attention although no event comes: as soon as time is greater. */
  readonly dueMs?: number;
  /** Which definition each slot was opened under, where it was not the first. */
  readonly pins?: Readonly<Record<string, number>>;
  readonly acknowledged?: Acknowledgement;
  readonly closedMs?: number;
}

export interface Acknowledgement {
  readonly eventId: string;
  readonly atMs: number;
  readonly by?: string;
  readonly note?: string;
}

/** A flag, as it is to be recorded. */
export interface Flag extends RaisedFlag {
  /** `undefined`: on the observer itself. */
  readonly case: string | undefined;
  /** Under which definition. */
  readonly definition: number;
  readonly sequence: number;
  readonly kind: FlagKind;
  readonly run?: Run;
  readonly triggerId?: string;
  /** The time that decided, in milliseconds since the UNIX epoch. */
  readonly decidedAtMs: number;
  /** `Uncorrelated`, `ClockAnomaly`: see there. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface CaseStep {
  /** `undefined`: the case is forgotten. */
  readonly case: Case | undefined;
  readonly flags: readonly Flag[];
  /** What statistics are made of. */
  readonly moves: readonly Move[];
}

export const newCase = (key: string): Case => ({ key, status: "settled", slots: {}, flags: 0, seen: [] });

/** How many flags were raised in all. */
export const flagCount = ({ flags, flagsOf }: Pick<Case, "flags" | "flagsOf">): number =>
  Object.values(flagsOf ?? {}).reduce((sum, count) => sum + count, flags);

/** Whether something is awaited, or amiss: such a slot keeps its case from being closed. */
export const isUnsettled = (state: Slot["state"]): boolean =>
  state === "OPEN" || state === "EARLY" || state === "MISSING" || state === "ORPHAN";

export function statusOf(slots: Readonly<Record<string, Slot>>): CaseStatus {
  let status: CaseStatus = "settled";
  for (const name in slots)
    switch (slots[name]!.state) {
      case "MISSING":
      case "ORPHAN":
        return "flagged";
      case "OPEN":
      case "EARLY":
        status = "open";
        break;
      case "RECOVERED":
        if (status === "settled") status = "recovered";
        break;
      case "IDLE":
      case "MET":
      case "WAIVED":
      case "UNJUDGED":
    }
  return status;
}
