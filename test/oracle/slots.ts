/** What a slot comes to in a case: its runs, and when each was settled. */

import { judgeRun, type JudgedRun, type Milestone } from "./judge.js";
import type { Judged } from "./keys.js";
import type { Completion } from "./opened.js";
import { pairs } from "./pairs.js";
import { before, comparePoints, nextWave, type Point } from "./points.js";
import type { SlotTerms } from "./records.js";
import { rounds, type Whole } from "./rounds.js";
import type { Instant } from "./timeline.js";

/** A case as its slots see it: its events in their order, without repeated ids. */
export interface CaseEvents {
  readonly events: readonly Judged[];
  readonly acks: readonly { readonly at: Point; readonly slot: unknown }[];
  readonly instants: readonly Instant[];
}

export interface JudgedSlot {
  readonly terms: SlotTerms;
  readonly runs: readonly JudgedRun[];
  /** Of each run. */
  readonly milestones: readonly (readonly Milestone[])[];
}

const ofRuns = (terms: SlotTerms, runs: readonly JudgedRun[]): JudgedSlot => ({
  terms,
  runs,
  milestones: runs.map(({ milestones }) => milestones),
});

/** With `per`: as long as there is no run, the slot is IDLE, and may be marked. */
function judgePairs(whole: Whole, slot: number): JudgedSlot {
  const { runs, general } = pairs(whole, slot);
  const none = judgeRun({ ...whole, place: [slot, 0], triggers: [], counterparts: [], waivers: general });
  if (runs.length === 0) return ofRuns(whole.terms, [none]);
  const first = runs.map(({ since }) => since).toSorted(comparePoints)[0]!;
  const beforeFirst = none.milestones.filter(({ at }) => before(at, first));
  const judged = runs.map(({ run, since }) => ({ since, ...judgeRun(run) }));
  return {
    terms: whole.terms,
    runs: judged,
    milestones: [
      [...beforeFirst, { at: first, settledMs: -Infinity }],
      // A run that marks had been waiting for has them from its first event on.
      ...judged.map(({ milestones, since }) =>
        milestones.map(({ at, settledMs }) => ({ at: before(at, since) ? since : at, settledMs })),
      ),
    ],
  };
}

function judgeSlot(terms: SlotTerms, slot: number, of: CaseEvents, opening: Completion | undefined): JudgedSlot {
  const ofTypes = (types: readonly string[]) => of.events.filter(({ type }) => types.includes(type));
  const whole: Whole = {
    terms,
    // "The trigger is the event that made the other slot MET or RECOVERED, at its time."
    triggers: opening ? [{ ...opening.event, at: nextWave(opening.at) }] : ofTypes(terms.trigger),
    counterparts: ofTypes(terms.counterpart),
    waivers: ofTypes(terms.unless),
    acks: of.acks.filter((ack) => ack.slot === undefined || ack.slot === terms.slot).map(({ at }) => at),
    instants: of.instants,
  };
  if (terms.per !== undefined) return judgePairs(whole, slot);
  if (terms.eachTime) return ofRuns(terms, rounds(whole, slot).map(judgeRun));
  return ofRuns(terms, [judgeRun({ ...whole, place: [slot, 0] })]);
}

/** All slots of a case, in the order of the terms; their places are those of their names in code units. */
export function judgeSlots(slots: readonly SlotTerms[], of: CaseEvents): JudgedSlot[] {
  const names = slots.map(({ slot }) => slot).toSorted();
  const judged = new Map<string, JudgedSlot>();
  const judge = (terms: SlotTerms): JudgedSlot => {
    const known = judged.get(terms.slot);
    if (known) return known;
    const other = terms.after === undefined ? undefined : judge(slots.find(({ slot }) => slot === terms.after)!);
    const found = judgeSlot(terms, names.indexOf(terms.slot), of, other?.runs[0]!.completion);
    judged.set(terms.slot, found);
    return found;
  };
  return slots.map(judge);
}
