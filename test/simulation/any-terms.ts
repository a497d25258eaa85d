/** Terms of an observer that a seed determines. */

import type { SlotTerms } from "../oracle/records.js";
import type { Random } from "../system/random.js";

const bases: readonly Pick<SlotTerms, "timeBase" | "latenessMs" | "live" | "includeImported" | "toleranceMs">[] = [
  { timeBase: "recorded" },
  { timeBase: "recorded" },
  { timeBase: "recorded" },
  { timeBase: "recorded", includeImported: true },
  { timeBase: "occurred", live: true },
  { timeBase: "occurred", live: true, latenessMs: 400 },
  { timeBase: "occurred", live: true, latenessMs: 30, toleranceMs: 10 },
  { timeBase: "occurred", latenessMs: 30 },
];

/** One to three slots over four event types. */
export function anyTerms(random: Random): SlotTerms[] {
  const base = random.pick(bases);
  return Array.from({ length: random.whole(1, 3) }, (_, i) => {
    const types = random.pick([
      ["a", "b", "c"],
      ["a", "d", "c"],
      ["b", "d", "a"],
    ]);
    const max = random.pick([undefined, 1, 2]);
    return {
      observer: "watch",
      slot: `slot${i}`,
      ...base,
      trigger: [types[0]!],
      counterpart: [types[1]!],
      unless: [types[2]!],
      withinMs: random.pick([50, 400, 1_000, 3_000, 7_000]),
      ...(max !== undefined && { max }),
      tickType: "observer.ClockTick",
    };
  });
}
