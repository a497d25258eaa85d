import { expect } from "chai";
import fc from "fast-check";
import { flagRecordOf } from "../observer/feed.js";
import { Redefining, type Session } from "../observer/redefining.js";
import { anyFullLog, anyFullTerms } from "../oracle/arbitrary.js";
import { expectedCases } from "../oracle/oracle.js";
import {
  clockResetType,
  type ExpectedCase,
  type FlagRecord,
  type LogRecord,
  type SlotTerms,
} from "../oracle/records.js";
import { runs } from "../runs.js";
import { flagEventsIn } from "../simulation/log-records.js";
import type { FlagData } from "../../src/index.js";

/** Next to nothing in memory: then what an observer reads again must be what it would have remembered. */
const limits = fc.constantFrom(
  {},
  { cachedCases: 0, cachedDeadlines: 1, commitCases: 1, commitFlags: 1 },
  { cachedCases: 1, cachedDeadlines: 1, commitCases: 2, commitFlags: 1_000 },
);

const flagTypes = new Set(["Missing", "LateArrival", "ClockAnomaly", "Uncorrelated"].map((kind) => `observer.${kind}`));

/** What is live for a while: whose terms, for how long, and how it fares. */
const part = fc.record({
  terms: anyFullTerms(),
  /** Slots that stay as they were before, by their place. */
  keeps: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  applyTo: fc.constantFrom("new" as const, "new" as const, "open" as const),
  /** Recorded while it is up, and after that, before the next version comes. */
  whileUp: fc.integer({ min: 0, max: 20 }),
  whileDown: fc.constantFrom(0, 0, 1, 4),
  cuts: fc.array(
    fc.record({
      most: fc.integer({ min: 1, max: 6 }),
      next: fc.constantFrom("go on", "go on", "commit", "kill", "commit and kill"),
    }),
    { maxLength: 8 },
  ),
  limits,
});

/** The terms of a version after another: a slot of the same name may stay what it was. */
function changed(before: readonly SlotTerms[], { terms, keeps }: { terms: SlotTerms[]; keeps: readonly boolean[] }) {
  const { from: _, ...ofObserver } = terms[0]!;
  const slots = terms.map(({ from: __, ...slot }, i) => {
    const same = keeps[i] ? before.find((other) => other.slot === slot.slot) : undefined;
    return same && same.after === undefined && !terms.some(({ after }) => after === slot.slot) ? { ...same } : slot;
  });
  const { observer, tickType, closeAfterMs, forgetAfterMs, timeBase } = ofObserver;
  // Other keys concern all of history, and are taken by a rebuild alone.
  const { key, keys } = before[0] ?? ofObserver;
  const { latenessMs, live, includeImported, toleranceMs } = ofObserver;
  const own = {
    observer,
    tickType,
    key,
    keys,
    closeAfterMs,
    forgetAfterMs,
    timeBase,
    latenessMs,
    live,
    includeImported,
    toleranceMs,
  };
  return slots.map((slot) => ({ ...slot, ...own }) as SlotTerms);
}

const ascending = (log: readonly LogRecord[]): LogRecord[] => {
  let reached = -1;
  return log.filter(({ position }) => position > reached && ((reached = position), true));
};

/** Two versions, one after the other, each live until all that was recorded meanwhile is read; and where the second came. */
async function changedBetween(
  [first, second]: readonly [readonly SlotTerms[], readonly SlotTerms[]],
  log: readonly LogRecord[],
  { at, applyTo }: { readonly at: number; readonly applyTo: "new" | "open" },
) {
  const redefining = await Redefining.open();
  const live = async (observer: ReturnType<ReturnType<Redefining["next"]>>, records: readonly LogRecord[]) => {
    const session = await redefining.start(observer);
    await redefining.record(records);
    await session.read();
    await session.commit();
    session.kill();
  };
  await live(redefining.next(first)(), log.slice(0, at));
  await live(redefining.next(second, { applyTo })(), log.slice(at));
  const events = await redefining.events();
  const definedAt = (await redefining.definedAt())[1]!;
  const records = await redefining.records();
  await redefining.close();
  return {
    /** Up to the second definition, which is one of them. */
    before: records.filter(({ position }) => position <= definedAt),
    records,
    found: flagEventsIn(events).map(({ type, data }) => flagRecordOf(type, data as FlagData)),
  };
}

const inWords = ({ case: name, slot, round, pair, kind, deadline, step, eventId }: FlagRecord): string =>
  JSON.stringify([name, slot, round, pair, kind, deadline, step, eventId]);

/** What the flags of one slot of a case are, wherever it says so. */
const flagsOf = (cases: readonly ExpectedCase[]) => new Set(cases.flatMap(({ flags }) => flags.map(inWords)));
const placeOf = (name: string, slot: string) => `${name} ${slot}`;

/** Slots that have had a trigger, by case. */
const triggered = (cases: readonly ExpectedCase[]) =>
  new Set(
    cases.flatMap(({ case: name, slots }) =>
      slots.flatMap(({ slot, triggerId }) =>
        triggerId === undefined ? [] : [placeOf(name, slot.replace(/[#[].*$/, ""))],
      ),
    ),
  );

/** Terms without what belongs to a case as a whole, and without what no later definition raises of earlier events. */
const ofSlots = anyFullTerms().map((terms) =>
  terms
    .filter(({ after }) => after === undefined)
    .map(
      ({ from: _, key: __, keys: ___, closeAfterMs: ____, forgetAfterMs: _____, orphanWithinMs: ______, ...slot }) =>
        slot,
    ),
);

describe("an observer whose definition changes, over random histories", () => {
  it("comes to the same as a rebuild: rows, flags and their ids, and nothing is appended (P11)", async function () {
    this.timeout(3_600_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 2, maxLength: 3 }),
        anyFullLog([{}], { maxLength: 60 }),
        async (parts, log) => {
          const redefining = await Redefining.open();
          let terms: SlotTerms[] = [];
          // What is delivered twice is the business of another test.
          const left = ascending(log);
          const take = (count: number): LogRecord[] => left.splice(0, count);
          let observer: ReturnType<Redefining["next"]>;
          await redefining.record(take(3));
          for (const [i, each] of parts.entries()) {
            terms = i === 0 ? changed([], each) : changed(terms, each);
            observer = redefining.next(terms, { applyTo: each.applyTo });
            let session: Session = await redefining.start(observer(each.limits));
            await redefining.record(take(i === parts.length - 1 ? Infinity : each.whileUp));
            for (const { most, next } of each.cuts) {
              if (!(await session.read(most))) break;
              if (next.startsWith("commit")) await session.commit();
              if (!next.endsWith("kill")) continue;
              session.kill();
              session = await redefining.start(observer(each.limits));
            }
            await session.read();
            await session.commit();
            session.kill();
            await redefining.record(take(each.whileDown));
          }
          const last = observer!({});
          const session = await redefining.start(last);
          await session.read();
          await session.commit();
          session.kill();
          const { name } = last.declaration;
          const [seen, flags, head] = [
            await redefining.seen(name),
            await redefining.flagIds(),
            await redefining.store.head(),
          ];
          expect(await redefining.rebuilt(last)).to.deep.equal(seen);
          expect(await redefining.flagIds()).to.deep.equal(flags);
          expect(new Set(flags).size).to.equal(flags.length);
          expect(await redefining.store.head()).to.equal(head);
          await redefining.close();
        },
      ),
      { numRuns: runs(100, 5_000) },
    );
  });

  it("judges what had its trigger before by the terms of then, and all else by the new ones, as the oracle does", async function () {
    this.timeout(3_600_000);
    await fc.assert(
      fc.asyncProperty(
        ofSlots,
        ofSlots,
        fc.array(fc.constantFrom("changed", "changed", "kept", "renamed"), { minLength: 3, maxLength: 3 }),
        anyFullLog([{}], { maxLength: 40 }),
        fc.nat(40),
        async (drafts, others, how, log, at) => {
          if (drafts.length === 0 || others.length === 0) return;
          const [{ timeBase, live, includeImported, toleranceMs }] = drafts as [SlotTerms];
          const first = drafts.map((slot) => ({ ...slot, latenessMs: 0 }));
          // What is read again counts in the order of the log: as it did, where no event waited for its time.
          const own = { timeBase, latenessMs: 0, live, includeImported, toleranceMs };
          // The same events in the same parts, so that both read the same log.
          const second = first.map((slot, i) => {
            const { trigger, counterpart, unless } = slot;
            const other = { ...others[i % others.length]!, ...own, trigger, counterpart, unless };
            return how[i] === "kept" ? slot : { ...other, slot: how[i] === "renamed" ? `${slot.slot}2` : slot.slot };
          });
          const history = ascending(log).filter(({ type }) => type !== clockResetType);
          const { before, records, found } = await changedBetween([first, second], history, { at, applyTo: "new" });
          const [pre1, pre2] = [expectedCases(before, first), expectedCases(before, second)];
          const [all1, all2] = [expectedCases(records, first), expectedCases(records, second)];
          const [had1, had2] = [triggered(pre1), triggered(pre2)];
          const names1 = new Set(first.map(({ slot }) => slot));
          const names2 = new Set(second.map(({ slot }) => slot));
          // Waived before its trigger came, it had none; and what has had its trigger under no terms of its own is not judged.
          const unsaid = new Set(
            pre1.flatMap(({ case: name, slots }) =>
              slots.flatMap(({ slot, state, early }) =>
                state === "WAIVED" && early ? [placeOf(name, slot.replace(/[#[].*$/, ""))] : [],
              ),
            ),
          );
          const isSaid = ({ case: name, slot }: FlagRecord) => {
            const place = placeOf(name, slot);
            return name !== "" && !unsaid.has(place) && (names1.has(slot) || !had2.has(place));
          };
          const [flags1, flags2] = [flagsOf(pre1), flagsOf(pre2)];
          const expected = [
            ...all1.flatMap(({ flags }) =>
              flags.filter((flag) => flags1.has(inWords(flag)) || had1.has(placeOf(flag.case, flag.slot))),
            ),
            ...all2.flatMap(({ flags }) =>
              flags.filter(
                (flag) =>
                  !flags2.has(inWords(flag)) && names2.has(flag.slot) && !had1.has(placeOf(flag.case, flag.slot)),
              ),
            ),
          ];
          expect(found.filter(isSaid).map(inWords).toSorted()).to.deep.equal(
            expected.filter(isSaid).map(inWords).toSorted(),
          );
        },
      ),
      { numRuns: runs(100, 10_000) },
    );
  });

  it("awaits a slot that is added to open cases from the definition on at the earliest, and finds what came before", async function () {
    this.timeout(3_600_000);
    const withinMs = fc.integer({ min: 0, max: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(withinMs, withinMs, fc.boolean(), fc.constantFrom(1, 2)),
        anyFullLog([{}], { maxLength: 40 }),
        fc.nat(40),
        async ([firstMs, addedMs, isTurned, min], log, at) => {
          const base = { observer: "test.Observer", timeBase: "recorded", tickType: "observer.ClockTick" } as const;
          const plain = { ...base, slot: "first", trigger: ["a"], counterpart: ["b"], unless: [], withinMs: firstMs };
          const [trigger, counterpart] = isTurned ? ["b", "a"] : ["a", "b"];
          const added = {
            ...plain,
            slot: "added",
            trigger: [trigger!],
            counterpart: [counterpart!],
            withinMs: addedMs,
            min,
          };
          const history = ascending(log).filter(({ type }) => type !== clockResetType);
          const { before, records, found } = await changedBetween([[plain], [plain, added]], history, {
            at,
            applyTo: "open",
          });
          const read = records
            .filter(({ type }) => ["a", "b"].includes(type) || type.startsWith("observer."))
            .filter(({ type }) => !flagTypes.has(type));
          let timeMs = -Infinity;
          const timed = read.map((record) => ({ ...record, timeMs: (timeMs = Math.max(timeMs, record.recordedAtMs)) }));
          const definedMs = timed.find(({ position }) => position === before.at(-1)!.position)!.timeMs;
          const expected: unknown[] = [];
          for (const { case: name, status } of expectedCases(before, [plain])) expectOf(name, status);
          for (const name of new Set(records.map(({ correlationId }) => correlationId)))
            if (name && !expectedCases(before, [plain]).some((each) => each.case === name)) expectOf(name, "settled");
          const about = found.filter(({ slot }) => slot === "added");
          expect(
            about.map(({ case: name, kind, deadline, eventId }) => [name, kind, deadline ?? eventId]).toSorted(),
          ).to.deep.equal(expected.toSorted());

          function expectOf(name: string, status: string): void {
            const own = timed.filter(
              ({ id, correlationId, imported }, i) =>
                correlationId === name && !imported && !timed.slice(0, i).some((earlier) => earlier.id === id),
            );
            const first = own.find(({ type }) => type === trigger);
            if (!first) return;
            const isEarlier = first.position < before.at(-1)!.position;
            if (isEarlier && status !== "open" && status !== "flagged") return;
            const deadlineMs = (isEarlier ? definedMs : first.timeMs) + addedMs;
            const came = own.filter(({ type }) => type === counterpart)[min - 1];
            if (came && came.timeMs <= deadlineMs) return;
            if (timeMs <= deadlineMs) return;
            expected.push([name, "Missing", new Date(deadlineMs).toISOString()]);
            if (came) expected.push([name, "LateArrival", came.id]);
          }
        },
      ),
      { numRuns: runs(100, 10_000) },
    );
  });
});
