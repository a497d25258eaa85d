import { expect } from "chai";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { FedObserver, plainTerms } from "./feed.js";

/** Business time: events wait ten milliseconds for those that are recorded later. */
const terms: SlotTerms = { ...plainTerms, timeBase: "occurred", latenessMs: 10, live: true };

const event = (type: string, recordedAtMs: number, occurredAtMs?: number): LogRecord => ({
  id: `${type}-${recordedAtMs}`,
  type,
  correlationId: "k",
  position: 0,
  recordedAtMs,
  occurredAtMs,
});
const tick = (recordedAtMs: number): LogRecord => ({
  ...event(plainTerms.tickType, recordedAtMs),
  correlationId: undefined,
});

async function judged(more: Partial<SlotTerms>, ...log: readonly LogRecord[]) {
  const fed = await FedObserver.open([{ ...terms, ...more }]);
  await fed.handle(log.map((record, position) => ({ ...record, position })));
  await fed.flush();
  const found = (await fed.cases()).get("k");
  const flags = (await fed.flags()).map(({ kind, eventId }) => `${kind} ${eventId ?? ""}`.trim());
  await fed.readModels.close();
  return { flags, state: found?.slots["slot"]?.state, case: found };
}

describe("an event that waits for its time", () => {
  it("counts once time has come to it, and not before", async () => {
    expect((await judged({}, event("a", 0), tick(9))).case).to.deep.include({
      slots: {},
      status: "settled",
      dueMs: -1,
    });
    expect((await judged({}, event("a", 0), tick(10))).state).to.equal("OPEN");
    expect((await judged({}, event("a", 0), tick(20))).state).to.equal("OPEN");
    expect((await judged({}, event("a", 0), tick(21))).state).to.equal("MISSING");
  });

  it("counts in the order of occurrence, and of the log where that is the same", async () => {
    const late = await judged({ inOrder: true }, event("b", 3, 3), event("a", 4, 1), tick(30));
    expect(late).to.deep.include({ state: "MET", flags: [] });
    const same = [event("b", 3, 3), event("a", 4, 3)];
    expect((await judged({ inOrder: true }, ...same, tick(30))).flags).to.deep.equal(["OutOfOrder b-3"]);
    expect((await judged({ inOrder: true }, ...same.toReversed(), tick(30))).flags).to.deep.equal([]);
    // Ten of them, so that their positions differ in length.
    const many = Array.from({ length: 11 }, (_, i) => ({ ...event("b", 5, 5), id: `b-${i}` }));
    const flags = (await judged({ max: 1 }, event("a", 0, 0), ...many, tick(30))).flags;
    expect(flags).to.deep.equal(many.slice(1).map(({ id }) => `Duplicate ${id}`));
  });

  it("is in time at the deadline itself", async () => {
    expect((await judged({}, event("a", 0), event("b", 10), tick(30))).flags).to.deep.equal([]);
    const late = await judged({}, event("a", 0), event("b", 11), tick(30));
    expect(late.flags).to.deep.equal(["Missing", "LateArrival b-11"]);
  });

  it("counts once, however often it came meanwhile", async () => {
    const b = event("b", 1, 1);
    const found = await judged({ max: 1 }, event("a", 0), b, { ...b, recordedAtMs: 2 }, tick(30), {
      ...b,
      recordedAtMs: 31,
    });
    expect(found.flags).to.deep.equal([]);
    expect(found.case?.seen).to.deep.equal(["a-0", "b-1"]);
    expect(found.case).to.not.have.property("pending");
  });

  it("is due with the deadlines of its case", async () => {
    const dueMs = async (...log: readonly LogRecord[]) => (await judged({}, ...log)).case?.dueMs;
    expect(await dueMs(event("a", 0), tick(10))).to.equal(10);
    expect(await dueMs(event("a", 0), event("b", 5), tick(10))).to.equal(4);
    expect(await dueMs(event("a", 0), event("b", 19), tick(10))).to.equal(10);
    expect(await dueMs(event("a", 0), event("b", 5), tick(20))).to.equal(undefined);
  });

  describe("while its case is forgotten", () => {
    const forgetting = { closeAfterMs: 1, forgetAfterMs: 1 };
    const over = [event("a", 0), event("b", 1)];
    const again = { ...event("a", 12), id: "a-0" };

    it("begins a case of its own, even if that had seen it", async () => {
      const anew = await judged(forgetting, ...over, again, tick(22));
      expect(anew.case).to.deep.include({ seen: ["a-0"], status: "open" });
      expect(anew.flags).to.deep.equal([]);
      expect((await judged(forgetting, ...over, again, tick(33))).flags).to.deep.equal(["Missing"]);
    });

    it("waits on until its time has come", async () => {
      const waiting = await judged(forgetting, ...over, again, tick(20));
      expect(waiting.case).to.deep.include({ slots: {}, seen: [], dueMs: 11 });
      expect(waiting.case?.pending).to.have.length(1);
      expect((await judged(forgetting, ...over, tick(20))).case).to.equal(undefined);
    });

    it("has no effect in a case that is kept, and has seen it", async () => {
      const kept = await judged({ eachTime: true }, ...over, again, tick(40));
      expect(kept).to.deep.include({ state: "MET", flags: [] });
      expect((await judged({ eachTime: true }, ...over, again, tick(20))).case).to.not.have.property("pending");
      expect(kept.case?.seen).to.deep.equal(["a-0", "b-1"]);
    });
  });
});

describe("a counterpart that comes early, in business time,", () => {
  const atOnce = { latenessMs: 0, withinMs: 10 };

  it("counts where it is in time, at the deadline itself too", async () => {
    const early = (at: number) => judged(atOnce, event("b", at, at), event("a", 100, 50), tick(101));
    expect(await early(60)).to.deep.include({ state: "MET", flags: [] });
    expect(await early(61)).to.deep.include({ state: "RECOVERED", flags: ["Missing", "LateArrival b-61"] });
  });

  it("is kept where it is the earliest", async () => {
    const found = await judged(atOnce, event("b", 90, 90), event("b", 91, 55), event("b", 92, 70), event("a", 100, 50));
    expect(found).to.deep.include({ state: "MET", flags: [] });
  });

  it("makes the count complete with those in time, if too late", async () => {
    const two = { ...atOnce, min: 2 };
    const early = [event("b", 90, 90), event("b", 91, 55), event("a", 100, 50)];
    expect((await judged(two, ...early, tick(101))).flags).to.deep.equal(["Missing", "LateArrival b-90"]);
    const opened = await judged(two, ...early);
    expect(opened.case?.slots["slot"]).to.deep.include({ state: "OPEN", count: 2 });
    expect(opened.case?.slots["slot"]?.late).to.have.length(1);
    // One more in time before anybody knows that the deadline has passed.
    const three = await judged({ ...two, min: 3 }, ...early, event("b", 100, 56), tick(101));
    expect(three.flags).to.deep.equal(["Missing", "LateArrival b-100"]);
  });
});
