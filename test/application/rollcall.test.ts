import { expect } from "chai";
import { RecordPayment } from "../../domains/billing/index.js";
import { ordering, OrderPlaced } from "../../domains/ordering/index.js";
import {
  application,
  CommandRejected,
  InvalidConfiguration,
  Projection,
  Projects,
  Rollcall,
  StoreClosed,
  UnknownReadModel,
  type ParkedEvent,
  type RecordedEvent,
} from "../../src/index.js";
import { Gate } from "../reactor/charging.js";
import { until } from "../until.js";
import { Example, Gateway } from "./example.js";
import { stopwatch } from "../stopwatch.js";

describe("a running application", () => {
  let to: Example;
  beforeEach(() => {
    to = new Example();
  });
  afterEach(() => to.close());

  it("carries the correlation id of a request through aggregate, reactor and next command to the read model", async () => {
    const rollcall = await to.open();
    await rollcall.start();
    const { status, body } = await to.ask(rollcall, "/commands/ordering.PlaceOrder", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-correlation-id": "journey-1",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      },
      body: JSON.stringify({ aggregateId: "o1", total: 12.5, currency: "EUR" }),
    });
    expect(status).to.equal(201);
    expect(body).to.include({ correlationId: "journey-1" });
    await until("it is paid", async () => (await to.summary(rollcall, "journey-1"))?.status === "paid");
    const events: RecordedEvent[] = [];
    for await (const page of rollcall.store.readCorrelation("journey-1")) events.push(...page);
    expect(events.map(({ type, streamName }) => `${streamName} ${type}`)).to.deep.equal([
      "order-o1 ordering.OrderPlaced",
      "payment-o1 billing.PaymentTaken",
    ]);
    const [placed, paid] = events;
    expect(paid!.causationId).to.equal(placed!.id);
    expect(paid!.traceparent).to.match(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(to.gateway.requests).to.have.length(1);
    await until("the case is settled", async () => {
      const found = await to.ask(rollcall, "/observers/order-to-cash/cases/journey-1");
      return found.status === 200 && (found.body as { status?: string }).status === "settled";
    });
  });

  it("says each change of state to whoever wants to know", async () => {
    const said: string[] = [];
    const rollcall = await to.open({}, { onChange: ({ name, state }) => said.push(`${name} ${state}`) });
    await rollcall.start();
    await until("all are live", () => said.filter((each) => each.endsWith(" live")).length === 3);
    await rollcall.stop();
    for (const name of ["read-model:order-summary@1", "read-model:order-to-cash", "reactor:request-payment"])
      expect(said.filter((each) => each.startsWith(name))).to.deep.equal([
        `${name} catching-up`,
        `${name} live`,
        `${name} idle`,
      ]);
  });

  it("runs on although whoever is told of its states throws", async () => {
    const errors: unknown[] = [];
    const onChange = () => {
      throw new Error("the logger is full");
    };
    const rollcall = await to.open({}, { onChange, onError: (error) => errors.push(error) });
    await rollcall.start();
    await until("it is ready", async () => (await to.ask(rollcall, "/ready")).status === 200);
    await to.place(rollcall, "o1");
    await until("it is paid", async () => (await rollcall.store.head()) === 3n);
    await until("it is ready", async () => (await to.ask(rollcall, "/ready")).status === 200);
    expect(new Set(errors.map(String))).to.deep.equal(new Set(["Error: the logger is full"]));
  });

  it("tells of an event that a reactor has parked, and shows it", async () => {
    const told: ParkedEvent[] = [];
    to.gateway.request = () => Promise.reject(new CommandRejected("no such card"));
    const rollcall = await to.open({}, { onParked: (event) => told.push(event) });
    await rollcall.start();
    await to.place(rollcall, "o1");
    await until("it is told of", () => told.length === 1);
    expect(told[0]).to.include({ subscription: "reactor:request-payment", streamName: "order-o1" });
    expect((await to.ask(rollcall, "/reactors")).body).to.deep.equal({
      items: [{ name: "request-payment", parkedCount: 1, parked: "/reactors/request-payment/parked" }],
    });
    const { items } = (await to.ask(rollcall, "/reactors/request-payment/parked")).body as unknown as {
      items: object[];
    };
    expect(items[0]).to.include({ attempts: 1, error: "CommandRejected: no such card" });
  });

  it("shows an earlier version until its own has caught up, beside processes of that version", async () => {
    const build = (version: number) => {
      @Projection<{ n: number }>({ name: "counts", version, key: () => "all" })
      class Counts {
        @Projects(OrderPlaced)
        placed(_: OrderPlaced, row = { n: 0 }): { n: number } {
          return { n: row.n + version };
        }
      }
      return application({ domains: [ordering], projections: [Counts] });
    };
    const configuration = { ...to.shared(), http: { host: "127.0.0.1", port: 0 }, leaseTtlMs: 150 };
    const first = await Rollcall.open(build(1), configuration);
    await first.start();
    await to.place(first, "o1");
    await until("it is counted", async () => (await to.ask(first, "/read-models/counts/all")).status === 200);
    await first.stop();

    const gate = new Gate();
    const second = await Rollcall.open(build(2), configuration);
    const commit = second.readModels.commit.bind(second.readModels);
    second.readModels.commit = async (...args) => {
      await gate.opened;
      return commit(...args);
    };
    try {
      await second.start();
      const ready = () => to.ask(second, "/ready");
      await until("it is being built", async () => JSON.stringify(await ready()).includes("not caught up"));
      const ask = async (of: Rollcall) => (await to.ask(of, "/read-models/counts/all")).body as { n?: number };
      expect(await ask(second)).to.include({ n: 1 });
      const listed = (await to.ask(second, "/read-models")).body as unknown as { items: object[] };
      expect(listed.items[0]).to.include({ version: 2, servingVersion: 1 });
      gate.open();
      await until("it is ready", async () => (await ready()).status === 200);
      expect(await ask(second)).to.include({ n: 2 });
      const old = await Rollcall.open(build(1), configuration);
      try {
        await old.start();
        await until("it is ready", async () => (await to.ask(old, "/ready")).status === 200);
        await to.place(second, "o2");
        await until("the new one counts on", async () => (await ask(second)).n === 4);
        await until("the old one counts on", async () => (await ask(old)).n === 2);
      } finally {
        await old.stop();
      }
    } finally {
      await second.stop();
    }
  });

  it("can be stopped before it was started, twice, and at the same time", async () => {
    const unstarted = await to.open(to.shared());
    await unstarted.stop();
    await unstarted.stop();
    const rollcall = await to.open(to.shared());
    await rollcall.start();
    const { url } = rollcall;
    await Promise.all([rollcall.stop(), rollcall.stop()]);
    await rollcall.stop();
    expect(await fetch(`${url}/live`).catch(() => "refused")).to.equal("refused");
    const late = to.place(rollcall, "o1");
    expect(await late.catch((error: unknown) => error)).to.be.instanceOf(StoreClosed);
  });

  it("loses nothing when it is stopped while a payment is under way: the next start takes it once", async () => {
    const gate = new Gate();
    to.gateway = new Gateway(gate);
    const first = await to.open(to.shared());
    await first.start();
    await to.place(first, "o1");
    await until("the payment is under way", () => to.gateway.requests.length === 1);
    const tookMs = stopwatch();
    await first.stop();
    expect(tookMs()).to.be.below(3_000);
    gate.open();
    const second = await to.open(to.shared());
    await second.start();
    await until("it is paid", async () => (await second.store.head()) === 2n);
    expect(to.gateway.requests.map(({ idempotencyKey }) => idempotencyKey)).to.deep.equal([
      to.gateway.requests[0]!.idempotencyKey,
      to.gateway.requests[0]!.idempotencyKey,
    ]);
    const later = await second.dispatch(RecordPayment.of({ aggregateId: "o1", paymentId: "pay-o1", amount: 5 }));
    expect(later.eventTypes, "the payment was recorded before").to.deep.equal([]);
  });

  it("listens no more when it is stopped before it does", async () => {
    const rollcall = await to.open();
    const starting = rollcall.start();
    await rollcall.stop();
    await starting;
    expect(rollcall.url).to.equal(undefined);
  });

  it("says clearly that its port is in use, and keeps no store locked afterwards", async () => {
    const first = await to.open();
    await first.start();
    const port = Number(new URL(first.url!).port);
    const second = await to.open({ ...to.shared(), http: { host: "127.0.0.1", port } });
    const error = (await second.start().catch((thrown: unknown) => thrown)) as InvalidConfiguration;
    expect(error).to.be.instanceOf(InvalidConfiguration);
    expect(error.problems[0]).to.match(
      new RegExp(`^The HTTP server cannot listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE.*Choose another`),
    );
    await second.stop();
    const third = await to.open(to.shared());
    await third.start();
    // At once: its leases were given back.
    await until("it is live", async () => (await to.ask(third, "/ready")).status === 200, 4_000);
  });

  it("rebuilds by name, and knows every name", async () => {
    const rollcall = await to.open();
    await rollcall.start();
    await to.place(rollcall, "o1");
    await until("it is paid", async () => (await rollcall.store.head()) === 2n);
    expect(rollcall.readModelNames).to.deep.equal(["order-summary", "order-to-cash"]);
    const before = await rollcall.readModels.activeGeneration("order-to-cash");
    expect(await rollcall.rebuild("order-to-cash")).to.include({ name: "order-to-cash", events: 3, activated: true });
    expect((await rollcall.readModels.activeGeneration("order-to-cash"))!.id).to.not.equal(before!.id);
    const unknown = rollcall.rebuild("request-payment");
    expect(await unknown.catch((error: unknown) => error)).to.be.instanceOf(UnknownReadModel);
    expect(((await unknown.catch((error: unknown) => error)) as Error).message).to.equal(
      "There is no read model request-payment. Known: order-summary, order-to-cash.",
    );
  });
});
