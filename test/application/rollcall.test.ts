import { expect } from "chai";
import { RecordPayment } from "../../domains/billing/index.js";
import { InvalidConfiguration, StoreClosed, UnknownReadModel, type RecordedEvent } from "../../src/index.js";
import { Gate } from "../reactor/charging.js";
import { until } from "../until.js";
import { Example, Gateway } from "./example.js";

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
    for (const name of ["read-model:order-summary", "read-model:order-to-cash", "reactor:request-payment"])
      expect(said.filter((each) => each.startsWith(name))).to.deep.equal([
        `${name} catching-up`,
        `${name} live`,
        `${name} idle`,
      ]);
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
    const since = performance.now();
    await first.stop();
    expect(performance.now() - since).to.be.below(3_000);
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
    expect(await rollcall.rebuild("order-to-cash")).to.include({ name: "order-to-cash", events: 2, activated: true });
    expect((await rollcall.readModels.activeGeneration("order-to-cash"))!.id).to.not.equal(before!.id);
    const unknown = rollcall.rebuild("request-payment");
    expect(await unknown.catch((error: unknown) => error)).to.be.instanceOf(UnknownReadModel);
    expect(((await unknown.catch((error: unknown) => error)) as Error).message).to.equal(
      "There is no read model request-payment. Known: order-summary, order-to-cash.",
    );
  });
});
