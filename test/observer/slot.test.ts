import { expect } from "chai";
import { statusOf } from "../../src/observer/case.js";
import { dueOf, remembersAll, type Slot, type SlotState } from "../../src/observer/slot.js";
import type { SlotDefinition } from "../../src/observer/terms.js";

const states: readonly SlotState[] = [
  "IDLE",
  "EARLY",
  "OPEN",
  "MET",
  "MISSING",
  "RECOVERED",
  "ORPHAN",
  "WAIVED",
  "UNJUDGED",
];

describe("a slot", () => {
  const due = (state: SlotState, more: Partial<Slot> = {}, escalateMs?: readonly number[]) =>
    dueOf({ state, count: 0, deadlineMs: 100, orphanMs: 50, ...more }, { ...(escalateMs && { escalateMs }) });

  it("is due at its deadline, or for its trigger, and then at each step until it is acknowledged", () => {
    const dues = Object.fromEntries(states.map((state) => [state, due(state, {}, [1, 20])]));
    expect(dues).to.deep.equal({
      IDLE: undefined,
      EARLY: 50,
      OPEN: 100,
      MET: undefined,
      MISSING: 101,
      RECOVERED: undefined,
      ORPHAN: 51,
      WAIVED: undefined,
      UNJUDGED: undefined,
    });
    expect(due("MISSING", { step: 1 }, [1, 20])).to.equal(120);
    for (const state of ["MISSING", "ORPHAN"] as const) {
      expect(due(state, { step: 2 }, [1, 20])).to.equal(undefined);
      expect(due(state, { acknowledged: true }, [1, 20])).to.equal(undefined);
      expect(due(state)).to.equal(undefined);
    }
  });

  it("makes its case remember every event where what has no effect now may have one later", () => {
    const plain = { name: "a", trigger: [], counterpart: [], unless: [], withinMs: 1, annotations: {} };
    const remembers = (terms: Partial<SlotDefinition>) => remembersAll({ ...plain, ...terms });
    expect(remembers({})).to.equal(false);
    expect(remembers({ min: 2, max: 2, escalateMs: [1], inOrder: true })).to.equal(false);
    for (const terms of [
      { repeats: "flag" },
      { repeats: "round" },
      { per: { trigger: "id", counterpart: "id" } },
      { flagDoneAfterCancel: true },
    ] as Partial<SlotDefinition>[])
      expect(remembers(terms), JSON.stringify(terms)).to.equal(true);
  });

  it("makes its case what is gravest of all", () => {
    const status = (...of: SlotState[]) =>
      statusOf(Object.fromEntries(of.map((state, i) => [`slot${i}`, { state, count: 0 }])));
    expect(Object.fromEntries(states.map((state) => [state, status(state)]))).to.deep.equal({
      IDLE: "settled",
      EARLY: "open",
      OPEN: "open",
      MET: "settled",
      MISSING: "flagged",
      RECOVERED: "recovered",
      ORPHAN: "flagged",
      WAIVED: "settled",
      UNJUDGED: "settled",
    });
    const gravest = ["MISSING", "OPEN", "RECOVERED", "MET"] as const;
    for (const [i, grave] of gravest.entries())
      for (const other of gravest.slice(i))
        for (const both of [
          [grave, other],
          [other, grave],
        ] as const)
          expect(status(...both)).to.equal(status(grave));
    expect(status()).to.equal("settled");
  });
});
