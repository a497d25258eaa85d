import { expect } from "chai";
import { acknowledgeCase } from "../../src/index.js";
import { Judged, minute, observing, payment } from "./judging.js";

describe("an acknowledgement", () => {
  let log: Judged;
  const observer = observing({ payment: payment(), shipment: payment() });
  beforeEach(async () => {
    log = await Judged.open();
    await log.record("Ordered", "one");
    await log.pass(20 * minute);
    await log.record("Ordered", "other");
    await log.rebuilt(observer);
  });
  afterEach(() => log.close());
  const acknowledged = (slot?: string, by = "ada") =>
    acknowledgeCase(log, observer.definition, { case: "one", slot, by });
  const count = async () => (await log.events("rollcall.acknowledgements-")).length;

  it("counts once for what is amiss, whoever says it, and again for what goes amiss later", async () => {
    expect(await acknowledged("payment")).to.deep.include({ slots: ["payment"], duplicate: false });
    expect(await acknowledged("payment", "bob")).to.deep.include({ slots: ["payment"], duplicate: true });
    await log.rebuilt(observer);
    expect((await log.cases())["one"]!.slots["payment"]!.acknowledged).to.equal(true);
    expect((await acknowledged("payment")).duplicate).to.equal(true);
    expect(await count()).to.equal(1);
    expect(await acknowledged()).to.deep.include({ slots: ["payment", "shipment"], duplicate: false });
    expect(await acknowledged()).to.deep.include({ duplicate: true });
    expect(await count()).to.equal(2);
  });

  it("counts again when the same expectation goes amiss another time", async () => {
    const rounds = observing({ payment: payment().eachTime() }, { name: "rounds" });
    await log.rebuilt(rounds);
    const inRound = () => acknowledgeCase(log, rounds.definition, { case: "one", by: "ada" });
    expect((await inRound()).slots).to.deep.equal(["payment"]);
    await log.rebuilt(rounds);
    await log.record("Ordered", "one");
    await log.pass(20 * minute);
    await log.record("Ordered", "other");
    await log.rebuilt(rounds);
    expect(await inRound()).to.deep.include({ slots: ["payment", "payment#2"], duplicate: false });
    expect(await inRound()).to.deep.include({ duplicate: true });
    expect(await count()).to.equal(2);
  });

  it("is recorded at an explicit revision, one after the other", async () => {
    await Promise.all([acknowledged("payment"), acknowledged("shipment"), acknowledged("payment", "bob")]);
    const events = await log.events("rollcall.acknowledgements-");
    expect(events.map(({ revision }) => revision)).to.deep.equal([0n, 1n]);
    expect(events.every(({ correlationId }) => correlationId === "one")).to.equal(true);
  });
});
