import { expect } from "chai";
import type { ObserverState } from "../../src/index.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { FedObserver, plainTerms } from "./feed.js";

const minute = 60_000;
const hour = 60 * minute;
const start = Date.UTC(2026, 0, 1);

const event = (type: string, afterMs: number, more: Partial<LogRecord> = {}): LogRecord => ({
  id: `${type}-${afterMs}`,
  type,
  correlationId: "k",
  position: 0,
  recordedAtMs: start + afterMs,
  ...more,
});
const control = (type: string, afterMs: number, data?: unknown): LogRecord => ({
  ...event(`observer.${type}`, afterMs, { data: data as never }),
  correlationId: undefined,
});

/** After all of them, each page of its own where a test says so. */
async function judged(terms: Partial<SlotTerms>, log: readonly LogRecord[], pages = 1) {
  const fed = await FedObserver.open([{ ...plainTerms, withinMs: hour, ...terms }]);
  const placed = log.map((record, position) => ({ ...record, position }));
  const size = Math.ceil(placed.length / pages);
  for (let i = 0; i < placed.length; i += size) await fed.handle(placed.slice(i, i + size));
  await fed.flush();
  const state = (await fed.readModels.activeGeneration("watch"))!.checkpoint!.state as ObserverState;
  const flags = (await fed.flags()).map(({ kind, reason, differenceMs, count, eventId }) =>
    [kind, reason, differenceMs ?? count, eventId].filter((each) => each !== undefined).join(" "),
  );
  const cases = await fed.cases();
  const rows: string[] = [];
  const generation = (await fed.readModels.activeGeneration("watch"))!;
  for await (const page of fed.readModels.allRows(generation)) rows.push(...page.map(({ key }) => key));
  await fed.readModels.close();
  return { state, flags, cases, rows };
}

describe("what an observer makes of the log", () => {
  it("flags clocks that are more than a minute apart", async () => {
    const flagsOf = async (terms: Partial<SlotTerms>, ...log: LogRecord[]) => (await judged(terms, log)).flags;
    expect(await flagsOf({}, event("a", minute), event("a", 0))).to.deep.equal([]);
    expect(await flagsOf({}, event("a", minute + 1), event("a", 0))).to.deep.equal(["ClockAnomaly behind 60001 a-0"]);
    const tick = (afterMs: number, askedAt: string | undefined) => control("ClockTick", afterMs, { askedAt });
    const asked = new Date(start).toISOString();
    expect(await flagsOf({}, tick(minute, asked))).to.deep.equal([]);
    expect(await flagsOf({}, tick(minute + 1, asked))).to.deep.equal([
      "ClockAnomaly tick 60001 observer.ClockTick-60001",
    ]);
    expect(await flagsOf({}, tick(-minute - 1, asked))).to.deep.equal([
      "ClockAnomaly tick -60001 observer.ClockTick--60001",
    ]);
    for (const data of [undefined, null, {}, { askedAt: "whenever" }])
      expect(await flagsOf({}, control("ClockTick", 5, data))).to.deep.equal([]);
    const occurred = { timeBase: "occurred", toleranceMs: 10 } as const;
    const claims = (aheadMs: number) => event("a", 0, { occurredAtMs: start + aheadMs });
    expect(await flagsOf(occurred, claims(10))).to.deep.equal([]);
    expect(await flagsOf(occurred, claims(11))).to.deep.equal(["ClockAnomaly ahead 11 a-0"]);
  });

  it("flags what belongs to no case, and counts what it does not flag", async () => {
    const lost = [0, 1, hour].map((ms) => event("a", ms, { correlationId: undefined }));
    const { flags, state, rows } = await judged({}, lost);
    expect(flags).to.deep.equal(["Uncorrelated 1 a-0", `Uncorrelated 2 a-${hour}`]);
    expect(state).to.include({ uncorrelated: 3 });
    expect(rows).to.deep.equal([]);
  });

  it("takes time back where a reset says a time", async () => {
    const open = event("a", 0);
    const later = event("x", 0, { type: "b", correlationId: "other", recordedAtMs: start + 2 * hour });
    const to = (data: unknown) => judged({}, [open, control("ClockReset", 30 * minute, data), later]);
    const { state, flags } = await to({ to: new Date(start - hour).toISOString() });
    expect(state).to.include({ offsetMs: 90 * minute });
    expect(flags, "its deadline went back too").to.have.length(1);
    for (const data of [undefined, null, {}, { to: "whenever" }])
      expect((await to(data)).state).to.not.have.property("offsetMs");
  });

  it("takes an acknowledgement of its own cases alone, whatever is said", async () => {
    const log = (data: unknown) => [
      event("a", 0),
      control("ClockTick", hour + 1),
      control("Acknowledged", hour + 2, data),
    ];
    const by = async (data: unknown) => (await judged({}, log(data))).cases.get("k")!.acknowledged;
    const at = { eventId: `observer.Acknowledged-${hour + 2}`, atMs: start + hour + 2 };
    expect(await by({ observer: "watch", case: "k" })).to.deep.equal(at);
    expect(await by({ observer: "watch", case: "k", slot: "slot", by: "me", note: "so" })).to.deep.equal({
      ...at,
      by: "me",
      note: "so",
    });
    for (const data of [undefined, null, {}, { observer: "other", case: "k" }, { observer: "watch" }])
      expect(await by(data)).to.equal(undefined);
    const unknown = await judged({}, [control("Acknowledged", 0, { observer: "watch", case: "nobody" })]);
    expect(unknown.rows, "there is nothing to acknowledge").to.deep.equal([]);
  });

  it("keeps what waits for its alias, once, and counts it where and when that is told", async () => {
    const keys = { A: { key: "data.key", alias: "data.pay" }, b: { via: "data.pay" } };
    const data = { key: "k", pay: "p" };
    const b = event("b", 5, { data });
    const waiting = [event("a", 0), b, { ...b, recordedAtMs: start + 6 }, event("b", 7, { data })];
    const told = [...waiting, event("A", 20, { data }), event("A", 21, { data: { ...data, key: "other" } })];
    for (const pages of [1, 9]) {
      const before = await judged({ keys, max: 1 }, waiting, pages);
      expect(before.state).to.include({ unresolved: 2 });
      expect(before.cases.get("k")!.slots["slot"]!.state).to.equal("OPEN");
      expect(before.rows).to.include("alias/p");
      const { state, cases, flags } = await judged({ keys, max: 1 }, [...told, event("b", 22, { data })], pages);
      expect(state).to.not.have.property("unresolved");
      expect(cases.get("k")!.slots["slot"]).to.include({ state: "MET", settledMs: start + 20 });
      expect(flags).to.deep.equal(["Duplicate b-7", "Duplicate b-22"]);
      expect(cases.has("other")).to.equal(false);
    }
  });

  it("begins where it says, remembers that it has, and passes over what comes before", async () => {
    const from = { time: new Date(start + 100).toISOString() };
    const none = await judged({ from }, [event("a", 0), event("a", 99)]);
    expect([none.rows, none.state.begun, none.state.logTimeMs]).to.deep.equal([[], undefined, null]);
    const { cases, state } = await judged({ from }, [
      event("a", 0),
      event("a", 100, { correlationId: "x" }),
      event("a", 50),
    ]);
    expect([...cases.keys()].toSorted()).to.deep.equal(["k", "x"]);
    expect(state).to.include({ begun: true, logTimeMs: start + 100 });
    expect((await judged({}, [event("a", 0)])).state).to.not.have.property("begun");
  });

  it("has deadlines fire before the event that passes them counts, for whatever case that is", async () => {
    const x = { correlationId: "x" };
    const log = [event("a", 0), event("a", 1, x), event("b", hour), event("b", hour + 2, x)];
    expect((await judged({}, log)).flags).to.deep.equal(["Missing", `LateArrival b-${hour + 2}`]);
    const imported = [event("a", 0), event("b", 2 * hour, { imported: true })];
    const { flags, cases } = await judged({}, imported);
    expect(flags, "imported events move time, and count for nothing").to.deep.equal(["Missing"]);
    expect(cases.get("k")!.slots["slot"]!.state).to.equal("MISSING");
  });
});
