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

  it("says who has seen what, in the stream of the case, under its correlation id if that is its key", async () => {
    const recorded = async () => {
      const { type, streamName, data, correlationId } = (await log.events("rollcall.acknowledgements-")).at(-1)!;
      return { type, streamName, data, correlationId };
    };
    const result = await acknowledgeCase(log, observer.definition, { case: "one", by: "ada", note: "on it" });
    const streamName = "rollcall.acknowledgements-orders-one";
    expect(result).to.deep.equal({
      observer: "orders",
      case: "one",
      slots: ["payment", "shipment"],
      streamName,
      duplicate: false,
    });
    expect(await recorded()).to.deep.equal({
      type: "observer.Acknowledged",
      streamName,
      data: { observer: "orders", case: "one", by: "ada", note: "on it" },
      correlationId: "one",
    });
    const keyed = observing({ payment: payment() }, { name: "keyed", key: "stream.name" });
    await log.rebuilt(keyed);
    await acknowledgeCase(log, keyed.definition, { case: "order-one", slot: "payment", by: "bob" });
    expect(await recorded()).to.deep.equal({
      type: "observer.Acknowledged",
      streamName: "rollcall.acknowledgements-keyed-order-one",
      data: { observer: "keyed", case: "order-one", slot: "payment", by: "bob" },
      correlationId: undefined,
    });
  });

  it("counts for an orphan, and again for the next one", async () => {
    const orphans = observing({ payment: payment().orphanWithin({ minutes: 1 }).per("data.p") }, { name: "orphans" });
    const again = async (p: string) => {
      await log.record("Paid", "late", "payment-late", { p });
      await log.pass(2 * minute);
      await log.record("Ordered", "other");
      await log.rebuilt(orphans);
      return acknowledgeCase(log, orphans.definition, { case: "late", by: "ada" });
    };
    expect(await again("x")).to.deep.include({ slots: ["payment[x]"], duplicate: false });
    expect(await again("a")).to.deep.include({ slots: ["payment[a]", "payment[x]"], duplicate: false });
  });

  it("is refused, in words, where nothing is amiss", async () => {
    await log.record("Ordered", "two");
    await log.record("Ordered", "done");
    await log.record("Paid", "done");
    await log.rebuilt(observer);
    const refusal = (name: string, slot?: string, of = observer) =>
      acknowledgeCase(log, of.definition, { case: name, slot, by: "ada" }).then(
        () => expect.fail("it was recorded"),
        (error: { code: string; message: string }) => [error.code, error.message],
      );
    const amiss = (name: string, found: string, of = "orders") => [
      "NOTHING_AMISS",
      `${of}: case "${name}": expected something MISSING or ORPHAN to acknowledge, found: ${found}. Nothing was recorded.`,
    ];
    expect(await refusal("two")).to.deep.equal(amiss("two", "it is open, payment is OPEN, shipment is OPEN"));
    expect(await refusal("two", "shipment")).to.deep.equal(amiss("two", "shipment is OPEN"));
    expect(await refusal("one", "delivery")).to.deep.equal(
      amiss("one", 'nothing of a slot "delivery" in it, but of: payment, shipment'),
    );
    expect(await refusal("nobody")).to.deep.equal([
      "UNKNOWN_CASE",
      'orders has no case "nobody", and no case of which that is an alias.',
    ]);
    const closing = observing({ payment: payment() }, { name: "closing", closeAfter: { minutes: 1 } });
    await log.pass(2 * minute);
    await log.record("Ordered", "other");
    await log.rebuilt(closing);
    for (const slot of [undefined, "payment"])
      expect(await refusal("done", slot, closing)).to.deep.equal(amiss("done", "it is closed", "closing"));
    expect(await count()).to.equal(0);
  });
});
