import { expect } from "chai";
import { idle, type Slot, type SlotEvent } from "../../src/observer/slot.js";
import type { SlotDefinition } from "../../src/observer/terms.js";
import { onCounterpart, onTime, onTrigger, onUnless } from "../../src/observer/transitions.js";

const plain: SlotDefinition = {
  name: "slot",
  trigger: ["a"],
  counterpart: ["b"],
  unless: ["c"],
  withinMs: 10,
  annotations: {},
};
const at = (id: string, atMs: number, more: Partial<SlotEvent> = {}): SlotEvent => ({
  id,
  atMs,
  occurredAtMs: atMs,
  ...more,
});
const open: Slot = { state: "OPEN", count: 0, triggerId: "a", deadlineMs: 10 };
const yes = () => true;

describe("the transitions of a slot", () => {
  it("leave one alone whose trigger had come before its definition", () => {
    const slot: Slot = { state: "UNJUDGED", count: 0 };
    for (const on of [onTrigger, onCounterpart, onUnless])
      expect(on(slot, { ...plain, repeats: "flag", flagDoneAfterCancel: true }, at("x", 1))).to.deep.equal({
        slot,
        flags: [],
      });
  });

  it("keep by how much the trigger's clock was set back, and nothing where it was not", () => {
    const waiting: Slot = { state: "EARLY", count: 0, early: [at("b", -5)] };
    for (const before of [idle, waiting])
      for (const terms of [plain, { ...plain, min: 2 }]) {
        expect(onTrigger(before, terms, at("a", 0, { offsetMs: 7 })).slot).to.include({ offsetMs: 7 });
        expect(onTrigger(before, terms, at("a", 0)).slot).to.not.have.property("offsetMs");
      }
  });

  it("keep data only where a predicate asks for it", () => {
    const event = at("a", 0, { data: { n: 1 } });
    expect(onTrigger(idle, { ...plain, min: 2 }, event).slot).to.deep.equal(open);
    for (const asks of [{ where: yes }, { agreeing: yes }])
      expect(onTrigger(idle, { ...plain, ...asks }, event).slot).to.deep.equal({ ...open, trigger: { n: 1 } });
    expect(onCounterpart(idle, plain, at("b", 0)).slot.early).to.deep.equal([at("b", 0)]);
    expect(onCounterpart(idle, plain, event).slot.early).to.deep.equal([event]);
  });

  it("keep of counterparts without a trigger the first and the earliest, of several at one time the one read first", () => {
    let { slot } = onCounterpart(idle, plain, at("first", 5));
    expect(onCounterpart(slot, plain, at("same time", 5)).slot).to.equal(slot);
    slot = onCounterpart(slot, plain, at("earlier", 3)).slot;
    expect(slot.early!.map(({ id }) => id)).to.deep.equal(["first", "earlier"]);
    expect(onCounterpart(slot, plain, at("later", 4)).slot).to.equal(slot);
    expect(onCounterpart(slot, plain, at("as early", 3)).slot).to.equal(slot);
    slot = onCounterpart(slot, plain, at("earliest", 2)).slot;
    expect(slot.early!.map(({ id }) => id)).to.deep.equal(["first", "earliest"]);
  });

  it("flag what came too often before a trigger that tells how often is right", () => {
    const terms = { ...plain, max: "data.n" };
    let slot = idle;
    for (const id of ["one", "two", "three"]) {
      const step = onCounterpart(slot, terms, at(id, -1));
      expect(step.flags).to.deep.equal([]);
      slot = step.slot;
    }
    const { flags, slot: met } = onTrigger(slot, terms, at("a", 0, { max: 1 }));
    expect(flags.map(({ kind, eventId }) => `${kind} ${eventId}`)).to.deep.equal(["Duplicate two", "Duplicate three"]);
    expect(met.state).to.equal("MET");
  });

  describe("in business time, where a trigger is read after counterparts that occurred too late for it", () => {
    const early = [at("late", 11), at("later", 12)];
    const waiting: Slot = { state: "EARLY", count: 0, early };

    it("do not count those as in time, whatever comes in time later", () => {
      const terms = { ...plain, min: 2 };
      const { slot } = onTrigger({ ...waiting, early: early.slice(0, 1) }, terms, at("a", 0));
      expect(slot).to.deep.equal({ ...open, count: 1, late: early.slice(0, 1) });
      const { slot: one, completedBy } = onCounterpart(slot, terms, at("b", 1));
      expect(one).to.include({ state: "OPEN", count: 2 });
      expect(completedBy).to.equal(undefined);
      expect(onCounterpart(one, terms, at("b2", 2)).slot).to.deep.equal({
        ...open,
        state: "MET",
        count: 3,
        settledMs: 2,
      });
    });

    it("waive only what is not done", () => {
      const done = onTrigger(waiting, plain, at("a", 0)).slot;
      expect(onUnless(done, plain, at("c", 1))).to.deep.equal({ slot: done, flags: [] });
      const missing = onTrigger(waiting, { ...plain, min: 3 }, at("a", 0)).slot;
      expect(onUnless(missing, { ...plain, min: 3 }, at("c", 1)).slot).to.deep.equal({
        ...open,
        state: "WAIVED",
        count: 2,
        settledMs: 1,
      });
    });

    it("flag both once the deadline has passed, the latter for the one that made them enough", () => {
      for (const [terms, completing] of [
        [plain, "late"],
        [{ ...plain, min: 2 }, "later"],
      ] as const) {
        const { slot } = onTrigger(waiting, terms, at("a", 0));
        const { slot: recovered, flags, completedBy } = onTime(slot, terms);
        expect(flags).to.deep.equal([
          { kind: "Missing" },
          { kind: "LateArrival", eventId: completing, occurredInTime: false },
        ]);
        expect(completedBy!.id).to.equal(completing);
        expect(recovered)
          .to.include({ state: "RECOVERED", settledMs: completedBy!.atMs })
          .and.not.have.property("late");
      }
    });
  });

  it("withdraw what is amiss when it is waived, and keep nothing of it", () => {
    const amiss: Slot[] = [
      { state: "ORPHAN", count: 1, early: [at("b", 0)], orphanMs: 5, step: 1, acknowledged: true },
      { ...open, state: "MISSING", count: 1, step: 1, acknowledged: true },
    ];
    for (const slot of amiss) {
      const { slot: waived, flags } = onUnless(slot, plain, at("c", 20));
      expect(flags).to.deep.equal([{ kind: "Withdrawn", eventId: "c" }]);
      expect(waived).to.include({ state: "WAIVED", settledMs: 20 });
      expect(waived).to.not.have.any.keys("early", "orphanMs", "step", "acknowledged");
    }
  });
});
