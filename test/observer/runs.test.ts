import { expect } from "chai";
import { compareRuns, isSlotName, nameOfRun, runOf } from "../../src/observer/runs.js";

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
    expect(compareRuns("b[x]", "b")).to.be.above(0);
  });

  it("are of slots with names of letters, digits, _ and $", () => {
    for (const name of ["a", "A1", "_", "$x", "ä"]) expect(isSlotName(name), name).to.equal(true);
    for (const name of ["", "1a", "a b", "a#", "a[", "-a", "a."]) expect(isSlotName(name), name).to.equal(false);
  });
});
