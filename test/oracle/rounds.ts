/** `eachTime`: the rounds of a slot, and which counterpart belongs to which. */

import { judgeEarly } from "./early.js";
import { judgeRun } from "./judge.js";
import type { Judged } from "./keys.js";
import { alike } from "./paths.js";
import { before } from "./points.js";
import type { Run } from "./run.js";

/** A slot in a case, not told apart into runs yet. */
export type Whole = Omit<Run, "place" | "round" | "pair">;

/** Round `n`, from 0, with the counterparts that were found to belong to it; if `upTo` is given, as it is when that event comes. */
function roundOf(n: number, whole: Whole, slot: number, counterparts: readonly Judged[], upTo?: Judged): Run {
  const { triggers, waivers, instants } = whole;
  const isPast = ({ at }: Judged) => !upTo || before(at, upTo.at);
  const a = triggers[n];
  return {
    ...whole,
    place: [slot, n],
    ...(n > 0 ? { round: n + 1 } : {}),
    triggers: a && isPast(a) ? [a] : [],
    counterparts,
    waivers: waivers.filter((c) => isPast(c) && (n === 0 || before(a!.at, c.at))),
    instants: upTo ? instants.slice(0, upTo.at[0]! + 1) : instants,
  };
}

/**
 * "A counterpart belongs to the first round that is OPEN, else the first that is MISSING, else the last; only rounds for which `where`
 * holds are looked at. `unless` concerns every round there is."
 */
export function rounds(whole: Whole, slot: number): Run[] {
  const { terms, triggers, counterparts } = whole;
  const assigned: Judged[][] = [[], ...triggers.slice(1).map(() => [])];
  for (const b of counterparts) {
    const candidates = assigned.flatMap((those, n) => {
      if (n > 0 && !before(triggers[n]!.at, b.at)) return [];
      const run = roundOf(n, whole, slot, those, b);
      // None in round 1 before there is one, nor after it was waived without one: then `where` has nothing to ask.
      const { trigger } = judgeEarly(run);
      if (trigger && !alike(terms.where, trigger.record, b.record)) return [];
      return [{ those, state: judgeRun(run).state }];
    });
    const chosen =
      candidates.find(({ state }) => state === "OPEN") ??
      candidates.find(({ state }) => state === "MISSING") ??
      candidates.at(-1);
    chosen?.those.push(b);
  }
  return assigned.map((those, n) => roundOf(n, whole, slot, those));
}
