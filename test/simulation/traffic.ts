/** What the domains record in a run: histories of cases around each deadline, in bursts and with idle stretches in between. */

import type { EventMetadata } from "../../src/index.js";
import { acknowledgedType, clockResetType, type SlotTerms } from "../oracle/records.js";
import type { Random } from "../system/random.js";
import { longestMs } from "./full-terms.js";

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

/** What matters only where terms say more than a trigger, a counterpart and a time. */
const fullStories: typeof stories = [
  ...stories,
  () => [counterpart(0)],
  (random, w) => [counterpart(0), trigger(random.whole(0, 3 * w + 500)), ...maybe(random, counterpart(3 * w))],
  (random, w) => [counterpart(0), ...maybe(random, counterpart(random.whole(0, w))), unless(random.whole(0, 2 * w))],
  (random, w) => [
    trigger(0),
    trigger(random.whole(0, w)),
    counterpart(random.whole(0, w)),
    counterpart(w),
    counterpart(w),
  ],
  (random, w) => [trigger(0), trigger(random.whole(0, w)), trigger(w), unless(w), counterpart(random.whole(0, 2 * w))],
  (random, w) => [trigger(0), counterpart(random.whole(0, w)), counterpart(random.whole(0, w)), counterpart(2 * w)],
  // Long after all is over: closed, or forgotten.
  (random, w) => [trigger(0), counterpart(0), ...maybe(random, counterpart(0)), trigger(w + random.whole(200, 3_000))],
  (random, w) => [unless(0), trigger(random.whole(0, 2_000)), counterpart(random.whole(w, 3_000))],
];

/** Chapters of a few cases each: at the same moment, or spread; before the next there may be nothing but open deadlines. */
export const anyTraffic: Traffic = (random, terms, startMs) =>
  traffic(random, terms, stories, (name, type, afterMs, id, longest) => {
    const imported = random.whole(0, 14) === 0;
    const occurredAfterMs = afterMs - random.pick([0, 3, 50, longest, 2 * longest, -20]);
    const metadata: EventMetadata = {
      ...(random.whole(0, 19) > 0 && { $correlationId: name }),
      ...(random.whole(0, 5) === 0 && { occurredAt: new Date(startMs + occurredAfterMs).toISOString() }),
      ...(imported && { imported }),
    };
    return { afterMs, id, type, stream: `some-${name}`, metadata, data: {} };
  });

/** The same with all that terms may read of an event; and operators acknowledge, and set the time back. */
export const fullTraffic: Traffic = (random, terms, startMs) => {
  const events = traffic(random, terms, fullStories, (name, type, afterMs, id, longest) => {
    const isKeyless = random.whole(0, 19) === 0;
    const otherName = random.pick([name, name, name, name, name, "case1", 3]);
    const pair = () => random.pick(["p", "p", "p", "q", "7", "", undefined]);
    const pay = () => random.pick(["x", "x", "y", `of ${name}`, undefined]);
    const occurredAfterMs = afterMs - random.pick([0, 3, 50, longest, 2 * longest, -20, -200]);
    const key = isKeyless ? undefined : otherName;
    const written = {
      $correlationId: isKeyless ? undefined : name,
      $causationId: pair(),
      occurredAt: random.whole(0, 3) === 0 ? new Date(startMs + occurredAfterMs).toISOString() : undefined,
      imported: random.whole(0, 9) === 0 ? true : undefined,
      key,
      pay: pay(),
    };
    const metadata = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
    const data = {
      n: random.pick([0, 1, 1, 2, 3]),
      list: Array.from({ length: random.pick([0, 1, 1, 2]) }, (_, i) => i),
      w: random.pick([0, 0, 0, 1]),
      g: random.pick([0, 0, 0, 1]),
      p: random.pick(["p", "p", "p", "q", 7, "7", "", undefined]),
      key,
      pay: pay(),
    };
    return { afterMs, id, type, stream: isKeyless ? "some" : `some-${name}`, metadata, data };
  });
  const lastMs = events.at(-1)?.afterMs ?? 0;
  const control = (id: string, type: string, stream: string, dataAt: (afterMs: number) => object) => {
    const afterMs = random.whole(0, lastMs + 1_000);
    events.push({ afterMs, id, type, stream, metadata: {}, data: dataAt(afterMs) });
  };
  const [{ observer }] = terms as [SlotTerms];
  for (let left = random.pick([0, 0, 1, 3]); left > 0; left--)
    control(`acknowledged-${left}`, acknowledgedType, "rollcall.acknowledgements", () => {
      const slot = random.pick([undefined, undefined, random.pick(terms).slot]);
      const of = random.pick([observer, observer, observer, "another observer"]);
      return { observer: of, case: `case${random.whole(1, 6)}`, ...(slot !== undefined && { slot }) };
    });
  for (let left = random.pick([0, 0, 0, 0, 1, 2]); left > 0; left--)
    control(`reset-${left}`, clockResetType, "rollcall.clock", (afterMs) => {
      const backMs = random.pick([-1_000, 0, 1, 300, 2_000, 10_000]);
      return { to: new Date(startMs + afterMs - backMs).toISOString() };
    });
  return events.toSorted((a, b) => a.afterMs - b.afterMs);
};

function traffic(
  random: Random,
  terms: readonly SlotTerms[],
  told: typeof stories,
  eventOf: (name: string, type: string, afterMs: number, id: string, longest: number) => PlannedEvent,
): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const longest = longestMs(terms);
  let beginsMs = random.whole(0, 300);
  for (let chapters = random.whole(1, 3); chapters > 0; chapters--) {
    const burst = random.whole(0, 1) === 1;
    for (let cases = random.whole(1, 4); cases > 0; cases--) {
      const name = `case${random.whole(1, 6)}`;
      const caseMs = burst ? beginsMs : beginsMs + random.whole(0, longest);
      for (const slot of terms)
        for (const { part, atMs } of random.pick(told)(random, slot.withinMs)) {
          const types = slot[part];
          if (types.length > 0) record(name, random.pick(types), caseMs + Math.max(0, atMs));
        }
    }
    beginsMs += random.pick([longest, 3 * longest + 2_000]);
  }
  return events.toSorted((a, b) => a.afterMs - b.afterMs);

  function record(name: string, type: string, afterMs: number): void {
    const event = eventOf(name, type, afterMs, `event-${events.length}`, longest);
    events.push(event);
    // The same event again, as a writer that repeats itself records it elsewhere; and one that no observer reads.
    if (random.whole(0, 14) === 0)
      events.push({
        ...event,
        afterMs: afterMs + random.whole(0, 2_000),
        stream: event.stream.replace("some", `again${events.length}`),
      });
    if (random.whole(0, 9) === 0) events.push({ ...event, id: `unread-${events.length}`, type: "unread" });
  }
}
