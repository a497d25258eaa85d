import { expect } from "chai";
import { ordering, OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { application, byAggregateId, Projection, Projects, Rollcall } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { until } from "../until.js";
import { Example } from "./example.js";

describe("what an application says of itself", () => {
  let to: Example;
  beforeEach(() => {
    to = new Example();
  });
  afterEach(() => to.close());

  it("says where every subscription stands, and that it is ready", async () => {
    const rollcall = await to.open();
    await rollcall.start();
    // The observer has recorded its definition by then.
    await until("it is ready", async () => (await to.ask(rollcall, "/ready")).status === 200);
    await to.place(rollcall, "o1");
    interface Status {
      readonly head: string;
      readonly storeId: string;
      readonly roles: readonly string[];
      readonly subscriptions: readonly { readonly name: string; readonly lag: { readonly events: number } }[];
    }
    let status!: Status;
    await until("everything has caught up", async () => {
      status = (await to.ask(rollcall, "/status")).body as unknown as Status;
      return status.head === "3" && status.subscriptions.every(({ lag }) => lag.events === 0);
    });
    expect(status.storeId).to.equal(await rollcall.store.storeId());
    expect(status.roles).to.deep.equal(["ordering", "billing", "projection", "observer", "notification", "http"]);
    const lag = { events: 0, more: false, seconds: 0 };
    expect(status.subscriptions).to.deep.equal([
      { name: "order-summary", kind: "projection", state: "live", position: "3", lag, version: 1 },
      { name: "order-to-cash", kind: "observer", state: "live", position: "3", lag, version: 1, uncorrelated: 0 },
      { name: "request-payment", kind: "reactor", state: "live", position: "2", lag, parked: 0 },
    ]);
  });

  it("tells the age of what is not handled by the application's clock", async () => {
    const clock = new ManualClock();
    const rollcall = await to.open({ roles: ["http"] }, { clock });
    await rollcall.start();
    await to.place(rollcall, "o1");
    await clock.advance(90_000);
    const { subscriptions } = (await to.ask(rollcall, "/status")).body as unknown as {
      subscriptions: { lag: object }[];
    };
    expect(subscriptions[0]!.lag).to.deep.equal({ events: 1, more: false, seconds: 90 });
  });

  it("answers while the event store does not, with what it knows and why that is not more", async () => {
    const store = new FaultyStore();
    const rollcall = await to.open({}, { store });
    await rollcall.start();
    await until("it is ready", async () => (await to.ask(rollcall, "/ready")).status === 200);
    store.goDown();
    await until("every subscription retries", async () => {
      const { subscriptions } = (await to.ask(rollcall, "/status")).body as unknown as {
        subscriptions: { state: string }[];
      };
      return subscriptions.every(({ state }) => state === "retrying");
    });
    const { status, body } = await to.ask(rollcall, "/status");
    expect(status).to.equal(200);
    expect(body).to.have.property("storeError").that.is.a("string");
    expect(body).not.to.have.any.keys("head", "storeId");
    const [first] = (body as unknown as { subscriptions: object[] }).subscriptions;
    expect(first).to.include.keys("name", "state", "error").and.not.include.keys("lag");
    const ready = (await to.ask(rollcall, "/ready")).body as unknown as { reasons: string[] };
    expect(ready.reasons[0]).to.match(/^The projection order-summary is retrying: /);
    store.comeBack();
    await until("it is ready again", async () => (await to.ask(rollcall, "/ready")).status === 200);
    expect((await to.ask(rollcall, "/status")).body)
      .to.include.keys("storeId")
      .and.not.include.keys("storeError");
  });

  it("does not wait for an event store that says nothing at all", async () => {
    const store = new FaultyStore();
    const clock = new ManualClock();
    const rollcall = await to.open({ roles: ["http"] }, { store, clock });
    await rollcall.start();
    store.head = () => new Promise(() => {});
    const asked = to.ask(rollcall, "/status");
    await until("it has asked", () => clock.sleeping > 0);
    await clock.advance(2_000);
    expect((await asked).body).to.include({ storeError: "The event store did not answer for 2000 ms." });
  });

  it("is not ready before it is built, nor when something stopped, and says why", async () => {
    const reader = await to.open({ ...to.shared(), roles: ["http"] });
    await reader.start();
    expect(await to.ask(reader, "/ready")).to.deep.equal({
      status: 503,
      body: {
        ready: false,
        reasons: [
          "The read model order-summary has not been built yet.",
          "The read model order-to-cash has not been built yet.",
        ],
      },
    });
    const worker = await to.open(to.shared());
    await worker.start();
    await until("it is ready", async () => (await to.ask(worker, "/ready")).status === 200);
    expect((await to.ask(reader, "/ready")).status).to.equal(200);

    const data = { total: 1, currency: "EUR" };
    const metadata = { $correlationId: "c", schemaVersion: 99 };
    await worker.store.append("order-new", [{ id: "1", type: "ordering.OrderPlaced", data, metadata }], {
      expectedRevision: "no_stream",
    });
    await until("it has stopped", async () => (await to.ask(worker, "/ready")).status === 503);
    let reasons: readonly string[] = [];
    await until("both have stopped", async () => {
      ({ reasons } = (await to.ask(worker, "/ready")).body as unknown as { reasons: readonly string[] });
      return reasons.length === 2;
    });
    expect(reasons[0]).to.match(/^The projection order-summary is stopped: order-new, revision 0: .*version 99/);
    expect(reasons[1]).to.match(/^The reactor request-payment is stopped: order-new, revision 0: .*version 99/);
    const { body } = await to.ask(worker, "/status");
    const { subscriptions } = body as unknown as { subscriptions: { name: string; error?: string; state: string }[] };
    expect(subscriptions[0]!.error).to.equal(reasons[0]!.replace(/^The projection order-summary is stopped: /, ""));
    expect(subscriptions[1]).to.include({ name: "order-to-cash", state: "live" });
  });

  it("stays ready while the rows that other processes keep are behind, which the status tells", async () => {
    const reader = await to.open({ ...to.shared(), roles: ["ordering", "http"] });
    const worker = await to.open({ ...to.shared(), roles: ["projection", "observer"] });
    await Promise.all([reader.start(), worker.start()]);
    const readyAt = async () => (await to.ask(reader, "/ready")).status;
    await until("every read model is built", async () => (await readyAt()) === 200);
    await worker.stop();
    await to.place(reader, "o1");
    const { subscriptions } = (await to.ask(reader, "/status")).body as unknown as {
      subscriptions: { name: string; lag: { events: number } }[];
    };
    expect(subscriptions[0]!.name).to.equal("order-summary");
    expect(subscriptions[0]!.lag.events).to.equal(1);
    expect(await readyAt()).to.equal(200);
  });

  it("counts rows that stand still, which can be asked for", async () => {
    @Projection<{ readonly total: number }>({ name: "totals", version: 1, key: byAggregateId, onFailure: "park-row" })
    class Totals {
      @Projects(OrderPlaced)
      placed({ total }: OrderPlaced, _?: { readonly total: number }): { readonly total: number } {
        if (total === 13) throw new RangeError("13 is no total");
        return { total };
      }
    }
    const definition = application({ domains: [ordering], projections: [Totals] });
    const rollcall = await Rollcall.open(definition, { ...to.shared(), http: { host: "127.0.0.1", port: 0 } });
    try {
      await rollcall.start();
      for (const [aggregateId, total] of [
        ["good", 1],
        ["bad", 13],
      ] as const)
        await rollcall.dispatch(PlaceOrder.of({ aggregateId, total, currency: "EUR" }));
      await until("one stands still", async () => {
        const { subscriptions } = (await to.ask(rollcall, "/status")).body as unknown as { subscriptions: object[] };
        return (subscriptions[0] as { parkedRows?: number }).parkedRows === 1;
      });
      const { body } = await to.ask(rollcall, "/read-models/totals?$state=parked");
      const error = "RangeError: 13 is no total";
      const failure = { position: "2", type: "ordering.OrderPlaced", error };
      expect(body["items"]).to.deep.equal([{ key: "bad", $state: "parked", $failure: failure }]);
    } finally {
      await rollcall.stop();
    }
  });

  it("runs in each process the roles of that process, and the others elsewhere", async () => {
    const web = await to.open({ ...to.shared(), roles: ["ordering", "http"] });
    const payer = await to.open({ ...to.shared(), roles: ["billing"] });
    await Promise.all([web.start(), payer.start()]);
    expect(payer.url).to.equal(undefined);
    await to.place(web, "o1");
    await until("the order is paid", async () => (await web.store.head()) === 2n);
    const { body } = await to.ask(web, "/status");
    const { subscriptions, roles } = body as unknown as {
      subscriptions: { state: string; position?: string }[];
      roles: readonly string[];
    };
    expect(roles).to.deep.equal(["ordering", "http"]);
    expect(subscriptions.map(({ state }) => state)).to.deep.equal(["elsewhere", "elsewhere", "elsewhere"]);
    await until("the checkpoint is saved", async () => {
      const checkpoint = await web.readModels.loadCheckpoint("reactor:request-payment");
      return checkpoint?.position === 1n;
    });
    for (const name of ["order-summary", "order-to-cash"])
      expect(await web.readModels.activeGeneration(name), `${name} is nobody's role`).to.equal(undefined);

    const rows = await to.open({ ...to.shared(), roles: ["projection", "observer"] });
    await rows.start();
    await until("the rows are there", async () => {
      const found = await web.readModels.findRows("order-summary@1", { limit: 1 }).catch(() => undefined);
      return found?.rows.length === 1;
    });
    expect(to.gateway.requests).to.have.length(1);
  });
});
