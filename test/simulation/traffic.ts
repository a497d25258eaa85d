/** What the domains record in a run: histories of cases around each deadline, in bursts and with idle stretches in between. */

import type { EventMetadata } from "../../src/index.js";
import type { SlotTerms } from "../oracle/records.js";
import type { Random } from "../system/random.js";

export interface PlannedEvent {
  /** From the beginning of the run. */
  readonly afterMs: number;
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly metadata: EventMetadata;
  readonly data: object;
}

/** Any history that a seed determines, for an observer of these terms; `startMs` is when the run begins. */
export type Traffic = (random: Random, terms: readonly SlotTerms[], startMs: number) => readonly PlannedEvent[];

/** Something that is recorded so long after the case began. */
interface Step {
  readonly part: "trigger" | "counterpart" | "unless";
  readonly atMs: number;
}

/** How one expectation may fare, by the time `w` that it allows. */
const stories: readonly ((random: Random, w: number) => Step[])[] = [
  (random, w) => [trigger(0), counterpart(random.whole(0, w))],
  (_, w) => [trigger(0), counterpart(w)],
  (_, w) => [trigger(0), counterpart(w + 1)],
  // About when a tick is on its way.
  (random, w) => [trigger(0), counterpart(w + random.whole(1, 40))],
  (random, w) => [trigger(0), counterpart(w + random.whole(1, 2 * w + 500))],
  () => [trigger(0)],
  () => [trigger(0)],
  (random, w) => [trigger(0), counterpart(random.whole(0, w)), counterpart(random.whole(0, 2 * w))],
  (random, w) => [trigger(0), counterpart(w + random.whole(1, 500)), counterpart(2 * w + random.whole(1, 500))],
  (random, w) => [counterpart(0), trigger(random.whole(0, w)), ...maybe(random, counterpart(random.whole(0, w)))],
  (random, w) => [trigger(0), unless(random.whole(0, w)), ...maybe(random, counterpart(w + 1))],
  (random, w) => [trigger(0), unless(w + random.whole(1, w + 500)), ...maybe(random, counterpart(2 * w))],
  (random, w) => [unless(0), trigger(random.whole(0, w)), ...maybe(random, counterpart(w))],
  (random, w) => [trigger(0), trigger(random.whole(1, w)), ...maybe(random, counterpart(w + random.whole(0, 1)))],
  (random, w) =>
    Array.from({ length: random.whole(2, 6) }, () => ({
      part: random.pick(["trigger", "counterpart", "unless"]),
      atMs: random.whole(0, 2 * w),
    })),
];

const trigger = (atMs: number): Step => ({ part: "trigger", atMs });
const counterpart = (atMs: number): Step => ({ part: "counterpart", atMs });
const unless = (atMs: number): Step => ({ part: "unless", atMs });
const maybe = (random: Random, step: Step) => (random.whole(0, 2) === 0 ? [step] : []);

/** Chapters of a few cases each: at the same moment, or spread; before the next there may be nothing but open deadlines. */
export const anyTraffic: Traffic = (random, terms, startMs) => {
  const events: PlannedEvent[] = [];
  const longestMs = Math.max(...terms.map(({ withinMs }) => withinMs));
  let beginsMs = random.whole(0, 300);
  for (let chapters = random.whole(1, 3); chapters > 0; chapters--) {
    const burst = random.whole(0, 1) === 1;
    for (let cases = random.whole(1, 4); cases > 0; cases--) {
      const name = `case${random.whole(1, 6)}`;
      const caseMs = burst ? beginsMs : beginsMs + random.whole(0, longestMs);
      for (const slot of terms)
        for (const { part, atMs } of random.pick(stories)(random, slot.withinMs)) {
          const types = slot[part];
          if (types.length > 0) record(name, random.pick(types), caseMs + atMs);
        }
    }
    beginsMs += random.pick([longestMs, 3 * longestMs + 2_000]);
  }
  return events.toSorted((a, b) => a.afterMs - b.afterMs);

  function record(name: string, type: string, afterMs: number): void {
    const imported = random.whole(0, 14) === 0;
    const occurredAfterMs = afterMs - random.pick([0, 3, 50, longestMs, 2 * longestMs, -20]);
    const metadata: EventMetadata = {
      ...(random.whole(0, 19) > 0 && { $correlationId: name }),
      ...(random.whole(0, 5) === 0 && { occurredAt: new Date(startMs + occurredAfterMs).toISOString() }),
      ...(imported && { imported }),
    };
    const event = { afterMs, id: `event-${events.length}`, type, stream: `some-${name}`, metadata, data: {} };
    events.push(event);
    // The same event again, as a writer that repeats itself records it elsewhere; and one that no observer reads.
    if (random.whole(0, 14) === 0)
      events.push({ ...event, afterMs: afterMs + random.whole(0, 2_000), stream: `again-${events.length}` });
    if (random.whole(0, 9) === 0) events.push({ ...event, id: `unread-${events.length}`, type: "unread" });
  }
};
