/** What an observer expects, how it fares, and that somebody has seen what is amiss, over HTTP. */

import { expect } from "chai";
import request from "supertest";
import { randomId } from "../../src/message/index.js";
import { whenever } from "../../src/observer/index.js";
import { rebuild } from "../../src/projection/index.js";
import { createApi } from "../../src/query/index.js";
import { observing } from "../observer/judging.js";
import { openShop, type Shop } from "./shop.js";

const minute = 60_000;

describe("An observer over HTTP", () => {
  let shop: Shop;
  const get = (path: string) => request(createApi(shop)).get(path);
  const post = (path: string, body: object) => request(createApi(shop)).post(path).send(body);
  const append = async (streamName: string, type: string, correlationId: string, data: object = {}) => {
    const event = { id: randomId(), type, data, metadata: { $correlationId: correlationId, schemaVersion: 2 } };
    await shop.store.append(streamName, [event], { expectedRevision: "any" });
    return event.id;
  };

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.close());

  it("says in words, and as terms, what it expects", async () => {
    const { status, body } = await get("/observers/payments");
    expect(status).to.equal(200);
    expect(body).to.deep.include({
      name: "payments",
      version: 3,
      applyTo: "new",
      rules: ["paid: whenever shop.OrderPlaced expect billing.PaymentTaken within 15 min"],
      terms: [],
      timeBase: "recorded",
      versions: [],
    });
    expect(body.slots).to.deep.equal([
      {
        name: "paid",
        trigger: ["shop.OrderPlaced"],
        counterpart: ["billing.PaymentTaken"],
        unless: [],
        withinMs: 15 * minute,
        inWords: "whenever shop.OrderPlaced expect billing.PaymentTaken within 15 min",
      },
    ]);
    expect((await get("/observers/nobody")).status).to.equal(404);
  });

  it("tells whom an expectation concerns, and which versions are on record", async () => {
    const concerned = whenever("a")
      .expect("b")
      .within({ hours: 1 })
      .owner("crew")
      .severity("critical")
      .runbook("https://x");
    const observer = observing({ concerned });
    shop = { ...shop, observers: [observer] };
    const defined = { observer: "orders", version: 1, hash: observer.definition.hash, applyTo: "new", terms: {} };
    await append("rollcall.observers-orders", "observer.ObserverDefined", "none", defined);
    const { body } = await get("/observers/orders");
    expect(body.slots[0]).to.include({ owner: "crew", severity: "critical", runbook: "https://x" });
    expect(body.versions).to.deep.equal([
      {
        version: 1,
        hash: observer.definition.hash,
        applyTo: "new",
        position: "1",
        recordedAt: "2026-01-01T00:00:00.000Z",
      },
    ]);
  });

  describe("with cases", () => {
    beforeEach(async () => {
      await append("order-missing", "shop.OrderPlaced", "missing");
      await append("order-paid", "shop.OrderPlaced", "paid");
      await shop.clock.advance(minute);
      await append("payment-paid", "billing.PaymentTaken", "paid");
      await shop.clock.advance(24 * 60 * minute);
      await append("order-open", "shop.OrderPlaced", "open");
      await shop.observe();
    });
    const acknowledgement = "/observers/payments/cases/missing/acknowledgement";
    const acknowledged = async () => {
      const events = [];
      for await (const page of shop.store.readStream("rollcall.acknowledgements-payments-missing"))
        events.push(...page);
      return events;
    };

    it("shows how its slots fare, day by day, a page at a time", async () => {
      const { body } = await get("/observers/payments/statistics?slot=paid&limit=1");
      expect(body.items).to.have.length(1);
      const [{ p50Ms, p95Ms, ...first }] = body.items;
      const none = { open: 0, met: 0, late: 0, missing: 0, waived: 0, orphaned: 0 };
      expect(first).to.deep.equal({ ...none, slot: "paid", day: "2026-01-01", started: 2, met: 1, missing: 1 });
      for (const ms of [p50Ms, p95Ms]) expect(ms).to.be.closeTo(minute, 0.03 * minute);
      const next = await get(`/observers/payments/statistics?slot=paid&limit=1&cursor=${body.nextCursor}`);
      expect(next.body.items).to.deep.equal([{ ...none, slot: "paid", day: "2026-01-02", started: 1, open: 1 }]);
      expect(next.body).to.not.have.property("nextCursor");
      expect((await get("/observers/payments/statistics")).body.items).to.have.length(2);
      const refused = await get("/observers/payments/statistics?slot=pay");
      expect(refused.status).to.equal(400);
      expect(refused.body.detail).to.include("It has: paid.");
    });

    it("takes an acknowledgement, once, and says what it stops", async () => {
      const said = await post(acknowledgement, { by: "ada", note: "on it" });
      expect(said.status).to.equal(201);
      expect(said.body).to.deep.equal({
        observer: "payments",
        case: "missing",
        slots: ["paid"],
        streamName: "rollcall.acknowledgements-payments-missing",
        duplicate: false,
        stops: "escalation",
        href: "/observers/payments/cases/missing",
      });
      const again = await post(acknowledgement, { by: "ada", note: "on it" });
      expect([again.status, again.body.duplicate]).to.deep.equal([200, true]);
      const [event, ...others] = await acknowledged();
      expect(others).to.deep.equal([]);
      expect(event).to.deep.include({ type: "observer.Acknowledged", correlationId: "missing" });
      expect(event!.data).to.deep.equal({ observer: "payments", case: "missing", by: "ada", note: "on it" });
      await shop.observe();
      expect((await post(acknowledgement, { by: "bob" })).status).to.equal(200);
      const { body } = await get("/observers/payments/cases/missing");
      expect(body.acknowledged).to.include({ by: "ada", note: "on it" });
      expect(body.slots[0].reason).to.include('Acknowledged by ada at 2026-01-02 00:01:00.000Z: "on it"');
      expect(await acknowledged()).to.have.length(1);
    });

    it("refuses to acknowledge what is not amiss, saying what it is, and what is no case", async () => {
      const settled = await post("/observers/payments/cases/paid/acknowledgement", { by: "ada" });
      expect([settled.status, settled.body.code]).to.deep.equal([409, "NOTHING_AMISS"]);
      expect(settled.body.detail).to.include("it is settled, paid is MET");
      const slot = await post(acknowledgement, { by: "ada", slot: "shipped" });
      expect([slot.status, slot.body.code]).to.deep.equal([409, "NOTHING_AMISS"]);
      expect(slot.body.detail).to.include("but of: paid");
      const nobody = await post("/observers/payments/cases/nobody/acknowledgement", { by: "ada" });
      expect([nobody.status, nobody.body.code]).to.deep.equal([404, "UNKNOWN_CASE"]);
      expect(await acknowledged()).to.deep.equal([]);
    });

    it("lists every violation of an acknowledgement", async () => {
      const { status, body } = await post(acknowledgement, { note: "", who: "ada" });
      expect([status, body.code]).to.deep.equal([422, "INVALID_COMMAND"]);
      expect(body.violations.map(({ pointer }: { pointer: string }) => pointer)).to.deep.equal([
        "/note",
        "/who",
        "/by",
      ]);
      expect((await request(createApi(shop)).get(acknowledgement)).status).to.equal(405);
    });
  });

  it("finds a case by an alias of its key", async () => {
    const shipped = whenever("parcel.Packed").expect("parcel.Delivered").within({ hours: 1 });
    const observer = observing(
      { shipped },
      {
        keys: {
          "parcel.Packed": { key: "data.order", alias: "data.parcel" },
          "parcel.Delivered": { via: "data.parcel" },
        },
      },
    );
    shop = { ...shop, observers: [observer] };
    await append("parcel-7", "parcel.Packed", "x", { order: "order-1", parcel: "parcel-7" });
    await append("parcel-7", "parcel.Delivered", "y", { parcel: "parcel-7" });
    await rebuild(observer, { ...shop, holder: "test" });
    const { status, body } = await get("/observers/orders/cases/parcel-7");
    expect(status).to.equal(200);
    expect(body).to.include({ alias: "parcel-7", case: "order-1", status: "settled" });
    expect(body, "nothing else is joined by that key").not.to.have.property("timeline");
    expect(body.slots[0].reason).to.match(
      /^MET: parcel\.Packed at .* opened it; parcel\.Delivered came at .*, by the deadline/,
    );
  });
});
