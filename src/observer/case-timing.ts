/** When a case needs attention although no event comes. */

import { flagCount, isUnsettled, type Case } from "./case.js";
import type { DefinitionsInForce, JudgedSlot } from "./definitions.js";
import { compareRuns, isMarkOnly, runOf } from "./runs.js";
import { dueOf } from "./slot.js";

export type Due =
  | { readonly kind: "slot"; readonly atMs: number; readonly run: string; readonly slot: JudgedSlot }
  | { readonly kind: "close" | "forget"; readonly atMs: number };

/** What of a case tells when it is due. */
export type TimedCase = Pick<Case, "slots" | "pins" | "flags" | "flagsOf" | "closedMs" | "pending">;

/** Of several at the same time, the first in the order of the slots; a case is closed when nothing else is due. */
export function earliestDue(definitions: DefinitionsInForce, state: TimedCase): Due | undefined {
  let earliest: Extract<Due, { kind: "slot" }> | undefined;
  for (const run in state.slots) {
    const slot = state.slots[run]!;
    // Of very many runs most have come to rest.
    if (!isUnsettled(slot.state)) continue;
    const judged = definitions.slotIn(state, runOf(run).slot);
    const atMs = judged && !judged.isStale(slot) ? dueOf(slot, judged.terms) : undefined;
    if (atMs === undefined) continue;
    const isEarlier =
      !earliest || atMs < earliest.atMs || (atMs === earliest.atMs && compareRuns(run, earliest.run) < 0);
    if (isEarlier) earliest = { kind: "slot", atMs, run, slot: judged! };
  }
  return earliest ?? endOf(definitions, state);
}

function endOf({ inForce }: DefinitionsInForce, state: TimedCase): Due | undefined {
  const { closeAfterMs, forgetAfterMs } = inForce;
  if (state.closedMs !== undefined)
    return forgetAfterMs === undefined || flagCount(state) > 0
      ? undefined
      : { kind: "forget", atMs: state.closedMs + forgetAfterMs };
  if (closeAfterMs === undefined) return undefined;
  let settledMs = -Infinity;
  for (const run in state.slots) {
    const slot = state.slots[run]!;
    if (isUnsettled(slot.state)) return undefined;
    // A mark for pairs to come is all there is of a slot, until one has come.
    const isAlone = isMarkOnly(slot) && !Object.keys(state.slots).some((other) => other.startsWith(`${run}[`));
    settledMs = Math.max(settledMs, slot.settledMs ?? (isAlone ? slot.pairsMarkedMs! : -Infinity));
  }
  return settledMs === -Infinity ? undefined : { kind: "close", atMs: settledMs + closeAfterMs };
}

/** The same as a time, to be passed; `Infinity` when nothing is due. */
export function dueMsOf(definitions: DefinitionsInForce, state: TimedCase): number {
  const dueMs = earliestDue(definitions, state)?.atMs ?? Infinity;
  // An event counts when time has come to it, a deadline when time has passed it: hence the millisecond.
  const event = state.pending?.[0];
  return event ? Math.min(dueMs, event.atMs - 1) : dueMs;
}
