/** A history that is short enough to be run once for each place to die at, and has a case of every sort. */

import type { SlotTerms } from "../oracle/records.js";
import type { PlannedEvent, Traffic } from "./traffic.js";

const withinMs = 200;

export const smallTerms: readonly SlotTerms[] = [
  {
    observer: "watch",
    slot: "slot",
    trigger: ["a"],
    counterpart: ["b"],
    unless: ["c"],
    withinMs,
    max: 1,
    timeBase: "recorded",
    tickType: "observer.ClockTick",
  },
];

const steps: readonly (readonly [afterMs: number, type: string, name: string])[] = [
  [10, "a", "in time"],
  [10, "a", "never"],
  [20, "a", "late"],
  [20, "a", "at the deadline"],
  [30, "a", "withdrawn"],
  [40, "b", "in time"],
  [20 + withinMs, "b", "at the deadline"],
  [60 + withinMs, "b", "late"],
  [70 + withinMs, "c", "withdrawn"],
  [80 + withinMs, "b", "in time"],
  [90 + withinMs, "a", "never, and nothing else comes"],
];

export const smallHistory: Traffic = () =>
  steps.map(([afterMs, type, name], i): PlannedEvent => ({
    afterMs,
    id: `event-${i}`,
    type,
    stream: `some-${name}`,
    metadata: { $correlationId: name },
    data: {},
  }));

/** Missing four times (never, late, withdrawn, the last one), once late, once withdrawn, once too many. */
export const smallFlags = 7;
