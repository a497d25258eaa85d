/** Pins the oracle: a table worked by hand, a second formulation, and the invariants of section 5 of observer.md that concern it. */

import { expect } from "chai";
import fc from "fast-check";

import { anyFull, anyFullTerms, anyLog, anyTerms } from "./arbitrary.js";
import { logOf, outcome, shown, within10 } from "./history.js";
import { expectedCases, expectedFlags, expectedObserverFlags } from "./oracle.js";
import type { LogRecord, SlotTerms } from "./records.js";

const once = { max: 1 };
const business = { timeBase: "occurred" } as const;
const late5 = { timeBase: "occurred", latenessMs: 5 } as const;

const table: [why: string, history: string, outcome: string, terms?: Partial<SlotTerms>][] = [
  ["done in time", "a0 b5", "MET"],
  ["done exactly at the deadline, which is in time", "a0 b10", "MET"],
  ["one late", "a0 b11", "RECOVERED, Missing 10, LateArrival b11"],
  ["nothing read after the trigger", "a0", "OPEN"],
  ["a tick exactly at the deadline fires nothing", "a0 t10", "OPEN"],
  ["a tick after it does", "a0 t11", "MISSING, Missing 10"],
  ["so does another case's event", "a0 x11", "MISSING, Missing 10"],
  ["cancelled in time", "a0 c5", "WAIVED"],
  ["cancelled exactly at the deadline", "a0 c10", "WAIVED"],
  ["cancelled after it: the deadline fires first", "a0 c11", "WAIVED, Missing 10, Withdrawn c11"],
  ["a waived slot stays waived", "a0 c5 b6 t30 b40", "WAIVED", once],
  ["withdrawn stays withdrawn", "a0 c11 b12 b13 c14", "WAIVED, Missing 10, Withdrawn c11", once],
  ["cancelled when it was done", "a0 b5 c6 t30", "MET"],
  ["cancelled when it was recovered", "a0 b11 c12", "RECOVERED, Missing 10, LateArrival b11"],
  ["a counterpart without a trigger", "b0 t50", "EARLY"],
  ["met by the trigger, however long it waited", "b0 a50", "MET"],
  ["cancelled before the trigger", "c0 a5 t30", "WAIVED"],
  ["a mark alone is no verdict", "c0 t30", "IDLE"],
  ["an early counterpart, cancelled before the trigger", "b0 c1", "WAIVED"],
  ["which the trigger does not revive", "b0 c1 a2 b3 t30", "WAIVED", once],
  ["a mark, then a counterpart", "c0 b1", "EARLY"],
  ["a mark, then a counterpart, then the trigger", "c0 b1 a2 t30", "WAIVED"],
  ["repetitions without a maximum write nothing", "a0 b1 b2 b3 t30", "MET"],
  ["the second of once", "a0 b1 b2 b30", "MET, Duplicate b2, Duplicate b30", once],
  ["the third of at most two", "a0 b1 b2 b3", "MET, Duplicate b3", { max: 2 }],
  ["a second early one of once", "b0 b1 a2", "MET, Duplicate b1", once],
  ["the late one counts as the first", "a0 b11 b12", "RECOVERED, Missing 10, LateArrival b11, Duplicate b12", once],
  ["after a late one, without a maximum", "a0 b11 b12", "RECOVERED, Missing 10, LateArrival b11"],
  ["duplicates go on after a cancellation that changed nothing", "a0 b1 c2 b3", "MET, Duplicate b3", once],
  ["a repeated trigger does not move the deadline", "a0 a8 b12", "RECOVERED, Missing 10, LateArrival b12"],
  ["nor does it reopen", "a0 b1 a20 t50", "MET"],
  ["the same event id again", "a0 b5 b5 t9", "MET", once],
  ["a clock that jumps back: the deadline runs from log time", "x20 a5 b30", "MET"],
  [
    "and a counterpart stamped early is judged by log time",
    "a0 x11 b9",
    "RECOVERED, Missing 10, LateArrival b9 (in time)",
  ],
  ["imported events are skipped in log time, yet move it", "a0 i5 i11", "MISSING, Missing 10"],
  ["unless they are included", "a0 i5 t11", "MET", { includeImported: true }],
  ["log time decides, business time annotates", "a0 b20/9", "RECOVERED, Missing 10, LateArrival b20/9 (in time)"],
  ["business time: recorded late, done in time", "a40/0 b60/10", "MET", business],
  ["business time: one late", "a40/0 b41/11", "RECOVERED, Missing 10, LateArrival b41/11", business],
  [
    "business time: recorded after its Missing",
    "a0 x11 b12/9",
    "RECOVERED, Missing 10, LateArrival b12/9 (in time)",
    business,
  ],
  ["business time: recorded late but before its Missing", "a0 x10 b12/9 t99", "MET", business],
  ["business time: ticks count only when live", "a0 t99", "OPEN", business],
  ["business time: live", "a0 t11", "MISSING, Missing 10", { ...business, live: true }],
  ["lateness: fires later", "a0 x15", "OPEN", late5],
  ["lateness: ω beyond the deadline", "a0 x16", "MISSING, Missing 10", late5],
  ["lateness: what ω has not reached is not judged", "a0 x6 b7 x11", "OPEN", late5],
  ["lateness: what it reaches is", "a0 x6 b7 x12", "MET", late5],
  ["lateness: judged in the order of τ", "a0 x4 b9 c12/8 x30", "WAIVED", late5],
  [
    "lateness: the trigger recorded after its counterpart",
    "b3 b4 a5/2 x40",
    "MET, Duplicate b4",
    { ...late5, ...once },
  ],
  ["lateness: later than allowed, yet before its Missing", "a0 x14 b15/8", "MET", late5],
  [
    "lateness: later than allowed and after it",
    "a0 x16 b17/8",
    "RECOVERED, Missing 10, LateArrival b17/8 (in time)",
    late5,
  ],
  ["a late trigger, its deadline passed, as the last event", "x50 a51/5", "OPEN", business],
  ["it fires with the next", "x50 a51/5 b52/6", "RECOVERED, Missing 15, LateArrival b52/6 (in time)", business],
  ["it is met by an early counterpart that was in time", "b15 x50 a51/5 x52", "MET", business],
  ["but not by one that was not", "b16 x50 a51/5 x52", "RECOVERED, Missing 15, LateArrival b16", business],
  ["a time too far ahead is read as recorded", "a0/500 b9 x12", "MET", { ...business, toleranceMs: 100 }],
];

const missingOf = (log: readonly LogRecord[], slots: readonly SlotTerms[]) =>
  expectedFlags(log, slots)
    .filter(({ kind }) => kind === "Missing")
    .map((flag) => `${flag.case} ${flag.slot} ${flag.deadline}`)
    .toSorted();
const isRead = ({ type }: LogRecord, slots: readonly SlotTerms[]) =>
  slots.some(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless].includes(type));
/** The flags of each case, in their sequence. */
const flagsByCase = (log: readonly LogRecord[], slots: readonly SlotTerms[]) =>
  new Map(expectedCases(log, slots).map((one) => [one.case, one.flags]));

describe("The oracle", () => {
  describe("agrees with histories worked by hand", () => {
    for (const [why, history, expected, terms] of table) {
      it(`${history} — ${why}`, () => expect(outcome(history, terms ?? {})).to.equal(expected));
    }
  });

  it("orders the flags of several slots: firings by deadline and name, then what the event raises by name", () => {
    const slots: SlotTerms[] = [
      { ...within10, slot: "z", withinMs: 5 },
      { ...within10, slot: "y", counterpart: ["d"] },
      { ...within10, slot: "x" },
    ];
    const log = logOf("a0 b20");
    const [found] = expectedCases(log, slots);
    expect(found!.flags.map((flag) => `${flag.sequence} ${flag.slot} ${shown(flag)}`)).to.deep.equal([
      "0 z Missing 5",
      "1 x Missing 10",
      "2 y Missing 10",
      "3 x LateArrival b20",
      "4 z LateArrival b20",
    ]);
    expect(found!.status).to.equal("flagged");
  });

  it("gives a case its status: flagged, else open, else recovered, else settled", () => {
    const slots: SlotTerms[] = [within10, { ...within10, slot: "other", counterpart: ["d"], withinMs: 100 }];
    const status = (history: string) => expectedCases(logOf(history), slots)[0]!.status;
    expect(status("a0 t11")).to.equal("flagged");
    expect(status("a0 b11")).to.equal("open");
    expect(status("a0 b11 d12")).to.equal("recovered");
    expect(status("a0 b1 d12")).to.equal("settled");
    expect(status("c0")).to.equal("settled");
    expect(status("b0")).to.equal("open");
  });

  it("refuses terms that it does not define", () => {
    expect(() => expectedCases([], [{ ...within10, unless: ["b"] }])).to.throw("two roles");
    expect(() => expectedCases([], [{ ...within10, max: 0 }])).to.throw("max");
    expect(() => expectedCases([], [within10, { ...within10, ...business }])).to.throw("differ");
    expect(() => expectedCases([], [])).to.throw("at least one slot");
  });

  it("never takes back a verdict or a flag when the log goes on (P4)", () => {
    fc.assert(
      fc.property(anyLog(), anyTerms(), fc.nat(24), (log, slots, length) => {
        const whole = new Map(expectedCases(log, slots).map((one) => [one.case, one]));
        for (const prefix of expectedCases(log.slice(0, length), slots)) {
          const later = whole.get(prefix.case)!;
          expect(later.flags.slice(0, prefix.flags.length)).to.deep.equal(prefix.flags);
          for (const [i, { verdict, triggerId, deadlineMs }] of prefix.slots.entries()) {
            if (verdict !== "unknown") expect(later.slots[i]!.verdict).to.equal(verdict);
            if (triggerId) expect(later.slots[i]).to.include({ triggerId, deadlineMs });
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("nor whatever is declared", () => {
    fc.assert(
      fc.property(anyFull(anyFullTerms()), fc.nat(30), ([slots, log], length) => {
        const prefix = log.slice(0, length);
        const own = expectedObserverFlags(prefix, slots);
        expect(expectedObserverFlags(log, slots).slice(0, own.length)).to.deep.equal(own);
        const whole = flagsByCase(log, slots);
        for (const [name, flags] of flagsByCase(prefix, slots))
          if (flags.length > 0) expect(whole.get(name)!.slice(0, flags.length)).to.deep.equal(flags);
      }),
      { numRuns: 500 },
    );
  });

  it("never says missing of what log time shows to be in time (P4)", () => {
    fc.assert(
      fc.property(anyLog({ wild: false }), anyTerms("recorded"), (log, slots) => {
        for (const found of expectedCases(log, slots)) {
          for (const [i, { verdict, triggerId, deadlineMs }] of found.slots.entries()) {
            const trigger = log.find(({ id }) => id === triggerId);
            const isInTime = ({ type, correlationId, recordedAtMs }: LogRecord) =>
              slots[i]!.counterpart.includes(type) && correlationId === found.case && recordedAtMs <= deadlineMs!;
            if (trigger && log.some(isInTime)) expect(verdict).not.to.equal("missing");
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("finds the same missing whichever order events of equal log time have (P6)", () => {
    const shuffled = anyLog({ wild: false }).chain((log) =>
      fc.tuple(fc.constant(log), fc.shuffledSubarray(log, { minLength: log.length })),
    );
    fc.assert(
      fc.property(shuffled, anyTerms("recorded"), ([log, order], slots) => {
        const permuted = order
          .toSorted((x, y) => x.recordedAtMs - y.recordedAtMs)
          .map((record, position) => ({ ...record, position }));
        expect(missingOf(permuted, slots)).to.deep.equal(missingOf(log, slots));
      }),
      { numRuns: 500 },
    );
  });

  it("is not moved by unrelated events while clocks are monotone (P9)", () => {
    const monotone = anyLog({ wild: false });
    fc.assert(
      fc.property(monotone, anyTerms(), fc.array(fc.tuple(fc.nat(30), fc.boolean())), (log, slots, strangers) => {
        const untouched = flagsByCase(log, slots);
        const mixed = strangers.flatMap(([at, isOwnType], i): LogRecord[] => {
          const neighbour = log[at];
          // What the observer does not read may stand anywhere; its own types must not tell more about the time than the log does.
          if (!neighbour || (isOwnType && !isRead(neighbour, slots))) return [];
          const type = isOwnType ? "a" : "unread";
          return [
            { ...neighbour, id: `s${i}`, type, correlationId: `s${i}`, position: neighbour.position - 1 / (i + 2) },
          ];
        });
        const whole = [...log, ...mixed].toSorted((x, y) => x.position - y.position);
        const found = flagsByCase(whole, slots);
        for (const [name, flags] of untouched) expect(found.get(name)).to.deep.equal(flags);
      }),
      { numRuns: 500 },
    );
  });

  it("takes a redelivered event as none (P7)", () => {
    const any = fc.oneof(fc.tuple(anyTerms(), anyLog()), anyFull(anyFullTerms()));
    fc.assert(
      fc.property(any, fc.nat(24), fc.nat(24), ([slots, log], from, length) => {
        const again = [...log.slice(0, from + length), ...log.slice(from, from + length), ...log.slice(from + length)];
        expect(expectedCases(again, slots)).to.deep.equal(expectedCases(log, slots));
        expect(expectedObserverFlags(again, slots)).to.deep.equal(expectedObserverFlags(log, slots));
      }),
      { numRuns: 500 },
    );
  });
});
