/** fast-check arbitraries of small logs and terms that crowd every boundary: equal times, clocks that jump back, late records, repeated ids. */

import fc from "fast-check";

import type { LogRecord, SlotTerms } from "./records.js";

export { anyFull, anyFullLog } from "./arbitrary-log.js";
export { anyFullTerms, fullTickType } from "./arbitrary-terms.js";

/** Types of the logs below: trigger `a`, counterparts `b` and `B`, unless `c`, the tick, and one that no observer reads. */
export const tickType = "tick";
const types = ["a", "b", "B", "c", tickType, "unread"] as const;

export interface LogOptions {
  /** The clock may jump back and records may be late. Default true. */
  readonly wild?: boolean;
  readonly maxLength?: number;
}

/** A log over up to three cases; times are small integers, so equal ones are frequent. */
export function anyLog({ wild = true, maxLength = 24 }: LogOptions = {}): fc.Arbitrary<LogRecord[]> {
  const step = fc.record({
    type: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("a", "b", "c") },
      { weight: 2, arbitrary: fc.constantFrom(...types) },
    ),
    name: fc.constantFrom("k1", "k1", "k1", "k2", "k3", undefined),
    gap: wild ? fc.integer({ min: -4, max: 6 }) : fc.integer({ min: 0, max: 5 }),
    lag: wild ? fc.constantFrom(undefined, undefined, 0, 1, 3, 8, 20, -5) : fc.constant(undefined),
    imported: wild ? fc.constantFrom(undefined, undefined, undefined, true) : fc.constant(undefined),
    // An earlier event again: at a position of its own, or its own position delivered again.
    repeats: wild ? fc.constantFrom(...Array<undefined>(8).fill(undefined), "id", "position") : fc.constant(undefined),
  });
  return fc.array(step, { maxLength }).map((steps) => {
    const log: LogRecord[] = [];
    let atMs = 100;
    for (const [i, { type, name, gap, lag, imported, repeats }] of steps.entries()) {
      const earlier = log[Math.floor(i / 2)];
      if (earlier && repeats) {
        log.push(repeats === "position" ? earlier : { ...earlier, position: i * 3 });
        continue;
      }
      atMs += gap;
      log.push({
        id: `${type}${i}`,
        type,
        correlationId: type === tickType ? undefined : name,
        position: i * 3,
        recordedAtMs: atMs,
        occurredAtMs: lag === undefined ? undefined : atMs - lag,
        imported,
      });
    }
    return log;
  });
}

/** The terms of an observer of one or two slots over those types. */
export function anyTerms(timeBase?: SlotTerms["timeBase"]): fc.Arbitrary<SlotTerms[]> {
  const observer = fc.record({
    observer: fc.constant("test.Observer"),
    timeBase: timeBase ? fc.constant(timeBase) : fc.constantFrom("recorded" as const, "occurred" as const),
    latenessMs: fc.constantFrom(0, 0, 2, 5, 12),
    live: fc.boolean(),
    includeImported: fc.boolean(),
    toleranceMs: fc.constantFrom(undefined, 2),
    tickType: fc.constant(tickType),
  });
  const slot = fc.record({
    counterpart: fc.constantFrom(["b"], ["b", "B"], ["B"]),
    unless: fc.constantFrom([], ["c"], ["c"]),
    withinMs: fc.integer({ min: 0, max: 12 }),
    max: fc.constantFrom(undefined, 1, 2),
  });
  return fc
    .tuple(observer, fc.array(slot, { minLength: 1, maxLength: 2 }))
    .map(([terms, slots]) =>
      slots.map((one, i) => ({ ...terms, ...one, slot: ["second", "first"][i]!, trigger: ["a"] })),
    );
}
