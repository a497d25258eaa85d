/** The oracle on several slots, on closing, on keys, on time and on the observer's own flags, worked by hand. */

import { expect } from "chai";

import { logOf, noticed, outcome, within10 } from "./history.js";
import { expectedCases, expectedFlags } from "./oracle.js";
import type { SlotTerms } from "./records.js";

const y = { slot: "y" };
const x = { slot: "x", after: "y", trigger: [], counterpart: ["d"], unless: ["e"], withinMs: 5 };

describe("The oracle agrees with histories worked by hand:", () => {
  describe("Sequences", () => {
    const rows: [why: string, history: string, outcome: string, x?: Partial<SlotTerms>, y?: Partial<SlotTerms>][] = [
      ["opens when the other is met, at that time", "a0 b7 t13", "y MET, x MISSING, x Missing 12"],
      ["or recovered", "a0 b11 d16", "y RECOVERED, x MET, y Missing 10, y LateArrival b11"],
      ["not before", "a0 d1 t11", "y MISSING, x EARLY, y Missing 10"],
      ["nor if it is waived", "a0 c1 t99", "y WAIVED, x IDLE"],
      ["the trigger completes what a counterpart began", "b0 a7 t13", "y MET, x MISSING, x Missing 12"],
      ["a mark waives it", "e0 a1 b2", "y MET, x WAIVED"],
      ["a counterpart before it", "a0 d1 b2", "y MET, x MET, x OutOfOrder d1", { inOrder: true }],
      [
        "an event counts by its type first",
        "a0 b2",
        "y MET, x MET, x OutOfOrder b2",
        { inOrder: true, counterpart: ["b"] },
      ],
      [
        "what it opens comes after all flags by type",
        "a0 d1 b2",
        "y MET, x MET, y Mismatch b2, x OutOfOrder d1",
        { inOrder: true },
        { agreeing: "g" },
      ],
      [
        "both flags at a deadline: the late counterpart opens it, in the same sweep",
        "b16 x50 a51/5 x52",
        "y RECOVERED, x MISSING, y Missing 15, y LateArrival b16, x Missing 21",
        {},
      ],
      ["its predicates ask the event that completed", "a0:w=1 b1:w=2 d2:w=2", "y MET, x MET", { where: "w" }],
    ];
    for (const [why, history, expected, ofX = {}, ofY = {}] of rows) {
      const timeBase = history.includes("/") ? "occurred" : "recorded";
      const g = history.replace("b2", ofY.agreeing ? "b2:g=1" : "b2");
      it(`${history} — ${why}`, () =>
        expect(outcome(g, { ...y, ...ofY, timeBase }, { ...x, ...ofX, timeBase })).to.equal(expected));
    }

    it("opens one after another at one event, in waves", () => {
      const flagged = { inOrder: true, trigger: [], withinMs: 5, counterpart: ["d"] };
      const slots = [
        { slot: "m" },
        { ...flagged, slot: "z", after: "m" },
        { ...flagged, slot: "a", after: "z" },
        { ...flagged, slot: "p", after: "m" },
      ];
      expect(outcome("a0 d1 b2", ...slots)).to.equal(
        "m MET, z MET, a MET, p MET, p OutOfOrder d1, z OutOfOrder d1, a OutOfOrder d1",
      );
    });
  });

  describe("Closing", () => {
    const closing = { closeAfterMs: 5 };
    const forgetting = { closeAfterMs: 5, forgetAfterMs: 3 };
    const rows: [why: string, history: string, outcome: string, terms: Partial<SlotTerms>][] = [
      ["not at the time itself", "a0 b2 t7", "MET", closing],
      ["after it", "a0 b2 t8", "CLOSED", closing],
      ["after a recovery", "a0 b11 t17", "CLOSED, Missing 10, LateArrival b11", closing],
      ["after a waiver", "a0 c2 t8", "CLOSED", closing],
      ["after a mark", "c2 t8", "CLOSED", closing],
      ["the first mark", "c2 c4 t8", "CLOSED", closing],
      ["not while it is open, early or missing", "b0 t90", "EARLY", closing],
      ["nor while it is missing", "a0 t90", "MISSING, Missing 10", closing],
      ["what changes nothing does not put it off", "a0 b2 b6 t8", "CLOSED", closing],
      ["what comes then", "a0 b2 a8 b9 c10", "CLOSED, AfterClose a8, AfterClose b9", closing],
      ["the same id has no effect", "a0 b2 t8 b2", "CLOSED", closing],
      ["a mark, then open again", "c0 b3 t20", "EARLY", closing],
      ["not forgotten at the time itself", "a0 b2 t10", "CLOSED", forgetting],
      ["forgotten after it", "a0 b2 t11", "no case", forgetting],
      ["the next event begins anew", "a0 b2 a11", "OPEN", forgetting],
      ["even under an id that the former had", "a0 b2 t11 a0", "OPEN", forgetting],
      [
        "a case with flags is not",
        "a0 b2 b3 t20 b21",
        "CLOSED, Duplicate b3, AfterClose b21",
        { ...forgetting, max: 1 },
      ],
      [
        "nor with one that came after it was closed",
        "a0 b2 b8 t20 b21",
        "CLOSED, AfterClose b8, AfterClose b21",
        forgetting,
      ],
      ["rounds: all of them", "a0 b1 a2 t9 b10 t16", "CLOSED, #2 CLOSED", { ...closing, eachTime: true }],
      [
        "pairs: a mark for those to come puts nothing off once there is one",
        "a1:p=x b2:p=x c10 t23 b25:p=z",
        "[x] CLOSED, AfterClose b25",
        { closeAfterMs: 20, per: "data.p" },
      ],
      [
        "both flags at a deadline: after the late counterpart",
        "b16 x50 a51/5 x52",
        "CLOSED, Missing 15, LateArrival b16",
        { ...closing, timeBase: "occurred" },
      ],
    ];
    for (const [why, history, expected, terms] of rows) {
      it(`${history} — ${why}`, () => expect(outcome(history, terms)).to.equal(expected));
    }

    it("waits for every slot, and flags what comes then once for each that it concerns", () => {
      const slots = [
        { slot: "y" },
        { slot: "x", counterpart: ["d"] },
        { slot: "w", counterpart: ["f"], trigger: ["g"] },
      ];
      const terms = slots.map((slot) => ({ ...slot, ...closing }));
      expect(outcome("a0 b2 t9 d10 t15", ...terms)).to.equal("y MET, x MET, w IDLE");
      expect(outcome("a0 b2 t8 d9 t15 a16", ...terms)).to.equal(
        "y CLOSED, x CLOSED, w CLOSED, x AfterClose a16, y AfterClose a16",
      );
      expect(
        expectedCases(
          logOf("a0 b2 d3 t9"),
          terms.map((slot) => ({ ...within10, ...slot })),
        )[0]!.status,
      ).to.equal("closed");
    });
  });

  describe("Keys", () => {
    const order = { a: { key: "data.o", alias: "data.pay" }, b: { via: "data.pay" } };
    const rows: [why: string, history: string, outcome: string, terms: Partial<SlotTerms>][] = [
      ["a path for all types", "a0:o=k b1:o=k b2", "MET", { key: "data.o", max: 1 }],
      ["a path for one type", "a0 b1:o=k", "MET", { keys: { b: "data.o" } }],
      ["an alias that is known", "a0:o=k,pay=z b1:pay=z", "MET", { keys: order }],
      ["an alias that is not", "a0:o=k,pay=z b1:pay=y t11", "MISSING, Missing 10", { keys: order }],
      [
        "it waits, and counts at the time of the event that tells it",
        "b0:pay=z a20:o=k,pay=z t31",
        "MET",
        { keys: order },
      ],
      ["directly after that", "b0:pay=z a20:o=k,pay=z t31", "MET", { keys: order, inOrder: true }],
      [
        "several in the order of the log",
        "b0:pay=z b1:pay=z a20:o=k,pay=z",
        "MET, Duplicate b1",
        { keys: order, max: 1 },
      ],
      ["the first meaning stands", "a0:o=k,pay=z a1:o=l,pay=z b2:pay=z", "MET", { keys: order }],
      ["without a key it tells nothing", "a0:pay=z a1:o=k,pay=z b2:pay=z", "MET", { keys: order }],
      ["waiting, it moves the time", "a0:o=k b11:pay=z", "MISSING, Missing 10", { keys: order }],
      [
        "too late when it is told",
        "a0:o=k b2:pay=z a11:o=k,pay=z",
        "RECOVERED, Missing 10, LateArrival b2 (in time)",
        { keys: order },
      ],
      [
        "business time: at the time of what tells it",
        "b20/3:pay=z a21/5:o=k,pay=z x40",
        "MET",
        { keys: order, timeBase: "occurred" },
      ],
      [
        "imported and skipped, it tells nothing",
        "a0 i1:pay=z,o=k b2:pay=z t11",
        "MISSING, Missing 10",
        { keys: { b: { key: "data.o", alias: "data.pay" } } },
      ],
    ];
    for (const [why, history, expected, terms] of rows) {
      it(`${history} — ${why}`, () => expect(outcome(history, terms)).to.equal(expected));
    }
  });

  describe("Time", () => {
    const rows: [why: string, history: string, outcome: string, terms?: Partial<SlotTerms>][] = [
      ["a reset takes an open deadline with it", "a0 x1000 a1000 t20", "MISSING, Missing 10"],
      ["back by the difference, as it is shown", "x1000 a1001 r20:to=21 t31", "OPEN"],
      ["and passed", "x1000 a1001 r20:to=21 t32", "MISSING, Missing 31"],
      ["with what was left of it", "x1000 a5 r20:to=20 b30 t31", "MET"],
      ["one too late by that", "x1000 a5 r20:to=20 b31", "RECOVERED, Missing 30, LateArrival b31"],
      ["the reset itself moves on the time first", "a0 r11:to=5", "MISSING, Missing 10"],
      ["to a time at or after log time it changes nothing", "a0 r5:to=5 t10", "OPEN"],
      ["to one after", "a0 r5:to=500 t11", "MISSING, Missing 10"],
      ["resets add up", "x1000 a1000 r1:to=500 r1:to=100 t110", "OPEN"],
      ["and passed", "x1000 a1000 r1:to=500 r1:to=100 t111", "MISSING, Missing 110"],
      ["verdicts stand", "a0 t1000 r5:to=5 b6", "RECOVERED, Missing 10, LateArrival b6"],
      ["steps go with it", "a0 x12 r5:to=5 t8", "MISSING, Missing 10, Escalated 7 (1)", { escalateMs: [4] }],
      ["business time too", "x1000 a1001/1001 r20:to=21 x32", "MISSING, Missing 31", { timeBase: "occurred" }],
      ["a reset never moves business time", "a0 r99:to=99 x10", "OPEN", { timeBase: "occurred" }],
      ["from a position", "a0 b1 a2", "OPEN", { from: { position: "2" } }],
      ["from a time", "a0 b1 a2", "OPEN", { from: { time: new Date(2).toISOString() } }],
      [
        "the first event recorded then, and all after it",
        "a0 x5 a3 b4",
        "MET",
        { from: { time: new Date(4).toISOString() } },
      ],
      ["what lies before is not read", "x99 a0 b5", "MET", { from: { position: "1" } }],
      ["from the beginning", "a0 b1 a2", "MET", { from: "beginning" }],
    ];
    for (const [why, history, expected, terms = {}] of rows) {
      it(`${history} — ${why}`, () => expect(outcome(history, terms)).to.equal(expected));
    }
  });

  describe("The observer itself", () => {
    const hour = 3_600_000;
    const business = { timeBase: "occurred" } as const;
    const rows: [why: string, history: string, flags: string, terms?: Partial<SlotTerms>][] = [
      ["the first without a key", "a0 u1 u2", "Uncorrelated u1 1"],
      [
        "then one an hour",
        `u1 u2 u3 u${hour} u${hour + 1} u${hour + 2}`,
        `Uncorrelated u1 1, Uncorrelated u${hour + 1} 4`,
      ],
      ["without the value of its path", "a0 a1:o=2", "Uncorrelated a0 1", { key: "data.o" }],
      ["without a way to its alias", "b0 b1:pay=z", "Uncorrelated b0 1", { keys: { b: { via: "data.pay" } } }],
      ["imported and skipped, none", "i1", "", { key: "data.o" }],
      ["included, one", "i1", "Uncorrelated i1 1", { key: "data.o", includeImported: true }],
      ["a minute behind is none", "x60000 a0", ""],
      ["more is", "x60001 a0", "ClockAnomaly behind a0 60001"],
      ["one an hour", "x60001 a0 b0", "ClockAnomaly behind a0 60001"],
      ["not in business time", "x60001 a0", "", business],
      ["nor what is skipped", "x60001 i0", ""],
      ["nor a control event", "x60001 t0 k0", ""],
      ["it is asked before the event counts", "x60001 u0", "ClockAnomaly behind u0 60001, Uncorrelated u0 1"],
      ["after a reset it is not behind", "x60001 r0:to=0 a1", ""],
      ["a tick a minute apart is none", "t60000:asked=0", ""],
      ["more is", "t60001:asked=0", "ClockAnomaly tick t60001 60001"],
      ["or the other way", "t0:asked=60001", "ClockAnomaly tick t0 -60001"],
      ["a tick that does not count", "t60001:asked=0", "", business],
      ["a tick of a live observer", "t60001:asked=0", "ClockAnomaly tick t60001 60001", { ...business, live: true }],
      ["each reason by itself", "t60001:asked=0 a0", "ClockAnomaly tick t60001 60001, ClockAnomaly behind a0 60001"],
      ["ahead by what is tolerated", "a0/5", "", { ...business, toleranceMs: 5 }],
      ["by more", "a0/6 a1/7 a2/9", "ClockAnomaly ahead a0/6 6", { ...business, toleranceMs: 5 }],
      ["without a tolerance", "a0/600000", "", business],
    ];
    for (const [why, history, expected, terms = {}] of rows) {
      it(`${history} — ${why}`, () => expect(noticed(history, terms)).to.equal(expected));
    }

    it("has a sequence of its own, and is no case", () => {
      const log = logOf("u0 a1 a100000 u1 t100001");
      expect(noticed("u0 a1 a100000 u1")).to.equal("Uncorrelated u0 1, ClockAnomaly behind u1 99999");
      expect(expectedFlags(log, [within10]).map(({ kind }) => kind)).to.deep.equal(["Missing"]);
    });
  });
});
