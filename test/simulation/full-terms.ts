/** Terms with all that can be declared, which a seed determines, at the scale of a simulated run. */

import fc from "fast-check";
import { anyFullTerms } from "../oracle/arbitrary.js";
import type { SlotTerms } from "../oracle/records.js";

/** Where the arbitrary says a millisecond, a run takes so long: longer than calls and ticks do. */
const scale = 100;

const scaled = (ms: number | undefined) => (ms === undefined ? undefined : ms * scale);

export function fullTerms(seed: number): SlotTerms[] {
  const [terms] = fc.sample(anyFullTerms(), { seed, numRuns: 1 }) as [SlotTerms[]];
  return terms.map(({ from: _, ...slot }) => {
    const durations = {
      withinMs: slot.withinMs * scale,
      latenessMs: scaled(slot.latenessMs),
      orphanWithinMs: scaled(slot.orphanWithinMs),
      escalateMs: slot.escalateMs?.map((ms) => ms * scale),
      closeAfterMs: scaled(slot.closeAfterMs),
      forgetAfterMs: scaled(slot.forgetAfterMs),
    };
    const stated = Object.entries(durations).filter(([, value]) => value !== undefined);
    return { ...slot, ...Object.fromEntries(stated) } as SlotTerms;
  });
}

/** All that passes after the trigger: until then something may come of it. */
export const longestMs = (terms: readonly SlotTerms[]): number =>
  Math.max(
    ...terms.map(
      ({ withinMs, orphanWithinMs = 0, escalateMs = [], closeAfterMs = 0, forgetAfterMs = 0 }) =>
        Math.max(withinMs, orphanWithinMs) + (escalateMs.at(-1) ?? 0) + closeAfterMs + forgetAfterMs,
    ),
  );
