import { expect } from "chai";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { FedObserver, plainTerms } from "./feed.js";

/** Of one case; `data` where the terms read it. */
const event = (type: string, recordedAtMs: number, data: Record<string, unknown> = {}): LogRecord => ({
  id: `${type}-${recordedAtMs}`,
  type,
  correlationId: "k",
  position: 0,
  recordedAtMs,
  data,
});
const tick = (recordedAtMs: number): LogRecord => ({
  ...event(plainTerms.tickType, recordedAtMs),
  correlationId: undefined,
});
const acknowledged = (recordedAtMs: number, of: Record<string, unknown> = {}): LogRecord => ({
  ...event("observer.Acknowledged", recordedAtMs, { observer: "watch", case: "k", ...of }),
  correlationId: undefined,
});

async function judged(terms: readonly Partial<SlotTerms>[], ...log: readonly LogRecord[]) {
  const fed = await FedObserver.open(terms.map((each) => ({ ...plainTerms, ...each })));
  await fed.handle(log.map((record, position) => ({ ...record, position })));
  await fed.flush();
  const found = (await fed.cases()).get("k");
  const flags = (await fed.flags()).map(({ kind, slot, round, step, eventId }) =>
    `${kind} ${slot}${round ? `#${round}` : ""} ${step ?? eventId ?? ""}`.trim(),
  );
  await fed.readModels.close();
  const states = Object.entries(found?.slots ?? {}).map(([run, { state }]) => `${run} ${state}`);
  return { flags, states, case: found };
}

describe("a case", () => {
  it("has a counterpart for the first round that is open, then for the first that is missing, then for the last", async () => {
    const rounds = [{ eachTime: true, max: 1 }];
    const open = [event("a", 0), event("a", 1), event("a", 2)];
    expect((await judged(rounds, ...open, event("b", 3))).states).to.deep.equal([
      "slot MET",
      "slot#2 OPEN",
      "slot#3 OPEN",
    ]);
    const missing = await judged(rounds, ...open, tick(12), event("b", 12));
    expect(missing.states).to.deep.equal(["slot MISSING", "slot#2 MISSING", "slot#3 MET"]);
    const late = await judged(rounds, ...open, tick(20), event("b", 21));
    expect(late.states).to.deep.equal(["slot RECOVERED", "slot#2 MISSING", "slot#3 MISSING"]);
    const done = await judged(rounds, ...open, event("b", 3), event("b", 4), event("b", 5), event("b", 6));
    expect(done.flags).to.deep.equal(["Duplicate slot#3 b-6"]);
  });

  it("is reminded of no more once it is acknowledged, as a whole or slot by slot", async () => {
    const terms = [
      { slot: "one", escalateMs: [5, 50] },
      { slot: "two", escalateMs: [5, 50] },
    ];
    const flagsAfter = async (...acknowledgements: readonly LogRecord[]) =>
      (await judged(terms, event("a", 0), tick(11), ...acknowledgements, tick(100))).flags.slice(2);
    const [one, two] = [1, 2].map((step) => [`Escalated one ${step}`, `Escalated two ${step}`]) as [string[], string[]];
    expect(await flagsAfter()).to.deep.equal([...one, ...two]);
    expect(await flagsAfter(acknowledged(12))).to.deep.equal([]);
    expect(await flagsAfter(acknowledged(12, { slot: "two" }))).to.deep.equal([one[0], two[0]]);
    expect(await flagsAfter(tick(20), acknowledged(21))).to.deep.equal(one);
    for (const other of [{ observer: "other" }, { case: "other" }, { case: 7 }, { slot: "three" }])
      expect(await flagsAfter(acknowledged(12, other))).to.deep.equal([...one, ...two]);
  });

  it("says who acknowledged it", async () => {
    const by = { by: "me", note: "on its way" };
    const found = await judged([{}], event("a", 0), tick(11), acknowledged(12, by));
    expect(found.case?.acknowledged).to.deep.equal({ eventId: "observer.Acknowledged-12", atMs: 12, ...by });
    expect(found.case?.slots["slot"]?.acknowledged).to.equal(true);
    expect(found.flags).to.deep.equal(["Missing slot"]);
    // Nothing was amiss.
    expect((await judged([{}], event("a", 0), acknowledged(1))).case?.acknowledged).to.equal(undefined);
    // Late all the same, and then it is over.
    const late = await judged([{}], event("a", 0), tick(11), acknowledged(12), event("b", 13));
    expect(late.flags).to.deep.equal(["Missing slot", "LateArrival slot b-13"]);
    expect(late.case?.slots["slot"]).to.not.have.property("acknowledged");
  });

  it("is closed when nothing is awaited or amiss any more, and flags what comes then", async () => {
    const closing = [{ closeAfterMs: 5, unless: ["c"] }];
    const statusAfter = async (...log: readonly LogRecord[]) => (await judged(closing, ...log)).case?.status;
    expect(await statusAfter(event("a", 0), event("b", 1), tick(6))).to.equal("settled");
    expect(await statusAfter(event("a", 0), event("b", 1), tick(7))).to.equal("closed");
    expect(await statusAfter(event("a", 0), event("c", 1), tick(7))).to.equal("closed");
    expect(await statusAfter(event("c", 1), tick(7))).to.equal("closed");
    expect(await statusAfter(event("a", 0), tick(99))).to.equal("flagged");
    expect(await statusAfter(event("b", 0), tick(99))).to.equal("open");
    expect(await statusAfter(event("a", 0), event("b", 11), tick(16))).to.equal("recovered");
    expect(await statusAfter(event("a", 0), event("b", 11), tick(17))).to.equal("closed");
    // One slot is done, and the other is not.
    const both = (other: Partial<SlotTerms>) => [
      { slot: "done", closeAfterMs: 5 },
      { slot: "open", closeAfterMs: 5, ...other },
    ];
    const done = [event("a", 0), event("b", 1), tick(99)];
    expect((await judged(both({ counterpart: ["x"] }), ...done)).case?.status).to.equal("flagged");
    expect((await judged(both({ counterpart: ["x"], withinMs: 200 }), ...done)).case?.status).to.equal("open");
    const early = { trigger: ["x"], orphanWithinMs: 200 };
    expect((await judged(both(early), ...done)).case?.status).to.equal("open");
    expect((await judged(both({ ...early, orphanWithinMs: 5 }), ...done)).case?.status).to.equal("flagged");
    const more = [event("a", 8), event("b", 9), event("c", 10)];
    const after = await judged(closing, event("a", 0), event("b", 1), tick(7), ...more);
    expect(after.flags).to.deep.equal(["AfterClose slot a-8", "AfterClose slot b-9"]);
    expect(after.states).to.deep.equal([]);
  });

  it("is forgotten once it is closed for long, but never with a flag", async () => {
    const terms = [{ closeAfterMs: 5, forgetAfterMs: 5 }];
    expect((await judged(terms, event("a", 0), event("b", 1), tick(11))).case?.status).to.equal("closed");
    expect((await judged(terms, event("a", 0), event("b", 1), tick(12))).case).to.equal(undefined);
    const anew = await judged(terms, event("a", 0), event("b", 1), tick(12), event("a", 13));
    expect(anew.states).to.deep.equal(["slot OPEN"]);
    const flagged = await judged(terms, event("a", 0), event("b", 11), tick(99));
    expect(flagged.case?.status).to.equal("closed");
  });

  it("has a counterpart only where both belong together", async () => {
    const where = [{ where: "w", max: 1 }];
    const [w1, w2] = [{ w: 1 }, { w: 2 }];
    expect((await judged(where, event("a", 0, w1), event("b", 1, w2))).states).to.deep.equal(["slot OPEN"]);
    expect((await judged(where, event("b", 0, w2), event("a", 1, w1))).states).to.deep.equal(["slot OPEN"]);
    expect((await judged(where, event("b", 0, w2), event("b", 1, w1), event("a", 2, w1))).states).to.deep.equal([
      "slot MET",
    ]);
    const two = await judged(where, event("b", 0, w1), event("b", 1, w2), event("a", 2, w1), event("b", 3, w1));
    expect(two.flags).to.deep.equal(["Duplicate slot b-3"]);
  });

  it("takes the same event once", async () => {
    const again = (record: LogRecord, recordedAtMs: number) => ({ ...record, recordedAtMs });
    const terms = [{ max: 1, eachTime: true }];
    const [a, b] = [event("a", 0), event("b", 1)];
    const found = await judged(terms, a, b, again(a, 2), again(b, 3));
    expect(found.flags).to.deep.equal([]);
    expect(found.states).to.deep.equal(["slot MET"]);
    const early = await judged([{ max: 1 }], b, again(b, 2), event("a", 3));
    expect(early.flags).to.deep.equal([]);
  });

  it("opens the next round after one that was waived before its trigger came", async () => {
    const rounds = [{ eachTime: true, unless: ["c"] }];
    const waived = [event("b", 0), event("c", 1), event("a", 2)];
    expect((await judged(rounds, ...waived)).states).to.deep.equal(["slot WAIVED"]);
    expect((await judged(rounds, ...waived, event("a", 3))).states).to.deep.equal(["slot WAIVED", "slot#2 OPEN"]);
    const once = await judged([{ unless: ["c"] }], ...waived);
    expect(once.case?.slots["slot"]).to.not.have.property("triggerId");
  });

  it("remembers what belonged to no round, which might belong to one that comes later", async () => {
    const rounds = [{ eachTime: true, where: "w" }];
    const b = event("b", 1, { w: 2 });
    const again = { ...b, recordedAtMs: 3 };
    const found = await judged(rounds, event("a", 0, { w: 1 }), b, event("a", 2, { w: 2 }), again);
    expect(found.states).to.deep.equal(["slot OPEN", "slot#2 OPEN"]);
  });

  it("keeps of a slot what it must know, and no more", async () => {
    const slot = async (terms: Partial<SlotTerms>, ...log: readonly LogRecord[]) =>
      (await judged([terms], ...log)).case?.slots["slot"];
    const data = { n: 2, list: [1], w: 1 };
    const a = event("a", 5, data);
    const opened = { state: "OPEN", count: 0, triggerId: "a-5", deadlineMs: 15 };
    const b = { id: "b-0", atMs: 0, occurredAtMs: 0 };
    expect(await slot({}, a)).to.deep.equal(opened);
    expect(await slot({ min: 2, max: 3 }, a)).to.deep.equal(opened);
    expect(await slot({ min: "data.n" }, a)).to.deep.equal({ ...opened, min: 2 });
    expect(await slot({ max: "data.list" }, a)).to.deep.equal({ ...opened, max: 1 });
    expect(await slot({ where: "w" }, a)).to.deep.equal({ ...opened, trigger: data });
    expect(await slot({ agreeing: "w" }, a)).to.deep.equal({ ...opened, trigger: data });
    expect(await slot({}, event("b", 0))).to.deep.equal({ state: "EARLY", count: 0, early: [b] });
    const met = { ...opened, state: "MET", settledMs: 5, wasEarly: true };
    expect(await slot({}, event("b", 0), a)).to.deep.equal(met);
    expect(await slot({ min: 0 }, a)).to.deep.equal({ ...opened, state: "MET", settledMs: 5 });
    expect(await slot({}, a, event("b", 6))).to.deep.equal({ ...opened, state: "MET", settledMs: 6 });
  });

  it("stops the observer, in words, where a number cannot be read from the trigger", async () => {
    for (const n of [-1, 1.5, "2", null, undefined, {}, Number.MAX_SAFE_INTEGER + 1]) {
      const failure = await judged([{ min: "data.n" }], event("a", 0, { n })).catch((error: unknown) => error);
      expect(String(failure), String(n)).to.match(
        /slot reads a number of counterparts from data\.n of its trigger, found /,
      );
    }
    expect((await judged([{ min: "data.n" }], event("a", 0, { n: 0 }))).states).to.deep.equal(["slot MET"]);
    expect((await judged([{ min: "data.n" }], event("a", 0, { n: [] }))).states).to.deep.equal(["slot MET"]);
  });

  it("is no orphan's any more where the trigger came, unless none of them belongs to it", async () => {
    const orphan = [{ orphanWithinMs: 5, where: "w" }];
    const early = [event("b", 0, { w: 1 }), tick(6)];
    const found = await judged(orphan, ...early, event("a", 7, { w: 1 }));
    expect(found).to.deep.include({ flags: ["Orphan slot b-0", "OrphanResolved slot a-7"], states: ["slot MET"] });
    const other = await judged(orphan, ...early, event("a", 7, { w: 2 }));
    expect(other).to.deep.include({ flags: ["Orphan slot b-0"], states: ["slot OPEN"] });
  });

  it("is reminded of orphans until they are acknowledged; the same acknowledgement again stops nothing", async () => {
    const orphan = [{ orphanWithinMs: 5, escalateMs: [5, 50] }];
    const reminded = await judged(orphan, event("b", 0), tick(6), tick(11), tick(99));
    expect(reminded.flags).to.deep.equal(["Orphan slot b-0", "Escalated slot 1", "Escalated slot 2"]);
    expect((await judged(orphan, event("b", 0), tick(6), acknowledged(7), tick(99))).flags).to.have.length(1);
    const rounds = [{ eachTime: true, escalateMs: [5] }];
    const again = { ...acknowledged(12), recordedAtMs: 41 };
    const log = [event("a", 0), tick(11), acknowledged(12), event("a", 20), tick(40), again, tick(99)];
    expect((await judged(rounds, ...log)).flags).to.deep.equal([
      "Missing slot",
      "Missing slot#2",
      "Escalated slot#2 1",
    ]);
    const acknowledgedTwice = [event("a", 0), tick(11), acknowledged(12), event("a", 20), tick(31), again, tick(99)];
    expect((await judged(rounds, ...acknowledgedTwice)).flags).to.include("Escalated slot#2 1");
  });

  it("says of what came late whether it occurred in time", async () => {
    const inTime = async (occurredAtMs?: number) => {
      const fed = await FedObserver.open([plainTerms]);
      const late = { ...event("b", 30), occurredAtMs };
      await fed.handle([event("a", 0), late].map((record, position) => ({ ...record, position })));
      await fed.flush();
      return (await fed.flags()).at(-1)?.occurredInTime;
    };
    expect(await inTime()).to.equal(false);
    expect(await inTime(11)).to.equal(false);
    expect(await inTime(10)).to.equal(true);
    expect(await inTime(-7)).to.equal(true);
  });

  it("has deadlines at the same time fire by the names of the slots", async () => {
    const terms = [
      { slot: "z", trigger: ["x"], withinMs: 10 },
      { slot: "b", trigger: ["y"], withinMs: 5 },
      { slot: "n", trigger: ["w"], withinMs: 4 },
    ];
    const found = await judged(terms, event("x", 0), event("y", 5), event("w", 6), tick(11));
    expect(found.flags).to.deep.equal(["Missing b", "Missing n", "Missing z"]);
  });

  it("is closed by its runs; by a mark for pairs to come only where there is none", async () => {
    const pairs = [{ per: { trigger: "data.p", counterpart: "data.p" }, unless: ["c"], closeAfterMs: 5 }];
    const statusAfter = async (...log: readonly LogRecord[]) => (await judged(pairs, ...log)).case?.status;
    expect(await statusAfter(event("c", 1), tick(6))).to.equal("settled");
    expect(await statusAfter(event("c", 1), tick(7))).to.equal("closed");
    const done = [event("a", 1, { p: "p" }), event("b", 2, { p: "p" })];
    expect(await statusAfter(...done, event("c", 4), tick(7))).to.equal("settled");
    expect(await statusAfter(...done, event("c", 4), tick(8))).to.equal("closed");
    // The one without a value is a run too.
    const bare = [event("a", 1), event("b", 2)];
    expect(await statusAfter(...bare, event("c", 4), tick(8))).to.equal("closed");
  });

  it("is open while one slot is, though another came late", async () => {
    const terms = [
      { slot: "one", withinMs: 1 },
      { slot: "two", counterpart: ["d"], withinMs: 100 },
    ];
    expect((await judged(terms, event("a", 0), event("b", 5))).case?.status).to.equal("open");
    const reversed = [
      { ...terms[0]!, slot: "two" },
      { ...terms[1]!, slot: "one" },
    ];
    expect((await judged(reversed, event("a", 0), event("b", 5))).case?.status).to.equal("open");
  });
});
