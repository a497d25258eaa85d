/** The life of a case: from its first event until it is closed, and perhaps forgotten, so that the next event begins a new one. */

import type { Milestone } from "./judge.js";
import type { Judged } from "./keys.js";
import { before, comparePoints, firstIndex, type Point } from "./points.js";
import type { SlotTerms } from "./records.js";
import type { Raised } from "./run.js";
import { judgeSlots, type CaseEvents, type JudgedSlot } from "./slots.js";
import type { Instant } from "./timeline.js";

/** A flag with the slot and the run that it is of. */
export interface Flagged extends Raised {
  readonly slot: string;
  readonly place: readonly [slot: number, run: number];
  readonly round?: number | undefined;
  readonly pair?: string | undefined;
}

export interface Life {
  readonly slots: readonly JudgedSlot[];
  /** In their sequence. */
  readonly flags: readonly Flagged[];
  readonly closed: boolean;
  /** Where it is forgotten, if it is. */
  readonly forgotten: Point | undefined;
}

/** Where a time first lies behind the clock, among the firings of the sweeps after `set`. */
function passing(instants: readonly Instant[], timeMs: number, set: Point): Point | undefined {
  const rank = firstIndex(instants, ({ clock }) => clock > timeMs, set[1] === 0 ? set[0]! : set[0]! + 1);
  return rank < instants.length ? [rank, 0, timeMs] : undefined;
}

/** "A case in which every slot is IDLE, MET, RECOVERED or WAIVED is CLOSED so long after the last of them came to that." */
function closing(
  slots: readonly JudgedSlot[],
  instants: readonly Instant[],
): { at: Point; timeMs: number } | undefined {
  const closeAfterMs = slots[0]!.terms.closeAfterMs;
  if (closeAfterMs === undefined) return undefined;
  const runs = slots.flatMap(({ milestones }) => milestones);
  const points = runs.flatMap((milestones) => milestones.map(({ at }) => at)).toSorted(comparePoints);
  const standing = (milestones: readonly Milestone[], at: Point) => milestones.findLast((one) => !before(at, one.at));
  for (const [i, point] of points.entries()) {
    const settled = runs.map((milestones) => {
      const last = standing(milestones, point);
      return last ? last.settledMs : -Infinity;
    });
    if (settled.includes(undefined)) continue;
    const timeMs = Math.max(...settled.map(Number)) + closeAfterMs;
    const at = passing(instants, timeMs, point);
    const next = points.slice(i + 1).find((later) => before(point, later));
    if (at && !(next && before(next, at))) return { at, timeMs };
  }
  return undefined;
}

const flagsOf = ({ terms, runs }: JudgedSlot): Flagged[] =>
  runs.flatMap(({ run: { place, round, pair }, flags }) =>
    flags.map((flag) => ({ ...flag, slot: terms.slot, place, round, pair })),
  );

/** "What comes then raises `AfterClose`, once for each slot that it is a trigger or a counterpart of." */
const afterClose = (slots: readonly SlotTerms[], events: readonly Judged[]): Flagged[] =>
  events.flatMap(({ id, type, at }) =>
    slots
      .filter(({ trigger, counterpart }) => [...trigger, ...counterpart].includes(type))
      .toSorted((x, y) => (x.slot < y.slot ? -1 : 1))
      .map(({ slot }, i) => ({ kind: "AfterClose", at, about: { eventId: id }, slot, place: [i, 0] })),
  );

/** "All firings first, by (time, slot); what one event raises by the names of the slots; within a slot by round." The sort is stable. */
const inSequence = (x: Flagged, y: Flagged) => comparePoints([...x.at, ...x.place], [...y.at, ...y.place]);

/** The life that begins with the first of these events. */
export function judgeLife(slots: readonly SlotTerms[], of: CaseEvents): Life {
  const whole = judgeSlots(slots, of);
  const closed = closing(whole, of.instants);
  if (!closed)
    return { slots: whole, flags: whole.flatMap(flagsOf).toSorted(inSequence), closed: false, forgotten: undefined };

  const judged = judgeSlots(slots, { ...of, events: of.events.filter(({ at }) => before(at, closed.at)) });
  const late = of.events.filter(({ at }) => !before(at, closed.at));
  const flags = [...judged.flatMap(flagsOf).toSorted(inSequence), ...afterClose(slots, late)];
  const forgetAfterMs = slots[0]!.forgetAfterMs;
  const end = forgetAfterMs === undefined ? undefined : passing(of.instants, closed.timeMs + forgetAfterMs, closed.at);
  const forgotten = end && !flags.some(({ at }) => before(at, end)) ? end : undefined;
  return { slots: judged, flags, closed: true, forgotten };
}
