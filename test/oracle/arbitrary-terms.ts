/** fast-check arbitraries of an observer's terms with every feature of docs/observers.md, never in an invalid combination. */

import fc from "fast-check";

import type { KeyTerm, SlotTerms } from "./records.js";

export const fullTickType = "observer.ClockTick";
/** Every log begins about here. */
export const startMs = Date.UTC(2026, 0, 1);
/** Types that a slot of these terms may read. */
export const fullTypes = ["a", "A", "b", "B", "c", "d"] as const;

const maybe = <T>(...values: T[]) => fc.constantFrom<T | undefined>(undefined, undefined, ...values);
const rarely = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) },
);

const roles = fc.constantFrom(
  { trigger: ["a"], counterpart: ["b"], unless: ["c"] },
  { trigger: ["a"], counterpart: ["b"], unless: ["c"] },
  { trigger: ["a"], counterpart: ["b", "B"], unless: ["c", "d"] },
  { trigger: ["a", "A"], counterpart: ["B"], unless: [] },
  { trigger: ["A"], counterpart: ["b"], unless: ["d"] },
  { trigger: ["b"], counterpart: ["d"], unless: ["a"] },
);

const counts = fc.constantFrom<Pick<SlotTerms, "min" | "max">>(
  {},
  {},
  { max: 1 },
  { max: 2 },
  { min: 2 },
  { min: 2, max: 2 },
  { min: 0, max: 1 },
  { min: 0, max: 0 },
  { min: "data.n", max: "data.n" },
  { min: "data.list" },
  { max: "data.list" },
  { min: 2, max: "data.n" },
);

const runs = fc.constantFrom<Pick<SlotTerms, "eachTime" | "per" | "flagRepeats">>(
  {},
  {},
  {},
  { flagRepeats: true },
  { flagRepeats: true },
  { eachTime: true },
  { eachTime: true },
  { eachTime: true },
  { eachTime: true },
  { per: "data.p" },
  { per: "metadata.$causationId", flagRepeats: true },
  { per: { trigger: "data.p", counterpart: "metadata.$causationId" } },
  { per: { trigger: "data.p", counterpart: "data.p", unless: "metadata.$causationId" } },
);

const slot = fc.record({
  roles,
  counts,
  runs,
  withinMs: fc.integer({ min: 0, max: 12 }),
  where: maybe("w"),
  agreeing: maybe("g"),
  orphanWithinMs: rarely,
  inOrder: fc.boolean(),
  flagDoneAfterCancel: fc.boolean(),
  escalateMs: maybe<readonly number[]>([1], [2, 5], [3, 4, 9]),
  isAfter: fc.boolean(),
});

const own = fc.record({
  key: fc.constantFrom(undefined, undefined, undefined, "data.key", "metadata.key", "stream.id"),
  keys: fc.constantFrom<Record<string, KeyTerm> | undefined>(
    undefined,
    undefined,
    undefined,
    { a: { key: "data.key", alias: "data.pay" }, b: { via: "data.pay" } },
    { A: { key: "data.key", alias: "data.pay" }, B: { via: "data.pay" }, b: { via: "metadata.pay" } },
    { b: "data.key", a: { key: "metadata.key", alias: "data.pay" }, c: { via: "data.pay" } },
  ),
  closeAfterMs: rarely,
  forgetAfterMs: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  from: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(undefined, undefined, "beginning" as const) },
    { weight: 1, arbitrary: fc.nat(20).map((position) => ({ position: `${position}` })) },
    { weight: 1, arbitrary: fc.nat(40).map((ms) => ({ time: new Date(startMs + ms).toISOString() })) },
  ),
  timeBase: fc.constantFrom("recorded" as const, "occurred" as const),
  latenessMs: fc.constantFrom(0, 0, 2, 5, 12),
  live: fc.boolean(),
  includeImported: fc.boolean(),
  toleranceMs: fc.constantFrom(undefined, 2),
});

const without = <T extends object>(all: T) =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== false)) as T;

/** One to three slots of one observer, named so that their order is not that of their names. */
export function anyFullTerms(timeBase?: SlotTerms["timeBase"]): fc.Arbitrary<SlotTerms[]> {
  return fc.tuple(own, fc.array(slot, { minLength: 1, maxLength: 3 })).map(([chosen, drafts]) => {
    const slots: Omit<SlotTerms, "observer" | "timeBase" | "tickType">[] = [];
    for (const [i, draft] of drafts.entries()) {
      const { roles: role, counts: count, runs: run, isAfter, ...rest } = draft;
      const other = isAfter ? slots.findLast(({ eachTime, per }) => !eachTime && per === undefined) : undefined;
      const opens = other ? { after: other.slot, trigger: [] } : run;
      // What has no trigger of its own reads no number from it.
      const counted = other && Object.values(count).some((one) => typeof one === "string") ? {} : count;
      slots.push({ slot: ["second", "third", "first"][i]!, ...role, ...counted, ...opens, ...without(rest) });
    }
    const types = new Set(slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless]));
    const keys = Object.entries(chosen.keys ?? {}).filter(([type]) => types.has(type));
    const terms = without({
      observer: "test.Observer",
      tickType: fullTickType,
      ...chosen,
      ...(timeBase && { timeBase }),
      toleranceMs: (timeBase ?? chosen.timeBase) === "recorded" ? undefined : chosen.toleranceMs,
      keys: keys.length > 0 ? Object.fromEntries(keys) : undefined,
      forgetAfterMs: chosen.closeAfterMs === undefined ? undefined : chosen.forgetAfterMs,
    });
    return slots.map((one) => ({ ...terms, ...one }));
  });
}
