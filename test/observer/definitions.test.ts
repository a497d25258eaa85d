import { expect } from "chai";
import { newCase, type Case } from "../../src/observer/case.js";
import { DefinitionsInForce } from "../../src/observer/definitions.js";
import type { Slot } from "../../src/observer/slot.js";
import type { SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms } from "./feed.js";

const inForce = (versions: readonly (readonly Partial<SlotTerms>[])[], current = versions.length - 1) =>
  new DefinitionsInForce(
    versions.map(
      (slots, i) =>
        observerOf(
          slots.map((each) => ({ ...plainTerms, ...each })),
          { declared: { version: i + 1 } },
        ).definition,
    ),
    current,
  );
const caseOf = (slots: Record<string, Slot>, pins?: Case["pins"]): Case => ({
  ...newCase("k"),
  slots,
  ...(pins && { pins }),
});
const open: Slot = { state: "OPEN", count: 0, triggerId: "a", deadlineMs: 1 };
const early: Slot = { state: "EARLY", count: 0 };

const [a, z] = [{ slot: "a" }, { slot: "z", trigger: ["c"], counterpart: ["a"], unless: ["b"] }];

describe("the definitions in force", () => {
  const rolesOf = (definitions: DefinitionsInForce, state: Case, type: string) =>
    definitions.rolesIn(state, type).map(({ judged, role }) => `${judged.terms.name}@${judged.by} ${role}`);

  it("say what an event is to the slots, by their names", () => {
    const definitions = inForce([[z, a]]);
    for (let twice = 0; twice < 2; twice++) {
      expect(rolesOf(definitions, newCase("k"), "a")).to.deep.equal(["a@0 trigger", "z@0 counterpart"]);
      expect(rolesOf(definitions, newCase("k"), "b")).to.deep.equal(["a@0 counterpart", "z@0 unless"]);
      expect(rolesOf(definitions, newCase("k"), "c")).to.deep.equal(["z@0 trigger"]);
      expect(rolesOf(definitions, newCase("k"), "x")).to.deep.equal([]);
    }
  });

  it("judge a slot by the definition of its first trigger, else by the one in force, if that has it", () => {
    const definitions = inForce([[a], [{ ...a, withinMs: 20 }, z], [z]]);
    const by = (slots: Record<string, Slot>, pins?: Case["pins"], of = definitions) =>
      of.slotIn(caseOf(slots, pins), "a")?.by;
    expect(by({})).to.equal(undefined);
    expect(by({ a: open })).to.equal(0);
    expect(by({ "a[p]": open })).to.equal(0);
    expect(by({ a: early, "a#2": open })).to.equal(0);
    expect(by({ a: early })).to.equal(undefined);
    expect(by({ ab: open, "b[a]": open })).to.equal(undefined);
    expect(by({ a: open }, { a: 1 })).to.equal(1);
    const second = inForce([[a], [{ ...a, withinMs: 20 }]]);
    expect(by({ a: early }, undefined, second)).to.equal(1);
    expect(by({ a: open }, { z: 1 }, second)).to.equal(0);
    expect(rolesOf(definitions, caseOf({ a: open }), "a")).to.deep.equal(["a@0 trigger", "z@2 counterpart"]);
    expect(rolesOf(definitions, caseOf({}), "b")).to.deep.equal(["z@2 unless"]);
    expect(by({ a: open }, { a: 1 }, inForce([[a]])), "there is one alone").to.equal(0);
  });

  it("know a run as begun under other terms where it has no trigger, and the terms have changed since", () => {
    const definitions = inForce([
      [a, z],
      [{ ...a, withinMs: 20 }, z],
    ]);
    const isStale = (name: string, slot: Slot) => definitions.slotIn(caseOf({ [name]: slot }), name)!.isStale(slot);
    expect(isStale("a", early)).to.equal(true);
    expect(isStale("a", { ...early, by: 1 })).to.equal(false);
    expect(isStale("a", open)).to.equal(false);
    expect(isStale("z", early)).to.equal(false);
    expect(definitions.changedSlots().map(({ name }) => name)).to.deep.equal(["a"]);
    expect(
      inForce([[a], [a, z]])
        .changedSlots()
        .map(({ name }) => name),
    ).to.deep.equal(["z"]);
    expect(inForce([[a, z], [a]]).changedSlots()).to.deep.equal([]);
    // What follows is not in force yet.
    expect(
      inForce([[a], [a, z], [z]], 1)
        .changedSlots()
        .map(({ name }) => name),
    ).to.deep.equal(["z"]);
  });

  it("read the types of every definition so far, and what controls observers", () => {
    const [first, second] = [0, 1].map((current) => inForce([[{ ...a, counterpart: ["d"] }], [z]], current));
    const read = (of: DefinitionsInForce | undefined) =>
      ["a", "b", "c", "d", "x", "observer.ClockTick"].filter((type) => of!.reads(type));
    expect(read(first)).to.deep.equal(["a", "d", "observer.ClockTick"]);
    expect(read(second)).to.deep.equal(["a", "b", "c", "d", "observer.ClockTick"]);
  });

  it("know whether data or paths are read by any definition so far", () => {
    const reads = (...versions: Parameters<typeof inForce>[0]) => {
      const [last, first] = [inForce(versions), inForce(versions, 0)];
      return [last.readsData, last.readsPaths, first.readsData, first.readsPaths];
    };
    expect(reads([a])).to.deep.equal([false, false, false, false]);
    expect(reads([{ ...a, min: 2, max: 3 }])).to.deep.equal([false, false, false, false]);
    expect(reads([z, { ...a, where: "w" }], [a])).to.deep.equal([true, false, true, false]);
    expect(reads([a], [{ ...a, agreeing: "w" }])).to.deep.equal([true, false, false, false]);
    for (const terms of [{ per: "data.p" }, { min: "data.n" }, { max: "data.n" }])
      expect(reads([a], [z, { ...a, ...terms }])).to.deep.equal([false, true, false, false]);
  });

  it("know what comes after what, in the case as it is judged", () => {
    const then = (slot: string, after: string) => ({ slot, after, trigger: [], counterpart: ["d"] });
    const successors = (of: DefinitionsInForce, state: Case) =>
      of.successorsIn(state).map(({ judged, predecessor }) => `${judged.terms.name}@${judged.by} after ${predecessor}`);
    const one = inForce([[a, then("y", "a"), then("b", "y")]]);
    expect(successors(one, newCase("k"))).to.deep.equal(["b@0 after y", "y@0 after a"]);
    const two = inForce([
      [a, z, then("b", "a")],
      [a, z, then("b", "z")],
    ]);
    expect(successors(two, newCase("k"))).to.deep.equal(["b@1 after z"]);
    expect(successors(two, caseOf({ b: open }))).to.deep.equal(["b@0 after a"]);
    expect(successors(inForce([[a, then("b", "a")], [a]]), newCase("k"))).to.deep.equal([]);
  });

  it("have cases remember every event where they are closed, or where a slot needs it", () => {
    const remembers = (terms: Partial<SlotTerms>) =>
      inForce([[{ ...a, ...terms }]]).slotIn(newCase("k"), "a")!.remembersAll;
    expect([{}, { closeAfterMs: 0 }, { flagRepeats: true }].map(remembers)).to.deep.equal([false, true, true]);
  });
});
