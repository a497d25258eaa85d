import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  billing,
  PaymentGateway,
  RecordPayment,
  type PaymentAnswer,
  type PaymentRequest,
} from "../../domains/billing/index.js";
import { ordering, PlaceOrder } from "../../domains/ordering/index.js";
import { OrderSummaryProjection, type OrderSummary } from "../../projections/order-summary.js";
import { OrderToCash } from "../../projections/order-to-cash.js";
import {
  application,
  InvalidConfiguration,
  Rollcall,
  StoreClosed,
  UnknownReadModel,
  type Configuration,
  type RecordedEvent,
  type RollcallOptions,
} from "../../src/index.js";
import { Gate } from "../reactor/charging.js";
import { until } from "../until.js";

/** Pays everything, after the gate was opened. */
class Gateway implements PaymentGateway {
  readonly requests: PaymentRequest[] = [];
  constructor(private readonly gate?: Gate) {}

  async request(request: PaymentRequest): Promise<PaymentAnswer> {
    this.requests.push(request);
    await this.gate?.opened;
    if (request.orderId.startsWith("poison")) throw new Error("the provider is gone");
    return { captures: [{ paymentId: `pay-${request.orderId}`, amount: request.amount }] };
  }
}

describe("a running application", () => {
  const running: Rollcall[] = [];
  let folder = "";
  let gateway: Gateway;

  const definition = () =>
    application({
      domains: [ordering, billing],
      projections: [OrderSummaryProjection],
      observers: [OrderToCash],
      bindings: (container) => void container.bind(PaymentGateway).toConstantValue(gateway),
    });
  const open = async (configuration: Partial<Configuration> = {}, options: RollcallOptions = {}) => {
    const http = { host: "127.0.0.1", port: 0 };
    const rollcall = await Rollcall.open(
      definition(),
      { store: "memory:", readModels: ":memory:", http, ...configuration },
      options,
    );
    running.push(rollcall);
    return rollcall;
  };
  const shared = () => ({ store: join(folder, "log.sqlite"), readModels: join(folder, "read-models.sqlite") });
  const place = (rollcall: Rollcall, aggregateId: string) =>
    rollcall.dispatch(PlaceOrder.of({ aggregateId, total: 5, currency: "EUR" }));
  const ask = async (rollcall: Rollcall, path: string, init?: RequestInit) => {
    const response = await fetch(`${rollcall.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };
  const summary = (rollcall: Rollcall, id: string) =>
    rollcall.readModels.findRow("order-summary", id) as Promise<OrderSummary | undefined>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-application-"));
    gateway = new Gateway();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((rollcall) => rollcall.stop()));
    rmSync(folder, { recursive: true });
  });

  it("carries the correlation id of a request through aggregate, reactor and next command to the read model", async () => {
    const rollcall = await open();
    await rollcall.start();
    const { status, body } = await ask(rollcall, "/commands/ordering.PlaceOrder", {
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
    await until("it is paid", async () => (await summary(rollcall, "journey-1"))?.status === "paid");
    const events: RecordedEvent[] = [];
    for await (const page of rollcall.store.readCorrelation("journey-1")) events.push(...page);
    expect(events.map(({ type, streamName }) => `${streamName} ${type}`)).to.deep.equal([
      "order-o1 ordering.OrderPlaced",
      "payment-o1 billing.PaymentTaken",
    ]);
    const [placed, paid] = events;
    expect(paid!.causationId).to.equal(placed!.id);
    expect(paid!.traceparent).to.match(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(gateway.requests).to.have.length(1);
    await until("the case is settled", async () => {
      const found = await ask(rollcall, "/observers/order-to-cash/cases/journey-1");
      return found.status === 200 && (found.body as { status?: string }).status === "settled";
    });
  });

  it("says where every subscription stands, and that it is ready", async () => {
    const rollcall = await open();
    await rollcall.start();
    await place(rollcall, "o1");
    await until("it is ready", async () => (await ask(rollcall, "/ready")).status === 200);
    interface Status {
      readonly head: string;
      readonly storeId: string;
      readonly roles: readonly string[];
      readonly subscriptions: readonly { readonly name: string; readonly lag: { readonly events: number } }[];
    }
    let status!: Status;
    await until("everything has caught up", async () => {
      status = (await ask(rollcall, "/status")).body as unknown as Status;
      return status.head === "2" && status.subscriptions.every(({ lag }) => lag.events === 0);
    });
    expect(status.storeId).to.equal(await rollcall.store.storeId());
    expect(status.roles).to.deep.equal(["ordering", "billing", "projection", "observer", "http"]);
    const lag = { events: 0, more: false, seconds: 0 };
    expect(status.subscriptions).to.deep.equal([
      { name: "order-summary", kind: "projection", state: "live", position: "2", lag, version: 1 },
      { name: "order-to-cash", kind: "observer", state: "live", position: "2", lag, version: 1, uncorrelated: 0 },
      { name: "request-payment", kind: "reactor", state: "live", position: "1", lag, parked: 0 },
    ]);
  });

  it("is not ready before it is built, nor when something stopped, and says why", async () => {
    const reader = await open({ ...shared(), roles: ["http"] });
    await reader.start();
    expect(await ask(reader, "/ready")).to.deep.equal({
      status: 503,
      body: {
        ready: false,
        reasons: [
          "The read model order-summary has not been built yet.",
          "The read model order-to-cash has not been built yet.",
        ],
      },
    });
    const worker = await open(shared());
    await worker.start();
    await until("it is ready", async () => (await ask(worker, "/ready")).status === 200);
    expect((await ask(reader, "/ready")).status).to.equal(200);

    const data = { total: 1, currency: "EUR" };
    const metadata = { $correlationId: "c", schemaVersion: 99 };
    await worker.store.append("order-new", [{ id: "1", type: "ordering.OrderPlaced", data, metadata }], {
      expectedRevision: "no_stream",
    });
    await until("it has stopped", async () => (await ask(worker, "/ready")).status === 503);
    let reasons: readonly string[] = [];
    await until("both have stopped", async () => {
      ({ reasons } = (await ask(worker, "/ready")).body as unknown as { reasons: readonly string[] });
      return reasons.length === 2;
    });
    expect(reasons[0]).to.match(/^The projection order-summary is stopped: order-summary: could not handle .*version 99/);
    expect(reasons[1]).to.match(/^The reactor request-payment is stopped: order-new, revision 0: .*version 99/);
    const { body } = await ask(worker, "/status");
    const { subscriptions } = body as unknown as { subscriptions: { name: string; error?: string; state: string }[] };
    expect(subscriptions[0]!.error).to.equal(reasons[0]!.replace(/^The projection order-summary is stopped: /, ""));
    expect(subscriptions[1]).to.include({ name: "order-to-cash", state: "live" });
  });

  it("runs in each process the roles of that process, and the others elsewhere", async () => {
    const web = await open({ ...shared(), roles: ["ordering", "http"] });
    const payer = await open({ ...shared(), roles: ["billing"] });
    await Promise.all([web.start(), payer.start()]);
    expect(payer.url).to.equal(undefined);
    await place(web, "o1");
    await until("the order is paid", async () => (await web.store.head()) === 2n);
    const { body } = await ask(web, "/status");
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

    const rows = await open({ ...shared(), roles: ["projection", "observer"] });
    await rows.start();
    await until("the rows are there", async () => {
      const found = await web.readModels.findRows("order-summary", { limit: 1 }).catch(() => undefined);
      return found?.rows.length === 1;
    });
    expect(gateway.requests).to.have.length(1);
  });

  it("says each change of state to whoever wants to know", async () => {
    const said: string[] = [];
    const rollcall = await open({}, { onChange: ({ name, state }) => said.push(`${name} ${state}`) });
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
    const unstarted = await open(shared());
    await unstarted.stop();
    await unstarted.stop();
    const rollcall = await open(shared());
    await rollcall.start();
    const { url } = rollcall;
    await Promise.all([rollcall.stop(), rollcall.stop()]);
    await rollcall.stop();
    expect(await fetch(`${url}/live`).catch(() => "refused")).to.equal("refused");
    const late = place(rollcall, "o1");
    expect(await late.catch((error: unknown) => error)).to.be.instanceOf(StoreClosed);
  });

  it("loses nothing when it is stopped while a payment is under way: the next start takes it once", async () => {
    const gate = new Gate();
    gateway = new Gateway(gate);
    const first = await open(shared());
    await first.start();
    await place(first, "o1");
    await until("the payment is under way", () => gateway.requests.length === 1);
    const since = performance.now();
    await first.stop();
    expect(performance.now() - since).to.be.below(3_000);
    gate.open();
    const second = await open(shared());
    await second.start();
    await until("it is paid", async () => (await second.store.head()) === 2n);
    expect(gateway.requests.map(({ idempotencyKey }) => idempotencyKey)).to.deep.equal([
      gateway.requests[0]!.idempotencyKey,
      gateway.requests[0]!.idempotencyKey,
    ]);
    const later = await second.dispatch(RecordPayment.of({ aggregateId: "o1", paymentId: "pay-o1", amount: 5 }));
    expect(later.eventTypes, "the payment was recorded before").to.deep.equal([]);
  });

  it("says clearly that its port is in use, and keeps no store locked afterwards", async () => {
    const first = await open();
    await first.start();
    const port = Number(new URL(first.url!).port);
    const second = await open({ ...shared(), http: { host: "127.0.0.1", port } });
    const error = (await second.start().catch((thrown: unknown) => thrown)) as InvalidConfiguration;
    expect(error).to.be.instanceOf(InvalidConfiguration);
    expect(error.problems[0]).to.match(
      new RegExp(`^The HTTP server cannot listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE.*Choose another`),
    );
    await second.stop();
    const third = await open(shared());
    await third.start();
    // At once: its leases were given back.
    await until("it is live", async () => (await ask(third, "/ready")).status === 200, 4_000);
  });

  it("rebuilds by name, and knows every name", async () => {
    const rollcall = await open();
    await rollcall.start();
    await place(rollcall, "o1");
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
