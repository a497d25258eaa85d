/** What a transition means to statistics: a slot that was opened is met, late, missing, waived, or still open. */

import type { Slot, SlotEvent } from "./slot.js";
import type { SlotDefinition } from "./terms.js";

/** Where a slot stands; of what was started each is in one of them. `orphaned`: no trigger came. */
export type Standing = "open" | "met" | "late" | "missing" | "waived" | "orphaned";

export interface Move {
  readonly slot: string;
  /** When the slot was opened; of an orphan, when the counterpart came. Milliseconds since the UNIX epoch. */
  readonly startedMs: number;
  /** `undefined`: it has just been opened, or orphaned. */
  readonly from: Standing | undefined;
  /** `undefined`: it is no orphan any more. */
  readonly to: Standing | undefined;
  /** From trigger to completion in milliseconds; 0 where the counterpart came first. */
  readonly tookMs: number | undefined;
}

/** What has changed for statistics, if anything; an orphan that found its trigger makes two moves. */
export function movesOf(
  before: Slot | undefined,
  after: Slot,
  terms: SlotDefinition,
  completedBy: SlotEvent | undefined,
): readonly Move[] {
  const from = standingOf(before);
  const to = standingOf(after);
  if (from === to) return none;
  if (from === "orphaned" || to === "orphaned") return movesOfOrphan(before, after, terms, completedBy, from, to);
  const move = moveOf(after, terms, completedBy, from, to);
  return move ? [move] : none;
}

const none: readonly never[] = [];

function movesOfOrphan(
  before: Slot | undefined,
  after: Slot,
  terms: SlotDefinition,
  completedBy: SlotEvent | undefined,
  from: Standing | undefined,
  to: Standing | undefined,
): readonly Move[] {
  const slot = terms.name;
  const startedMs = (before?.orphanMs ?? after.orphanMs ?? 0) - (terms.orphanWithinMs ?? 0);
  if (from !== "orphaned") return [{ slot, startedMs, from: undefined, to: "orphaned", tookMs: undefined }];
  const move = moveOf(after, terms, completedBy, undefined, to);
  return [{ slot, startedMs, from, to: undefined, tookMs: undefined }, ...(move ? [move] : [])];
}

function moveOf(
  { deadlineMs, offsetMs = 0 }: Slot,
  { name: slot, withinMs }: SlotDefinition,
  completedBy: SlotEvent | undefined,
  from: Standing | undefined,
  to: Standing | undefined,
): Move | undefined {
  if (to === undefined || deadlineMs === undefined) return undefined;
  const startedMs = deadlineMs - withinMs;
  const tookMs = completedBy && Math.max(0, completedBy.atMs - startedMs);
  return { slot, startedMs: startedMs - offsetMs, from, to, tookMs };
}

function standingOf(slot: Slot | undefined): Standing | undefined {
  switch (slot?.state) {
    case "OPEN":
      return "open";
    case "MET":
      return "met";
    case "RECOVERED":
      return "late";
    case "MISSING":
      return "missing";
    case "ORPHAN":
      return "orphaned";
    case "WAIVED":
      // Without a trigger nothing was started.
      return slot.deadlineMs === undefined ? undefined : "waived";
    case "IDLE":
    case "EARLY":
    case "UNJUDGED":
    case undefined:
      return undefined;
  }
}
