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
});
