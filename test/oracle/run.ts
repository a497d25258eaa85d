/** One run of one slot in one case, what it can raise, and when its deadlines fire. */

import type { Judged } from "./keys.js";
import { before, firstIndex, type Point } from "./points.js";
import type { SlotFlagKind, SlotTerms } from "./records.js";
import type { Instant } from "./timeline.js";

export interface Run {
  readonly terms: SlotTerms;
  /** Of the slot among the observer's slots by name, and of the run among those of the slot. */
  readonly place: readonly [slot: number, run: number];
  readonly round?: number;
  readonly pair?: string;
  readonly triggers: readonly Judged[];
  readonly counterparts: readonly Judged[];
  readonly waivers: readonly Judged[];
  /** Where an operator acknowledged it, if it was amiss then. */
  readonly acks: readonly Point[];
  readonly instants: readonly Instant[];
}

/** A flag that has no place in its case's sequence yet. */
export interface Raised {
  readonly kind: SlotFlagKind;
  readonly at: Point;
  readonly about: {
    readonly deadlineMs?: number;
    readonly step?: number;
    readonly eventId?: string;
    readonly occurredInTime?: boolean;
  };
}

/** The point at which a deadline fires that was set at `set`: in the same sweep if that was a firing, else with a later instant. */
export function firing({ instants, place }: Run, deadlineMs: number, set: Point): Point | undefined {
  const from = set[1] === 0 ? set[0]! : set[0]! + 1;
  const rank = firstIndex(instants, ({ clock }) => clock > deadlineMs, from);
  return rank < instants.length ? [rank, 0, deadlineMs, ...place, 0] : undefined;
}

/** The steps of an escalation from `deadlineMs`, which passed at `amiss`, up to the first of `ends` from there on, or an acknowledgement. */
export function escalations(
  run: Run,
  deadlineMs: number,
  amiss: Point,
  ends: readonly (Point | undefined)[],
): Raised[] {
  const stops = [...ends, ...run.acks].filter((end) => end !== undefined && !before(end, amiss));
  return (run.terms.escalateMs ?? []).flatMap((afterMs, i): Raised[] => {
    const at = firing(run, deadlineMs + afterMs, amiss);
    if (!at || stops.some((stop) => before(stop!, at))) return [];
    return [{ kind: "Escalated", at, about: { deadlineMs: deadlineMs + afterMs, step: i + 1 } }];
  });
}
