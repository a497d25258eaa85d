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
});
