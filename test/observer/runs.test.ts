import { expect } from "chai";
import {
  beginningOfRun,
  compareRuns,
  isMarkOnly,
  isSlotName,
  isTriggered,
  nameOfRun,
  runForCounterpart,
  runForTrigger,
  runOf,
  runsForUnless,
} from "../../src/observer/runs.js";
import { idle, type Slot } from "../../src/observer/slot.js";
import type { SlotDefinition } from "../../src/observer/terms.js";

describe("the runs of a slot", () => {
  const names: [string, object][] = [
    ["payment", { slot: "payment" }],
    ["payment#2", { slot: "payment", round: 2 }],
    ["payment#10", { slot: "payment", round: 10 }],
    ["payment[p]", { slot: "payment", pair: "p" }],
    ["payment[]]", { slot: "payment", pair: "]" }],
    ["payment[a#2]", { slot: "payment", pair: "a#2" }],
    ["payment[a[b]]", { slot: "payment", pair: "a[b]" }],
  ];

  it("have names that tell slot, round and value", () => {
    for (const [name, run] of names) {
      expect(runOf(name)).to.deep.equal(run);
      expect(nameOfRun(run as { slot: string })).to.equal(name);
    }
    expect(nameOfRun({ slot: "payment", round: 1 })).to.equal("payment");
  });

  it("come by slot, then by round or value, the run without a value first", () => {
    const inOrder = ["a", "a#2", "a#3", "a#10", "b", "b[1]", "b[10]", "b[2]", "b[x]", "ba"];
    expect(inOrder.toReversed().toSorted(compareRuns)).to.deep.equal(inOrder);
    for (const name of inOrder) expect(compareRuns(name, name)).to.equal(0);
    expect(compareRuns("a", "a#2")).to.be.below(0);
    for (const pair of ["x", "A"]) {
      expect(compareRuns(`b[${pair}]`, "b")).to.be.above(0);
      expect(compareRuns("b", `b[${pair}]`)).to.be.below(0);
    }
  });

  it("are of slots with names of letters, digits, _ and $", () => {
    for (const name of ["a", "A1", "_", "$x", "ä"]) expect(isSlotName(name), name).to.equal(true);
    for (const name of ["", "1a", "a b", "a#", "a[", "-a", "a."]) expect(isSlotName(name), name).to.equal(false);
  });

  const plain: SlotDefinition = {
    name: "a",
    trigger: ["t"],
    counterpart: ["c"],
    unless: ["u"],
    withinMs: 10,
    annotations: {},
  };
  const rounds: SlotDefinition = { ...plain, repeats: "round" };
  const pairs: SlotDefinition = { ...plain, per: { trigger: "data.p", counterpart: "data.p" } };
  const opened = (state: Slot["state"], trigger?: unknown): Slot => ({
    state,
    count: 0,
    triggerId: "t",
    deadlineMs: 10,
    trigger,
  });
  const [open, met, missing] = [opened("OPEN"), opened("MET"), opened("MISSING")];
  const unjudged: Slot = { state: "UNJUDGED", count: 0 };
  const marked: Slot = { ...idle, pairsMarkedMs: 5 };

  it("are triggered by a trigger, or were before the definition", () => {
    expect([open, unjudged].map(isTriggered)).to.deep.equal([true, true]);
    expect(isTriggered({ state: "WAIVED", count: 0, deadlineMs: 1 })).to.equal(false);
    expect(isTriggered({ state: "EARLY", count: 0 })).to.equal(false);
  });

  it("are nothing yet where there is only a mark for pairs to come", () => {
    expect(isMarkOnly(marked)).to.equal(true);
    for (const slot of [idle, { ...marked, waiverMarked: true as const }, { ...open, pairsMarkedMs: 5 }])
      expect(isMarkOnly(slot)).to.equal(false);
  });

  it("concern a trigger by its value, or in rounds the first that has none", () => {
    expect(runForTrigger({ a: open }, plain, "p")).to.equal("a");
    expect(runForTrigger({}, pairs, "p")).to.equal("a[p]");
    expect(runForTrigger({}, pairs, undefined)).to.equal("a");
    expect(runForTrigger({}, rounds, undefined)).to.equal("a");
    expect(runForTrigger({ a: { state: "EARLY", count: 0 } }, rounds, undefined)).to.equal("a");
    for (const first of [open, met, unjudged]) expect(runForTrigger({ a: first }, rounds, undefined)).to.equal("a#2");
    expect(runForTrigger({ a: met, "a#2": open }, rounds, undefined)).to.equal("a#3");
    expect(runForTrigger({ a: met, "a#2": idle }, rounds, undefined)).to.equal("a#2");
  });

  it("concern a counterpart where they are open, then where missing, then the last, if it belongs there", () => {
    const run = (slots: Record<string, Slot>, terms = rounds, n = 1) =>
      runForCounterpart(slots, terms, { id: "c", atMs: 1, occurredAtMs: 1, data: n }, "p");
    expect(run({}, pairs)).to.equal("a[p]");
    expect(run({ a: open, "a#2": open }, plain)).to.equal("a");
    expect(run({})).to.equal("a");
    expect(run({ a: { state: "EARLY", count: 0 } })).to.equal("a");
    expect(run({ a: met, "a#2": missing, "a#3": open, "a#4": open })).to.equal("a#3");
    expect(run({ a: met, "a#2": missing, "a#3": missing, "a#4": met })).to.equal("a#2");
    expect(run({ a: met, "a#2": met })).to.equal("a#2");
    const where = { ...rounds, where: (t: unknown, c: unknown) => t === c };
    const both = { a: opened("OPEN", 1), "a#2": opened("MET", 2) };
    expect(run(both, where, 1)).to.equal("a");
    expect(run(both, where, 2)).to.equal("a#2");
    expect(run(both, where, 3)).to.equal(undefined);
    expect(run({ a: opened("OPEN", 1) }, { ...where, repeats: "flag" }, 3)).to.equal("a");
  });

  it("concern a waiver by its value, or all there are", () => {
    const slots = { a: open, "a#2": met, "a[q]": open, "a[p]": open, b: open, "b[p]": open, ba: open };
    expect(runsForUnless(slots, pairs, "x")).to.deep.equal(["a[x]"]);
    expect(runsForUnless(slots, pairs, undefined)).to.deep.equal(["a", "a[p]", "a[q]"]);
    expect(runsForUnless({ ...slots, a: marked }, pairs, undefined)).to.deep.equal(["a[p]", "a[q]"]);
    expect(runsForUnless(slots, rounds, undefined)).to.deep.equal(["a", "a#2"]);
    expect(runsForUnless({}, rounds, undefined)).to.deep.equal(["a"]);
    expect(runsForUnless(slots, plain, undefined)).to.deep.equal(["a"]);
  });

  it("begin idle, or waived where all pairs to come were", () => {
    expect(beginningOfRun({}, "a[p]")).to.equal(idle);
    expect(beginningOfRun({ a: open }, "a[p]")).to.equal(idle);
    const waived = { state: "IDLE", count: 0, waiverMarked: true, settledMs: 5 };
    expect(beginningOfRun({ a: marked }, "a[p]")).to.deep.equal(waived);
    expect(beginningOfRun({ a: marked }, "a")).to.deep.equal({ ...waived, pairsMarkedMs: 5 });
  });
});
