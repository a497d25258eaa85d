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
  readonly from?: Standing;
  /** `undefined`: it is no orphan any more. */
  readonly to?: Standing;
  /** From trigger to completion in milliseconds; 0 where the counterpart came first. */
  readonly tookMs?: number;
}

/** What has changed for statistics, if anything; an orphan that found its trigger makes two moves. */
export function movesOf(
  before: Slot | undefined,
  after: Slot,
  terms: SlotDefinition,
  completedBy: SlotEvent | undefined,
): readonly Move[] {
  const [from, to] = [standingOf(before), standingOf(after)];
  if (from === to) return [];
  const slot = terms.name;
  const moves: Move[] = [];
  const offsetMs = after.offsetMs ?? 0;
  const orphanedMs = (before?.orphanMs ?? after.orphanMs ?? 0) - (terms.orphanWithinMs ?? 0);
  if (from === "orphaned") moves.push({ slot, startedMs: orphanedMs, from });
  if (to === "orphaned") moves.push({ slot, startedMs: orphanedMs, to });
  else if (to !== undefined && after.deadlineMs !== undefined) {
    const startedMs = after.deadlineMs - terms.withinMs;
    moves.push({
      ...{ slot, startedMs: startedMs - offsetMs, to },
      ...(from !== undefined && from !== "orphaned" && { from }),
      ...(completedBy && { tookMs: Math.max(0, completedBy.atMs - startedMs) }),
    });
  }
  return moves;
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
    default:
      return undefined;
  }
}
