import { expect } from "chai";
import { dueMsOf, earliestDue, type TimedCase } from "../../src/observer/case-timing.js";
import { DefinitionsInForce } from "../../src/observer/definitions.js";
import type { Slot } from "../../src/observer/slot.js";
import type { SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms } from "./feed.js";

const inForce = (...versions: readonly (readonly Partial<SlotTerms>[])[]) =>
  new DefinitionsInForce(
    versions.map((slots, i) => {
      const terms = slots.map((each) => ({ ...plainTerms, ...each }));
      return observerOf(terms, { declared: { version: i + 1 } }).definition;
    }),
    versions.length - 1,
  );
const slot = (state: Slot["state"], more: Partial<Slot> = {}): Slot => ({ state, count: 0, ...more });
const open = (deadlineMs: number) => slot("OPEN", { triggerId: "a", deadlineMs });
const caseOf = (slots: Record<string, Slot>, more: Partial<TimedCase> = {}): TimedCase => ({
  slots,
  flags: 0,
  ...more,
});

describe("when a case is due", () => {
  const two = inForce([{ slot: "a", escalateMs: [5] }, { slot: "b" }]);
  const due = (definitions: DefinitionsInForce, state: TimedCase) => {
    const found = earliestDue(definitions, state);
    return (
      found && `${found.kind === "slot" ? `${found.run} by ${found.slot.terms.name}` : found.kind} at ${found.atMs}`
    );
  };

  it("is when the first of its slots is, of several at one time the first by name", () => {
    expect(due(two, caseOf({}))).to.equal(undefined);
    expect(due(two, caseOf({ a: open(20), b: open(10) }))).to.equal("b by b at 10");
    expect(due(two, caseOf({ b: open(10), a: open(10) }))).to.equal("a by a at 10");
    expect(due(two, caseOf({ a: open(10), b: open(10) }))).to.equal("a by a at 10");
    expect(due(two, caseOf({ "a#10": open(10), "a#9": open(10) }))).to.equal("a#9 by a at 10");
    expect(due(two, caseOf({ a: slot("MISSING", { deadlineMs: 10 }), b: open(16) }))).to.equal("a by a at 15");
    expect(due(two, caseOf({ a: slot("MISSING", { deadlineMs: 10, step: 1 }) }))).to.equal(undefined);
    expect(due(two, caseOf({ a: slot("MET", { deadlineMs: 10 }), b: slot("WAIVED") }))).to.equal(undefined);
    expect(due(two, caseOf({ gone: open(10) }))).to.equal(undefined);
  });

  it("is not for what began under other terms, without a trigger", () => {
    const changed = inForce([{ slot: "a" }], [{ slot: "a", withinMs: 99 }]);
    expect(due(changed, caseOf({ a: slot("EARLY", { orphanMs: 7 }) }))).to.equal(undefined);
    expect(due(changed, caseOf({ a: slot("EARLY", { orphanMs: 7, by: 1 }) }))).to.equal("a by a at 7");
    expect(due(changed, caseOf({ a: open(7) }))).to.equal("a by a at 7");
  });

  it("is so long after all has come to rest, where cases are closed, and after that where they are forgotten", () => {
    const closing = inForce([
      { slot: "a", closeAfterMs: 100 },
      { slot: "b", closeAfterMs: 100 },
    ]);
    const rest = (settledMs: number, state: Slot["state"] = "MET") => slot(state, { settledMs });
    expect(due(closing, caseOf({ a: rest(1), b: rest(3), "b#2": rest(2) }))).to.equal("close at 103");
    expect(due(two, caseOf({ a: rest(1) })), "never").to.equal(undefined);
    expect(due(closing, caseOf({}))).to.equal(undefined);
    expect(due(closing, caseOf({ a: slot("UNJUDGED") }))).to.equal(undefined);
    expect(due(closing, caseOf({ a: slot("UNJUDGED"), b: rest(3) }))).to.equal("close at 103");
    for (const state of ["MISSING", "ORPHAN", "EARLY"] as const)
      expect(due(closing, caseOf({ a: rest(1), b: slot(state) })), state).to.equal(undefined);
    const forgetting = inForce([{ slot: "a", closeAfterMs: 100, forgetAfterMs: 50 }]);
    expect(due(forgetting, caseOf({}, { closedMs: 103 }))).to.equal("forget at 153");
    expect(due(forgetting, caseOf({}, { closedMs: 103, flags: 1 }))).to.equal(undefined);
    expect(due(forgetting, caseOf({}, { closedMs: 103, flagsOf: { 1: 1 } }))).to.equal(undefined);
    expect(due(closing, caseOf({}, { closedMs: 103 }))).to.equal(undefined);
  });

  it("is by the mark for pairs to come only while none has come", () => {
    const pairs = inForce([{ slot: "a", closeAfterMs: 100, per: "data.p" }]);
    const marked = slot("IDLE", { pairsMarkedMs: 7 });
    const met = slot("MET", { settledMs: 3 });
    expect(due(pairs, caseOf({ a: marked }))).to.equal("close at 107");
    expect(due(pairs, caseOf({ a: marked, "a[p]": met }))).to.equal("close at 103");
    expect(due(pairs, caseOf({ a: marked, "ab[p]": met }))).to.equal("close at 107");
    expect(due(pairs, caseOf({ a: slot("MET", { settledMs: 3, pairsMarkedMs: 7 }) }))).to.equal("close at 103");
  });

  it("is a millisecond before what waits for its time, which counts when that comes", () => {
    const pending = [{ id: "x", type: "a", position: "1", atMs: 30, occurredAtMs: 30 }];
    expect(dueMsOf(two, caseOf({}))).to.equal(Infinity);
    expect(dueMsOf(two, caseOf({ a: open(20) }))).to.equal(20);
    expect(dueMsOf(two, caseOf({ a: open(20) }, { pending }))).to.equal(20);
    expect(dueMsOf(two, caseOf({ a: open(40) }, { pending }))).to.equal(29);
    expect(dueMsOf(two, caseOf({}, { pending: [] }))).to.equal(Infinity);
  });
});
