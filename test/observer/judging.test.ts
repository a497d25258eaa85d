import { expect } from "chai";
import { newCase, type CaseEvent } from "../../src/observer/case.js";
import { DefinitionsInForce } from "../../src/observer/definitions.js";
import { acknowledge, applyEarlier, applyEvent, defer, passTime } from "../../src/observer/judging.js";
import type { SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms } from "./feed.js";

const event = (type: string, atMs: number, more: Partial<CaseEvent> = {}): CaseEvent => ({
  id: `${type}-${atMs}`,
  type,
  atMs,
  occurredAtMs: atMs,
  position: "1",
  ...more,
});
const inForce = (...versions: readonly (readonly SlotTerms[])[]) =>
  new DefinitionsInForce(
    versions.map((terms, i) => observerOf(terms, { declared: { version: i + 1 } }).definition),
    versions.length - 1,
  );

describe("what happens to a case", () => {
  const definitions = inForce([{ ...plainTerms, timeBase: "occurred" }]);

  it("waits for its time, in the order of times and then of the log, whichever is read first", () => {
    const waiting = [
      event("a", 5, { id: "5, third", position: "10" }),
      event("b", 5, { id: "5, first", position: "2" }),
      event("b", 5, { id: "5, second", position: "9" }),
      event("b", 1, { id: "1", position: "11" }),
    ];
    const inOrder = ["1", "5, first", "5, second", "5, third"];
    for (const order of [waiting, waiting.toReversed()]) {
      let state = newCase("k");
      for (const each of order) state = defer(definitions, state, each).case!;
      expect(state.pending!.map(({ id }) => id)).to.deep.equal(inOrder);
      expect(state.dueMs, "a millisecond before, because time must pass it").to.equal(0);
      expect(defer(definitions, state, order[0]!).case, "the same again").to.equal(state);
      const { case: judged } = passTime(definitions, state, 5);
      expect(judged!.seen[0]).to.equal("1");
      expect(judged!.slots["slot"]!.state).to.equal("MET");
      expect(judged!).to.not.have.property("pending");
    }
  });

  it("is acknowledged where something is amiss, once, and else stays the same", () => {
    const escalating = inForce([{ ...plainTerms, escalateMs: [5] }]);
    const said = (eventId: string, slot?: string) => ({ eventId, atMs: 12, by: "me", ...(slot && { slot }) });
    const opened = applyEvent(escalating, newCase("k"), event("a", 0)).case!;
    expect(acknowledge(escalating, opened, said("x")).case).to.equal(opened);
    const missing = passTime(escalating, opened, 11).case!;
    expect(missing.dueMs).to.equal(15);
    expect(acknowledge(escalating, missing, said("x", "other")).case).to.equal(missing);
    const seen = acknowledge(escalating, missing, said("x", "slot")).case!;
    expect(seen.slots["slot"]).to.include({ state: "MISSING", acknowledged: true });
    expect(seen.acknowledged).to.deep.equal({ eventId: "x", atMs: 12, by: "me" });
    expect(seen).to.not.have.property("dueMs");
    expect(acknowledge(escalating, seen, said("x")).case).to.equal(seen);
    expect(acknowledge(escalating, seen, said("y")).case, "nothing is left to acknowledge").to.equal(seen);
    // What goes amiss later is another matter, which the same event says nothing of.
    const again = { ...seen, slots: { ...seen.slots, slot: missing.slots["slot"]! } };
    expect(acknowledge(escalating, again, said("x")).case).to.equal(again);
  });

  it("takes from before a definition what its slots were waiting for, and nothing else", () => {
    const other: SlotTerms = { ...plainTerms, slot: "other", trigger: ["a"], counterpart: ["d"] };
    const both = inForce([plainTerms], [plainTerms, other]);
    const options = { names: new Set(["other"]), includeOpen: false, nowMs: 100, mark: "@1" };
    const opened = applyEvent(inForce([plainTerms]), newCase("k"), event("a", 0)).case!;
    const unconcerned = applyEarlier(both, opened, event("b", 1), options);
    expect(unconcerned).to.deep.equal({ case: opened, flags: [], moves: [] });
    expect(unconcerned.case).to.equal(opened);
    const { case: early, flags } = applyEarlier(both, opened, event("d", 1), options);
    expect(flags).to.deep.equal([]);
    expect(early!.slots["other"]).to.include({ state: "EARLY", by: 1 });
    expect(early!.seen).to.deep.equal(["a-0", "d-1@1", "d-1"]);
    expect(applyEarlier(both, early!, event("d", 1), options).case, "the same again").to.equal(early);
    const { case: unjudged } = applyEarlier(both, opened, event("a", 0), options);
    expect(unjudged!.slots["other"]).to.deep.equal({ state: "UNJUDGED", count: 0, by: 1 });
    expect(unjudged!.seen, "it was seen before").to.deep.equal(["a-0", "a-0@1"]);
  });

  it("lets a slot that is added to an open case begin with the later of its trigger and the definition", () => {
    const other: SlotTerms = { ...plainTerms, slot: "other", trigger: ["a"], counterpart: ["d"] };
    const both = inForce([plainTerms], [plainTerms, other]);
    const options = { names: new Set(["other"]), includeOpen: true, nowMs: 100, mark: "@1" };
    const beginsAt = (atMs: number) => {
      const opened = applyEvent(inForce([plainTerms]), newCase("k"), event("a", atMs)).case!;
      return applyEarlier(both, opened, event("a", atMs), options).case!.slots["other"]!.deadlineMs! - 10;
    };
    expect([0, 99, 100, 101].map(beginsAt)).to.deep.equal([100, 100, 100, 101]);
  });

  it("is all that follows from it, and nothing that does not apply", () => {
    const terms = inForce([{ ...plainTerms, max: 1 }]);
    const opened = applyEvent(terms, newCase("k"), event("a", 0));
    const open = { state: "OPEN", count: 0, triggerId: "a-0", deadlineMs: 10 };
    expect(opened).to.deep.equal({
      case: { key: "k", status: "open", slots: { slot: open }, flags: 0, seen: ["a-0"], dueMs: 10 },
      flags: [],
      moves: [{ slot: "slot", startedMs: 0, from: undefined, to: "open", tookMs: undefined }],
    });
    const missing = passTime(terms, opened.case!, 11);
    expect(missing.case).to.deep.equal({
      key: "k",
      status: "flagged",
      slots: { slot: { ...open, state: "MISSING" } },
      flags: 1,
      seen: ["a-0"],
    });
    const flag = { case: "k", definition: 0, run: { slot: "slot" }, deadlineMs: 10, triggerId: "a-0" };
    expect(missing.flags).to.deep.equal([{ ...flag, kind: "Missing", sequence: 0, decidedAtMs: 11 }]);
    const late = applyEvent(terms, missing.case!, event("b", 12));
    expect(late.flags).to.deep.equal([
      { ...flag, kind: "LateArrival", eventId: "b-12", occurredInTime: false, sequence: 1, decidedAtMs: 12 },
    ]);
    const again = applyEvent(terms, late.case!, event("b", 13));
    expect(again.flags).to.deep.equal([{ ...flag, kind: "Duplicate", eventId: "b-13", sequence: 2, decidedAtMs: 13 }]);
    expect(again.case).to.include({ status: "recovered", flags: 3 });
    expect(again.case!.seen).to.deep.equal(["a-0", "b-12", "b-13"]);
    expect(again.moves).to.deep.equal([]);
    // Nothing follows from it.
    const plain = inForce([plainTerms]);
    const before = applyEvent(plain, newCase("k"), event("a", 0)).case!;
    for (const nothing of [event("a", 1), event("x", 1)])
      expect(applyEvent(plain, before, nothing)).to.deep.equal({ case: before, flags: [], moves: [] });
    expect(applyEvent(plain, before, event("a", 1)).case).to.equal(before);
  });

  it("keeps what it was opened under, and numbers flags under each definition on their own", () => {
    const second = inForce([plainTerms], [{ ...plainTerms, withinMs: 50, max: 1 }]);
    const opened = applyEvent(second, newCase("k"), event("a", 0)).case!;
    expect(opened).to.deep.equal({
      key: "k",
      status: "open",
      slots: { slot: { state: "OPEN", count: 0, triggerId: "a-0", deadlineMs: 50, by: 1 } },
      flags: 0,
      seen: ["a-0"],
      pins: { slot: 1 },
      dueMs: 50,
    });
    const missing = passTime(second, opened, 51);
    expect(missing.flags).to.have.length(1);
    expect(missing.flags[0]).to.include({ definition: 1, sequence: 0 });
    expect(missing.case).to.deep.include({ flags: 0, flagsOf: { 1: 1 }, pins: { slot: 1 } });
    const late = applyEvent(second, missing.case!, event("b", 60));
    expect(late.flags[0]).to.include({ definition: 1, sequence: 1 });
    expect(late.case).to.deep.include({ flags: 0, flagsOf: { 1: 2 } });
    const unconcerned = { ...late.case!, flags: 5, flagsOf: { 1: 2, 2: 7 } };
    const more = applyEvent(second, unconcerned, event("b", 61));
    expect(more.case).to.deep.include({ flags: 5, flagsOf: { 1: 3, 2: 7 } });
    expect(more.flags[0]).to.include({ definition: 1, sequence: 2 });
    // What was opened under the first one is judged by it, and counts there.
    const old = applyEvent(inForce([plainTerms]), newCase("k"), event("a", 0)).case!;
    const oldMissing = passTime(second, { ...old, flagsOf: { 1: 4 } }, 11);
    expect(oldMissing.flags[0]).to.include({ definition: 0, sequence: 0, deadlineMs: 10 });
    expect(oldMissing.case)
      .to.deep.include({ flags: 1, flagsOf: { 1: 4 } })
      .and.not.have.property("pins");
  });

  it("opens what comes after what is complete, which may be complete at once", () => {
    const then = { ...plainTerms, trigger: [], counterpart: ["d"], unless: [] };
    const last = { ...then, slot: "last", after: "then", counterpart: ["e"] };
    const sequence = inForce([plainTerms, { ...then, slot: "then", after: "slot" }, last]);
    const early = applyEvent(sequence, newCase("k"), event("d", 0)).case!;
    const opened = applyEvent(sequence, early, event("a", 1)).case!;
    const { case: done, moves } = applyEvent(sequence, opened, event("b", 5));
    expect(
      Object.entries(done!.slots).map(([run, { state, triggerId }]) => `${run} ${state} by ${triggerId}`),
    ).to.have.members(["slot MET by a-1", "then MET by b-5", "last OPEN by b-5"]);
    expect(moves.map(({ slot, from, to }) => `${slot} ${from} ${to}`)).to.deep.equal([
      "slot open met",
      "then undefined met",
      "last undefined open",
    ]);
    expect(done!.dueMs).to.equal(15);
  });

  it("is over once it is closed: what comes then is flagged, once for each slot, and remembered", () => {
    const slots = [{ ...plainTerms, slot: "one", unless: ["c"], closeAfterMs: 5 }];
    const closing = inForce([...slots, { ...slots[0]!, slot: "two", counterpart: ["a"], trigger: ["b"] }]);
    const done = ["a", "b", "a"].reduce(
      (state, type, i) => applyEvent(closing, state, event(type, i)).case!,
      newCase("k"),
    );
    const closed = passTime(closing, done, 100).case!;
    expect(closed).to.deep.equal({
      key: "k",
      status: "closed",
      slots: {},
      flags: 0,
      seen: ["a-0", "b-1", "a-2"],
      closedMs: 6,
    });
    const after = applyEvent(closing, closed, event("a", 101));
    expect(after.flags).to.deep.equal([
      {
        kind: "AfterClose",
        eventId: "a-101",
        case: "k",
        definition: 0,
        sequence: 0,
        run: { slot: "one" },
        decidedAtMs: 101,
      },
      {
        kind: "AfterClose",
        eventId: "a-101",
        case: "k",
        definition: 0,
        sequence: 1,
        run: { slot: "two" },
        decidedAtMs: 101,
      },
    ]);
    expect(after.case).to.deep.include({ status: "closed", flags: 2 });
    const waived = applyEvent(closing, closed, event("c", 101));
    expect(waived.flags).to.deep.equal([]);
    expect(waived.case!.seen.at(-1)).to.equal("c-101");
    expect(applyEvent(closing, after.case!, event("a", 101)).case).to.equal(after.case);
  });

  it("marks every pair to come where a waiver names none", () => {
    const reads = (p: string | undefined) => ({ reads: { slot: { ...(p !== undefined && { pair: p }) } } });
    const pairs = inForce([{ ...plainTerms, unless: ["c"], per: "data.p" }]);
    const marked = applyEvent(pairs, newCase("k"), event("c", 1, reads(undefined))).case!;
    expect(marked.slots).to.deep.equal({ slot: { state: "IDLE", count: 0, pairsMarkedMs: 1 } });
    const again = applyEvent(pairs, marked, event("c", 2, reads(undefined))).case!;
    expect(again.slots).to.deep.equal(marked.slots);
    expect(again.seen).to.have.length(2);
    const waived = applyEvent(pairs, marked, event("a", 3, reads("x"))).case!;
    expect(waived.slots["slot[x]"]).to.include({ state: "WAIVED", settledMs: 3 });
    expect(waived.slots["slot"]).to.deep.equal(marked.slots["slot"]);
    const bare = applyEvent(pairs, marked, event("a", 3)).case!;
    expect(bare.slots["slot"]).to.include({ state: "WAIVED", pairsMarkedMs: 1 });
    const one = applyEvent(pairs, newCase("k"), event("c", 1, reads("x"))).case!;
    expect(Object.keys(one.slots)).to.deep.equal(["slot[x]"]);
    expect(one.slots["slot[x]"]).to.include({ state: "IDLE", waiverMarked: true });
    const opened = applyEvent(pairs, newCase("k"), event("a", 0, reads("x"))).case!;
    const { slots } = applyEvent(pairs, opened, event("c", 1, reads(undefined))).case!;
    expect(slots["slot[x]"]).to.include({ state: "WAIVED" });
    expect(slots["slot"]).to.include({ state: "IDLE", pairsMarkedMs: 1 });
  });
});
