/** The oracle and the table of one slot: each row that other tests do not have, and each of its details, worked by hand. */

import { expect } from "chai";

import { outcome } from "./history.js";
import type { SlotTerms } from "./records.js";

type Row = [why: string, history: string, outcome: string, terms?: Partial<SlotTerms>];

const once = { max: 1 };
const orphan = { orphanWithinMs: 5 };
const rows: Record<string, Row[]> = {
  Orphans: [
    ["at the time itself nothing has passed", "b0 t5", "EARLY", orphan],
    ["after it, it is flagged", "b0 t6", "ORPHAN, Orphan b0 5", orphan],
    ["the time runs from the first counterpart", "b0 b4 t6", "ORPHAN, Orphan b0 5", orphan],
    ["the trigger came after all", "b0 a6", "MET, Orphan b0 5, OrphanResolved a6", orphan],
    ["a trigger in time resolves nothing", "b0 a5 t9", "MET", orphan],
    ["too few so far", "b0 a6", "OPEN, Orphan b0 5, OrphanResolved a6", { ...orphan, min: 2 }],
    [
      "counted on, and above the maximum",
      "b0 b6 b7",
      "ORPHAN, Orphan b0 5, Duplicate b6, Duplicate b7",
      { ...orphan, ...once },
    ],
    ["withdrawn", "b0 c6 a7", "WAIVED, Orphan b0 5, Withdrawn c6", orphan],
    ["waived before it is one", "b0 c5 t6", "WAIVED", orphan],
    ["a mark does not hinder it", "c0 b0 t6", "ORPHAN, Orphan b0 5", orphan],
    ["a marked trigger resolves it too", "c0 b0 a6", "WAIVED, Orphan b0 5, OrphanResolved a6", orphan],
    ["where none belongs, it is not resolved", "b0:w=1 a6:w=2", "OPEN, Orphan b0 5", { ...orphan, where: "w" }],
    [
      "in an orphan, order is no matter any more",
      "b0 a6",
      "MET, Orphan b0 5, OrphanResolved a6",
      { ...orphan, inOrder: true },
    ],
  ],
  "Order and repeats": [
    ["a counterpart before its trigger, declared", "b0 b1 a2", "MET, OutOfOrder b0", { inOrder: true }],
    ["also when they are too few", "b0 a2", "OPEN, OutOfOrder b0", { inOrder: true, min: 2 }],
    ["the first that belongs", "b0:w=1 b1:w=2 a2:w=2", "MET, OutOfOrder b1", { inOrder: true, where: "w" }],
    ["none that belongs", "b0:w=1 a2:w=2", "OPEN", { inOrder: true, where: "w" }],
    ["a marked trigger expects nothing", "c0 b0 a1", "WAIVED", { inOrder: true }],
    ["a repeated trigger in OPEN, declared", "a0 a1", "OPEN, DuplicateTrigger a1", { flagRepeats: true }],
    ["in MET", "a0 b1 a2", "MET, DuplicateTrigger a2", { flagRepeats: true }],
    ["in MISSING", "a0 a11", "MISSING, Missing 10, DuplicateTrigger a11", { flagRepeats: true }],
    [
      "in RECOVERED",
      "a0 b11 a12",
      "RECOVERED, Missing 10, LateArrival b11, DuplicateTrigger a12",
      { flagRepeats: true },
    ],
    ["not in WAIVED", "a0 c1 a2", "WAIVED", { flagRepeats: true }],
    ["nor after a waiver without a trigger", "b0 c1 a2 a3", "WAIVED", { flagRepeats: true }],
    [
      "done in spite of a waiver",
      "a0 c1 b2 b3",
      "WAIVED, DoneAfterCancel b2, DoneAfterCancel b3",
      { flagDoneAfterCancel: true },
    ],
    [
      "of one withdrawn",
      "a0 c11 b12",
      "WAIVED, Missing 10, Withdrawn c11, DoneAfterCancel b12",
      { flagDoneAfterCancel: true },
    ],
    ["of a mark", "c0 b1 a2 b3", "WAIVED, DoneAfterCancel b3", { flagDoneAfterCancel: true }],
    [
      "before any trigger",
      "b0 c1 b2 a3 b4",
      "WAIVED, DoneAfterCancel b2, DoneAfterCancel b4",
      { flagDoneAfterCancel: true },
    ],
    ["only what belongs", "a0:w=1 c1 b2:w=2", "WAIVED", { flagDoneAfterCancel: true, where: "w" }],
  ],
  Counts: [
    ["two are enough", "a0 b1 b2 t11", "MET", { min: 2 }],
    ["one is not", "a0 b1 t11", "MISSING, Missing 10", { min: 2 }],
    ["those before the trigger count", "b0 a1 b2 t12", "MET", { min: 2 }],
    [
      "only the one that makes it complete is late",
      "a0 b11 b12 b13",
      "RECOVERED, Missing 10, LateArrival b12",
      { min: 2 },
    ],
    ["the second is late, the first was not", "a0 b1 b11", "RECOVERED, Missing 10, LateArrival b11", { min: 2 }],
    ["none needed: met by the trigger", "a0 c1 t11", "MET", { min: 0 }],
    ["none allowed: each is one too many", "b0 a1 b2", "MET, Duplicate b0, Duplicate b2", { min: 0, max: 0 }],
    ["read from the trigger", "a0:n=2 b1 b2 b3", "MET, Duplicate b3", { min: "data.n", max: "data.n" }],
    ["the length of a list", "a0:list=x|y b1 t11", "MISSING, Missing 10", { min: "data.list" }],
    [
      "a maximum read from the trigger is known with it",
      "b0 b1 a2:n=1 b3",
      "MET, Duplicate b1, Duplicate b3",
      { max: "data.n" },
    ],
    ["marked, it is of no matter", "c0 b0 b1 a2:n=1", "WAIVED", { max: "data.n" }],
    ["a maximum of those that belong", "b0:w=2 b1:w=1 b2:w=1 a3:w=1", "MET, Duplicate b2", { max: 1, where: "w" }],
    ["late and too many at once", "a0:n=1 b11", "MISSING, Missing 10", { min: 2, max: "data.n" }],
    [
      "late and one too many",
      "a0:n=1 b11 b12",
      "RECOVERED, Missing 10, LateArrival b12, Duplicate b12",
      { min: 2, max: "data.n" },
    ],
    ["waived while too few", "a0 b1 c2 b3", "WAIVED", { min: 2 }],
    ["withdrawn while too few", "a0 b11 c12", "WAIVED, Missing 10, Withdrawn c12", { min: 2 }],
  ],
  "Late triggers in business time": [
    [
      "those in time come first",
      "b16 b12 b17 x50 a51/5 x52",
      "RECOVERED, Missing 15, LateArrival b16",
      { timeBase: "occurred", min: 2 },
    ],
    [
      "a waiver that is read next comes after the firing",
      "b16 x50 a51/5 c51/6 x52",
      "WAIVED, Missing 15, Withdrawn c51/6",
      { timeBase: "occurred", min: 2 },
    ],
    [
      "one that the trigger told its case does not, and does not waive a count that is complete",
      "b16 x50 c51/6:pay=z a52/5:o=k,pay=z x53",
      "RECOVERED, Missing 15, LateArrival b16",
      { timeBase: "occurred", keys: { a: { key: "data.o", alias: "data.pay" }, c: { via: "data.pay" } } },
    ],
    [
      "but one that is not",
      "b16 x50 c51/6:pay=z a52/5:o=k,pay=z x53",
      "WAIVED",
      { timeBase: "occurred", min: 2, keys: { a: { key: "data.o", alias: "data.pay" }, c: { via: "data.pay" } } },
    ],
    [
      "nor after it, when it is recovered",
      "b16 x50 a51/5 c51/6 x52",
      "RECOVERED, Missing 15, LateArrival b16",
      { timeBase: "occurred" },
    ],
    [
      "in order of judgement, business time too",
      "b16 x50 a51/5",
      "OPEN, OutOfOrder b16",
      { timeBase: "occurred", inOrder: true },
    ],
  ],
  "where and agreeing": [
    ["another's counterpart has no effect", "a0:w=1 b1:w=2 t11", "MISSING, Missing 10", { where: "w", ...once }],
    ["nor is it one too many", "a0:w=1 b1:w=1 b2:w=2", "MET", { where: "w", ...once }],
    ["before the trigger all are kept, and it picks", "b0:w=2 b1:w=1 a2:w=1", "MET", { where: "w" }],
    ["none picked", "b0:w=2 a2:w=1 t13", "MISSING, Missing 12", { where: "w" }],
    ["a pair that does not agree", "a0:g=1 b1:g=2", "MET, Mismatch b1", { agreeing: "g" }],
    ["one that does", "a0:g=1 b1:g=1", "MET", { agreeing: "g" }],
    [
      "asked with the trigger, in the order of the counterparts",
      "b0:g=2 b1:g=3 a2:g=1",
      "MET, Mismatch b0, Mismatch b1",
      { agreeing: "g" },
    ],
    [
      "after the other flags of its event",
      "b0 b1 a2:g=1,n=1",
      "MET, OutOfOrder b0, Duplicate b1, Mismatch b0, Mismatch b1",
      { agreeing: "g", max: "data.n", inOrder: true },
    ],
    [
      "late, and it does not agree",
      "a0:g=1 b11:g=2",
      "RECOVERED, Missing 10, LateArrival b11, Mismatch b11",
      { agreeing: "g" },
    ],
    ["not asked of what is waived", "a0:g=1 c1 b2:g=2", "WAIVED", { agreeing: "g" }],
    ["not asked of what does not belong", "a0:g=1,w=1 b2:g=2,w=2", "OPEN", { agreeing: "g", where: "w" }],
  ],
  Escalation: [
    ["at the step itself it has not passed", "a0 t12", "MISSING, Missing 10", { escalateMs: [2, 5] }],
    ["each step", "a0 t13 t16", "MISSING, Missing 10, Escalated 12 (1), Escalated 15 (2)", { escalateMs: [2, 5] }],
    ["several at once", "a0 t99", "MISSING, Missing 10, Escalated 12 (1), Escalated 15 (2)", { escalateMs: [2, 5] }],
    [
      "until it comes",
      "a0 t13 b14 t99",
      "RECOVERED, Missing 10, Escalated 12 (1), LateArrival b14",
      { escalateMs: [2, 5] },
    ],
    ["or is withdrawn", "a0 c11 t99", "WAIVED, Missing 10, Withdrawn c11", { escalateMs: [2, 5] }],
    ["or acknowledged", "a0 t13 k14 t99", "MISSING, Missing 10, Escalated 12 (1)", { escalateMs: [2, 5] }],
    [
      "the acknowledgement's own time fires first",
      "a0 k13 t99",
      "MISSING, Missing 10, Escalated 12 (1)",
      { escalateMs: [2, 5] },
    ],
    ["too soon, it stops nothing", "a0 k10 t13", "MISSING, Missing 10, Escalated 12 (1)", { escalateMs: [2] }],
    ["of another slot", "a0 k11:slot=other t13", "MISSING, Missing 10, Escalated 12 (1)", { escalateMs: [2] }],
    ["of this slot", "a0 k11:slot=done t13", "MISSING, Missing 10", { escalateMs: [2] }],
    ["of another case", "a0 k11:case=other t13", "MISSING, Missing 10, Escalated 12 (1)", { escalateMs: [2] }],
    ["of another observer", "a0 k11:observer=other t13", "MISSING, Missing 10, Escalated 12 (1)", { escalateMs: [2] }],
    ["of an orphan", "b0 t8", "ORPHAN, Orphan b0 5, Escalated 7 (1)", { ...orphan, escalateMs: [2] }],
    ["which ends with its trigger", "b0 a6 t8", "MET, Orphan b0 5, OrphanResolved a6", { ...orphan, escalateMs: [2] }],
    [
      "an orphan acknowledged, then missing: a new one",
      "b0 k6 a7 t20",
      "MISSING, Orphan b0 5, OrphanResolved a7, Missing 17, Escalated 19 (1)",
      { ...orphan, escalateMs: [2], min: 2 },
    ],
    [
      "flagged late and at once, it does not escalate",
      "b16 x50 a51/5 x52",
      "RECOVERED, Missing 15, LateArrival b16",
      { timeBase: "occurred", escalateMs: [2] },
    ],
  ],
  Rounds: [
    ["each trigger opens one", "a0 b1 a2", "MET, #2 OPEN", { eachTime: true }],
    ["counterparts go to the first that is open", "a0 a1 b2 b3", "MET, #2 MET", { eachTime: true }],
    ["else to the first that is missing", "a0 a5 b6 b11", "MET, #2 MET", { eachTime: true }],
    ["missing, and then open", "a0 a5 b11 b12", "RECOVERED, #2 MET, Missing 10, LateArrival b12", { eachTime: true }],
    [
      "both missing",
      "a0 a5 t16 b17",
      "RECOVERED, #2 MISSING, Missing 10, Missing 15 #2, LateArrival b17",
      { eachTime: true },
    ],
    ["else to the last", "a0 b1 a2 b3 b4", "MET, #2 MET, Duplicate b4 #2", { eachTime: true, ...once }],
    ["early ones belong to the first", "b0 b1 a2 a3", "MET, #2 OPEN", { eachTime: true }],
    ["what is waived is opened again", "a0 c1 a2", "WAIVED, #2 OPEN", { eachTime: true }],
    ["a mark waives the first alone", "c0 a1 a2", "WAIVED, #2 OPEN", { eachTime: true }],
    ["a waiver concerns every round", "a0 a1 c2", "WAIVED, #2 WAIVED", { eachTime: true }],
    [
      "withdrawn in the order of the rounds",
      "a0 a1 c12",
      "WAIVED, #2 WAIVED, Missing 10, Missing 11 #2, Withdrawn c12, Withdrawn c12 #2",
      { eachTime: true },
    ],
    ["only rounds where it belongs", "a0:w=1 a1:w=2 b2:w=2", "OPEN, #2 MET", { eachTime: true, where: "w" }],
    [
      "of those the last",
      "a0:w=1 a1:w=2 b2:w=1 b3:w=1",
      "MET, #2 OPEN, Duplicate b3",
      { eachTime: true, where: "w", ...once },
    ],
    ["in none, no effect", "a0:w=1 a1:w=2 b2:w=3", "OPEN, #2 OPEN", { eachTime: true, where: "w" }],
    ["the first trigger belongs to the first round, even waived", "b0 c1 a2 a3", "WAIVED, #2 OPEN", { eachTime: true }],
    ["a new round is no repeat", "a0 a1", "OPEN, #2 OPEN", { eachTime: true, flagRepeats: true }],
  ],
  Pairs: [
    ["each value by itself", "a0:p=x a1:p=y b2:p=y", "[x] OPEN, [y] MET", { per: "data.p" }],
    [
      "flags name it",
      "a0:p=x a1:p=y t12",
      "[x] MISSING, [y] MISSING, Missing 10 [x], Missing 11 [y]",
      { per: "data.p" },
    ],
    ["those without one in a run of their own", "a0:p=x a1 b2", "MET, [x] OPEN", { per: "data.p" }],
    ["a number and its text are one value", "a0:p=1 b2:p=1", "[1] MET", { per: "data.p" }],
    ["a waiver with a value", "a0:p=x a1:p=y c2:p=x", "[x] WAIVED, [y] OPEN", { per: "data.p" }],
    [
      "a waiver without one concerns all, and marks those to come",
      "a0:p=x c2 a3:p=y a4",
      "WAIVED, [x] WAIVED, [y] WAIVED",
      { per: "data.p" },
    ],
    ["a mark alone", "c2", "IDLE", { per: "data.p" }],
    ["a mark of one pair", "c2:p=x a3:p=x a4:p=y", "[x] WAIVED, [y] OPEN", { per: "data.p" }],
    ["paths of their own", "a0:p=x b1:q=x", "[x] MET", { per: { trigger: "data.p", counterpart: "data.q" } }],
    [
      "without a path for it, a waiver concerns all",
      "a0:p=x a1:p=y c2:p=x",
      "[x] WAIVED, [y] WAIVED",
      { per: { trigger: "data.p", counterpart: "data.p" } },
    ],
    [
      "fired at one time in the order of the values",
      "a0:p=y a00:p=x a000 t11",
      "MISSING, [x] MISSING, [y] MISSING, Missing 10, Missing 10 [x], Missing 10 [y]",
      { per: "data.p" },
    ],
    [
      "repeats within one",
      "a0:p=x a1:p=y a2:p=x",
      "[x] OPEN, [y] OPEN, DuplicateTrigger a2 [x]",
      { per: "data.p", flagRepeats: true },
    ],
  ],
};

describe("The oracle agrees with the table worked by hand:", () => {
  for (const [subject, of] of Object.entries(rows)) {
    describe(subject, () => {
      for (const [why, history, expected, terms = {}] of of) {
        it(`${history} — ${why}`, () => expect(outcome(history, terms)).to.equal(expected));
      }
    });
  }

  it("a number that is not there stops it", () => {
    expect(() => outcome("a0", { min: "data.n" })).to.throw("data.n");
    expect(() => outcome("a0:n=x", { min: "data.n" })).to.throw("data.n");
  });
});
