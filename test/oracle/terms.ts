/** Which terms the oracle defines; others it refuses. */

import type { SlotTerms } from "./records.js";

/** Those of the observer, which are the same for all of its slots. */
const ofObserver = (t: SlotTerms) =>
  JSON.stringify([
    [t.observer, t.timeBase, t.latenessMs, t.live, t.includeImported, t.toleranceMs, t.tickType],
    [t.key, t.keys, t.closeAfterMs, t.forgetAfterMs, t.from],
  ]);

function checkAfter(terms: SlotTerms, slots: readonly SlotTerms[]): void {
  const seen = new Set<string>();
  for (let at: SlotTerms | undefined = terms; at?.after !== undefined;) {
    const { slot, after }: SlotTerms = at;
    if (at.trigger.length > 0) throw new Error(`${slot}: a slot after another has no trigger of its own.`);
    if (seen.has(slot)) throw new Error(`${slot}: it comes after itself.`);
    seen.add(slot);
    at = slots.find((other) => other.slot === after);
    if (!at) throw new Error(`${slot}: there is no slot ${after}.`);
    if (at.eachTime || at.per !== undefined) throw new Error(`${slot}: ${after} has rounds or pairs.`);
  }
}

/** The terms of the first slot, for what they say of the observer. */
export function checkTerms(slots: readonly SlotTerms[]): SlotTerms {
  const [first] = slots;
  if (!first) throw new Error("The oracle expected at least one slot, found none.");
  for (const terms of slots) {
    const { slot, trigger, counterpart, unless, min = 1, max = Infinity } = terms;
    const types = [...trigger, ...counterpart, ...unless];
    if (new Set(types).size < types.length) throw new Error(`${slot}: an event type has two roles in one slot.`);
    if (typeof min === "number" && typeof max === "number" && max < min)
      throw new Error(`${slot}: max is ${max}, below min, ${min}.`);
    if (terms.eachTime && terms.per !== undefined) throw new Error(`${slot}: it has both rounds and pairs.`);
    if (ofObserver(terms) !== ofObserver(first)) throw new Error(`${slot}: the observer's terms differ.`);
    checkAfter(terms, slots);
  }
  return first;
}

/** The types of all slots. */
export const typesOf = (slots: readonly SlotTerms[]): Set<string> =>
  new Set(slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless]));
