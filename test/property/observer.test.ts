import { expect } from "chai";
import fc from "fast-check";
import { expectedCases, expectedFlags, expectedObserverFlags } from "../oracle/oracle.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { FedObserver, sortedFlags } from "../observer/feed.js";
import { runs } from "../runs.js";

const tickType = "observer.ClockTick";

const terms = fc.record({
  base: fc.constantFrom<Pick<SlotTerms, "timeBase" | "latenessMs" | "live" | "includeImported" | "toleranceMs">>(
    { timeBase: "recorded" },
    { timeBase: "recorded", includeImported: true },
    { timeBase: "occurred" },
    { timeBase: "occurred", live: true },
    { timeBase: "occurred", latenessMs: 15 },
    { timeBase: "occurred", latenessMs: 30, live: true, toleranceMs: 10 },
  ),
  slots: fc
    .array(
      fc.record({
        withinMs: fc.constantFrom(0, 10, 20),
        max: fc.constantFrom(undefined, 1, 2),
        types: fc.constantFrom(["a", "b", "c"], ["a", "d", "c"], ["b", "d", "a"]),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((slots) =>
      slots.map(({ withinMs, max, types }, i) => ({
        slot: `slot${i}`,
        withinMs,
        ...(max !== undefined && { max }),
        trigger: [types[0]!],
        counterpart: [types[1]!],
        unless: [types[2]!],
      })),
    ),
});

const entry = fc.record({
  type: fc.constantFrom("a", "a", "b", "b", "c", "d", "x", tickType),
  case: fc.constantFrom("one", "two", "three"),
  stepMs: fc.constantFrom(0, 0, 1, 4, 10, 10, 11, 25, -7),
  occurredAfterMs: fc.option(fc.constantFrom(0, -3, -12, -40, 8, 20), { nil: undefined }),
  imported: fc.boolean(),
  /** Records the event of so many entries ago again. */
  again: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined, freq: 8 }),
});

type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

function logOf(entries: readonly Entry[]): LogRecord[] {
  const log: LogRecord[] = [];
  let now = Date.UTC(2026, 0, 1);
  for (const [i, { type, case: name, stepMs, occurredAfterMs, imported, again }] of entries.entries()) {
    now += stepMs;
    const original = again === undefined ? undefined : log.at(-again);
    log.push(
      original
        ? { ...original, position: i + 1, recordedAtMs: now }
        : {
            id: `event-${i}`,
            type,
            position: i + 1,
            recordedAtMs: now,
            imported: imported && i % 3 === 0,
            ...(type !== tickType && { correlationId: name }),
            ...(occurredAfterMs !== undefined && type !== tickType && { occurredAtMs: now + occurredAfterMs }),
          },
    );
  }
  return log;
}

/** Next to nothing in memory: then what an observer reads again must be what it would have remembered. */
const limits = fc.constantFrom(
  {},
  { cachedCases: 0, cachedDeadlines: 1, commitCases: 1, commitFlags: 1 },
  { cachedCases: 1, cachedDeadlines: 1, commitCases: 1_000, commitFlags: 1_000 },
  { cachedCases: 0, cachedDeadlines: 2, commitCases: 2, commitFlags: 1_000 },
);

const slotTerms = ({ base, slots }: typeof terms extends fc.Arbitrary<infer T> ? T : never): SlotTerms[] =>
  slots.map((slot) => ({ observer: "watch", tickType, ...base, ...slot }));

describe("an observer over random histories", () => {
  it("raises the flags, and ends in the states, that the oracle derives (P1)", async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(terms, fc.array(entry, { maxLength: 40 }), limits, async (declared, entries, bounds) => {
        const slots = slotTerms(declared);
        const log = logOf(entries);
        const fed = await FedObserver.open(slots, undefined, bounds);
        await fed.handle(log);
        await fed.flush();
        expect(sortedFlags(await fed.flags())).to.deep.equal(
          sortedFlags([...expectedFlags(log, slots), ...expectedObserverFlags(log, slots)]),
        );
        const cases = await fed.cases();
        for (const { case: name, status, slots: expected } of expectedCases(log, slots)) {
          const found = cases.get(name);
          for (const { slot, state } of expected)
            expect([name, slot, found?.slots[slot]?.state ?? "IDLE"]).to.deep.equal([name, slot, state]);
          expect(found?.status ?? "settled").to.equal(status);
        }
        await fed.readModels.close();
      }),
      { numRuns: runs(300, 10_000) },
    );
  });

  it("comes to the same whatever the pages, and wherever it is killed and opened again (P2, P3, P7, P8)", async function () {
    this.timeout(600_000);
    const cut = fc.record({
      length: fc.integer({ min: 1, max: 6 }),
      next: fc.constantFrom("go on", "commit", "kill", "commit and kill"),
    });
    await fc.assert(
      fc.asyncProperty(
        terms,
        fc.array(entry, { maxLength: 40 }),
        fc.array(cut, { maxLength: 30 }),
        limits,
        async (declared, entries, cuts, bounds) => {
          const slots = slotTerms(declared);
          const log = logOf(entries);
          const fed = await FedObserver.open(slots, undefined, bounds);
          let from = 0;
          for (const { length, next } of cuts) {
            await fed.handle(log.slice(from, from + length));
            from = Math.min(log.length, from + length);
            if (next.startsWith("commit")) await fed.flush();
            // What was not committed is delivered again; what was committed is not.
            if (next.endsWith("kill")) from = Number((await fed.reopen()) ?? 0n);
          }
          await fed.handle(log.slice(from));
          await fed.flush();
          expect(sortedFlags(await fed.flags())).to.deep.equal(
            sortedFlags([...expectedFlags(log, slots), ...expectedObserverFlags(log, slots)]),
          );
          await fed.readModels.close();
        },
      ),
      { numRuns: runs(200, 5_000) },
    );
  });
});
