import { expect } from "chai";
import { Divergence, HistoryTruncated, MemoryEventStore, type AlarmData } from "../../src/index.js";
import { closeAll, storeOf } from "../store/eventstoredb/stores.js";
import { truncate } from "../store/eventstoredb/correlation-server.js";
import { TestServer } from "../eventstore/server.js";
import { Judged, minute, observing, payment } from "./judging.js";
import { TruncatedStore } from "./truncated-store.js";
import { Watching, withinMs } from "./watching.js";

describe("the rebuild of an observer", () => {
  let log: Judged;
  afterEach(() => log.close());

  /** One order paid in time, by a payment that is told of again; one never. Then time goes on. */
  async function history(): Promise<void> {
    await log.record("Ordered", "paid");
    await log.record("Ordered", "unpaid");
    await log.pass(minute);
    await log.record("Paid", "paid", "payment-paid");
    await log.pass(10 * minute);
    await log.record("Paid", "paid", "payment-paid");
    await log.pass(10 * minute);
    await log.record("Ordered", "later");
    await log.rebuilt(observing({ payment: payment() }));
  }

  describe("whose history gives what it gave,", () => {
    beforeEach(async () => {
      log = await Judged.open();
      await history();
    });

    it("takes the place of what served, and records nothing twice", async () => {
      const before = await log.serving();
      expect(await log.flags()).to.deep.equal(["Missing unpaid"]);
      await log.rebuilt(observing({ payment: payment() }));
      expect(await log.serving()).to.not.equal(before);
      expect(await log.flags()).to.deep.equal(["Missing unpaid"]);
      expect(await log.alarms()).to.deep.equal([]);
    });

    it("records what it derives beyond what served", async () => {
      await log.pass(20 * minute);
      await log.record("Ordered", "last");
      await log.rebuilt(observing({ payment: payment() }));
      expect(await log.flags()).to.deep.equal(["Missing unpaid", "Missing later"]);
    });

    it("records all under a definition of its own, whose history was not judged", async () => {
      await log.rebuilt(observing({ payment: payment(() => true) }, { version: 2, applyTo: "all" }));
      expect(await log.flags()).to.deep.equal(["Missing unpaid", "Missing unpaid"]);
    });
  });

  describe("of which the beginning of a stream is gone,", () => {
    let left: TruncatedStore;
    beforeEach(async () => {
      log = await Judged.open((clock) => (left = new TruncatedStore(new MemoryEventStore({ clock }))));
      await history();
    });

    it("is refused when it would flag what was done, and what serves stays", async () => {
      left.truncate("payment-paid", 1n);
      const before = await log.serving();
      const error = await log.refused(observing({ payment: payment() }));
      expect(error).to.be.instanceOf(HistoryTruncated);
      expect(error).to.deep.include({
        code: "HISTORY_TRUNCATED",
        observer: "orders",
        caseKey: "paid",
        streamName: "payment-paid",
        firstRevision: 1n,
      });
      expect(error.message).to.match(/payment-paid begins at revision 1.*Nothing was appended.*restore the stream/);
      expect(await log.serving()).to.equal(before);
      expect((await log.cases())["paid"]!.status).to.equal("settled");
      expect(await log.flags()).to.deep.equal(["Missing unpaid"]);
    });

    it("raises an alarm, once however often it is tried", async () => {
      left.truncate("payment-paid", 1n);
      for (let i = 0; i < 3; i++) await log.refused(observing({ payment: payment() }));
      const [alarm, ...others] = await log.alarms();
      expect(others).to.deep.equal([]);
      expect(alarm!.type).to.equal("observer.HistoryTruncated");
      expect(alarm!.streamName).to.match(/^rollcall\.alarms-orders-[\da-f]{12}$/);
      expect(alarm!.correlationId).to.equal("paid");
      const data = alarm!.data as AlarmData;
      expect(data).to.include({ observer: "orders", version: 1, case: "paid", slot: "payment", kind: "Missing" });
      expect(data).to.include({ streamName: "payment-paid" });
      expect(alarm!.streamName).to.equal(`rollcall.alarms-orders-${data.definition.slice(0, 12)}`);
      expect(data.detail).to.include("begins at revision 1");
    });

    it("goes on when what is left gives the same", async () => {
      left.truncate("payment-other", 1n);
      await log.rebuilt(observing({ payment: payment() }));
      expect(await log.flags()).to.deep.equal(["Missing unpaid"]);
    });
  });

  describe("whose predicate has become another,", () => {
    /** Payments with this number do not belong to their order. */
    let foreign = 0;
    const observer = () => observing({ payment: payment((_, { n }) => n !== foreign) });
    beforeEach(async () => {
      log = await Judged.open();
      foreign = 0;
      await log.record("Ordered", "late");
      await log.record("Ordered", "paid");
      await log.pass(minute);
      await log.record("Paid", "paid", "order-paid", { n: 1 });
      await log.pass(10 * minute);
      await log.record("Paid", "late", "order-late", { n: 2 });
      await log.rebuilt(observer());
      await log.pass(minute);
      await log.record("Ordered", "next");
      await log.rebuilt(observer());
      expect(await log.flags()).to.deep.equal(["Missing late", "LateArrival late"]);
    });

    it("diverges where it derives a flag that is not recorded", async () => {
      foreign = 1;
      const before = await log.serving();
      const error = await log.refused(observer());
      expect(error).to.be.instanceOf(Divergence);
      expect((error as Divergence).foundId).to.equal("none");
      expect(await log.serving()).to.equal(before);
      expect(await log.flags()).to.deep.equal(["Missing late", "LateArrival late"]);
      expect((await log.alarms()).map(({ type, data }) => [type, (data as AlarmData).case])).to.deep.equal([
        ["observer.Divergence", "paid"],
      ]);
    });

    it("diverges where less is derived of a case than is recorded", async () => {
      foreign = 2;
      const before = await log.serving();
      const error = await log.refused(observer());
      expect(error).to.be.instanceOf(Divergence);
      expect((error as Divergence).expectedId).to.include("history gives no more");
      expect(await log.serving()).to.equal(before);
      expect((await log.alarms()).map(({ data }) => (data as AlarmData).kind)).to.deep.equal(["LateArrival"]);
    });
  });

  it("is not held to what served of another log", async () => {
    log = await Judged.open();
    await history();
    log.store = new MemoryEventStore({ clock: log.clock });
    await log.record("Ordered", "new");
    await log.pass(20 * minute);
    for (let i = 0; i < 9; i++) await log.record("Ordered", `other-${i}`);
    await log.rebuilt(observing({ payment: payment() }));
    expect(await log.flags()).to.deep.equal(["Missing new"]);
  });

  it("names the stream that an EventStoreDB has truncated", async () => {
    const server = await TestServer.start();
    try {
      const store = storeOf({ connectionString: server.connectionString });
      const left = new TruncatedStore(store);
      log = await Judged.open(() => left);
      const brief = () => ({ payment: payment(undefined, { milliseconds: 50 }) });
      await log.record("Ordered", "one");
      await log.record("Paid", "one", "payment-one");
      await log.record("Paid", "one", "payment-one");
      await new Promise((passed) => setTimeout(passed, 100));
      await log.record("Ordered", "two");
      await log.rebuilt(observing(brief()));
      await truncate(store, "payment-one", 1);
      // Until a scavenge the log gives all of it.
      await log.rebuilt(observing(brief()));
      left.truncate("payment-one", 1n);
      await truncate(store, "payment-one", 2);
      left.truncate("payment-one", 2n);
      await log.record("Note", "one", "payment-one");
      const error = await log.refused(observing(brief()));
      expect(error).to.be.instanceOf(HistoryTruncated).and.include({ streamName: "payment-one", firstRevision: 2n });
      expect(await log.flags()).to.deep.equal([]);
    } finally {
      await closeAll();
      await server.remove();
    }
  });
});

describe("an observer that meets another flag in the place of its own", () => {
  it("stops, in sight, and an alarm is on record", async () => {
    const watching = await Watching.open();
    try {
      const watched = watching.start();
      await watching.isLive(watched);
      const { hash } = (watched.processor.subscriber as unknown as { readModel: { definition: { hash: string } } })
        .readModel.definition;
      const streamName = `rollcall.flags-order-watch-${hash.slice(0, 12)}-one`;
      await watching.store.inner.append(
        streamName,
        [{ id: "0b0e6f1c-1c7c-4a7e-8d5c-2d8e6a4f0001", type: "observer.Missing", data: { case: "one" } }],
        { expectedRevision: "no_stream" },
      );
      await watching.record("Ordered", "one");
      await watching.pass(withinMs + 500);
      while (watched.state !== "stopped") await watching.pass(500);
      expect(watched.error).to.be.instanceOf(Divergence);
      const alarms = [];
      for await (const page of watching.store.inner.readStream(`rollcall.alarms-order-watch-${hash.slice(0, 12)}`))
        alarms.push(...page);
      expect(alarms.map(({ type, data }) => [type, data])).to.deep.equal([
        [
          "observer.Divergence",
          {
            observer: "order-watch",
            version: 1,
            definition: hash,
            case: "one",
            slot: "payment",
            kind: "Missing",
            flagId: (watched.error as Divergence).expectedId,
            streamName,
            detail: watched.error!.message,
          },
        ],
      ]);
    } finally {
      await watching.close();
    }
  });
});
