import { expect } from "chai";
import { acknowledgeCase, explainCase, verifyObserver } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { until } from "../until.js";
import { graceMs, hourMs, ReadingOnly, withinMs } from "./reading-only.js";

describe("an observer that may only read the log, asked about its cases,", () => {
  let to: ReadingOnly;
  beforeEach(async () => {
    to = await ReadingOnly.open();
    await to.live();
    // Their positions are those of their flags in the other store.
    for (const type of ["Ordered", "Paid"]) await to.record(type, "one");
    for (const order of ["three", "two"]) await to.record("Ordered", order);
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(2);
    const definition = to.readModel().definition;
    expect(await acknowledgeCase(to, definition, { case: "two", by: "ada" })).to.include({ duplicate: false });
    expect(await acknowledgeCase(to, definition, { case: "two", by: "ada" })).to.include({ duplicate: true });
    await until("it is taken", async () => (await explained("two")).slots[0]!.reason.includes("Acknowledged by ada"));
    await to.pass(hourMs + graceMs + 1_000, 60_000);
    await to.flagged(3);
  });
  afterEach(() => to.close());

  const explained = async (order: string) => (await explainCase(to.readModel(), to, order))!;

  it("explains them, with flags and acknowledgements that are beside the log", async () => {
    const { slots, timeline } = await explained("two");
    expect(slots[0]!.reason).to.match(/^MISSING: Ordered at .*position 4\) opened it; .*does not escalate any more\.$/);
    expect(timeline.map(({ kind, recorded }) => recorded?.type ?? kind)).to.deep.equal([
      "Ordered",
      "deadline",
      "observer.Missing",
      "observer.Acknowledged",
    ]);
    expect((await explained("three")).slots[0]!.reason).to.include("Escalated once. Nobody has acknowledged it");
    // No event of the log came to prove it.
    expect(slots[0]!.reason).to.include("by the observer's own clock, which no event has confirmed, that passed at");
    expect(timeline[2]!.words).to.match(/^Missing .*: the counterpart did not come \(provisional: /);
  });

  it("is verified: history, and what was taken between its events, give what is there", async () => {
    const scratch = await openSqliteReadModelStore({ file: ":memory:", clock: to.clock });
    const { store, readModels } = to;
    const { differences, ...counted } = await verifyObserver(to.readModel(), { store, readModels, scratch });
    await scratch.close();
    expect(differences).to.deep.equal([]);
    expect(counted).to.include({ flags: 3, cases: 3 });
  });
});
