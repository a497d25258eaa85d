/** Observers over HTTP. */

import { expect } from "chai";
import request from "supertest";
import { randomId } from "../../src/message/index.js";
import { createApi } from "../../src/query/index.js";
import { openShop, type Shop } from "./shop.js";

const minute = 60_000;

describe("The observers of the HTTP API", () => {
  let shop: Shop;
  const get = (path: string) => request(createApi(shop)).get(path);
  const place = async (orderId: string, eventId = randomId()) => {
    const metadata = { $correlationId: orderId, schemaVersion: 2 };
    const placed = { id: eventId, type: "shop.OrderPlaced", data: { total: 1 }, metadata };
    await shop.store.append(`order-${orderId}`, [placed], { expectedRevision: "no_stream" });
  };
  const pay = (orderId: string, eventId = randomId()) =>
    shop.store.append(
      `payment-${orderId}`,
      [{ id: eventId, type: "billing.PaymentTaken", data: {}, metadata: { $correlationId: orderId } }],
      { expectedRevision: "no_stream" },
    );

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.close());

  it("lists them with the links to their cases", async () => {
    expect((await get("/observers")).body.items).to.deep.equal([
      {
        name: "payments",
        version: 3,
        href: "/observers/payments",
        cases: "/observers/payments/cases",
        statistics: "/observers/payments/statistics",
      },
    ]);
    await shop.observe();
    expect((await get("/observers")).body.items[0].servingVersion).to.equal(3);
  });

  describe("with cases", () => {
    const late = "late/1";
    const lateTrigger = randomId();
    const latePayment = randomId();
    beforeEach(async () => {
      await place(late, lateTrigger);
      await place("missing");
      await place("paid");
      await pay("paid");
      await shop.clock.advance(20 * minute);
      await pay(late, latePayment);
      await place("open");
      await shop.observe();
    });

    it("lists them by status, a page at a time", async () => {
      const idsAt = async (path: string) => (await get(path)).body.items.map((item: { case: string }) => item.case);
      expect(await idsAt("/observers/payments/cases")).to.deep.equal([late, "missing", "open", "paid"]);
      expect(await idsAt("/observers/payments/cases?status=flagged")).to.deep.equal(["missing"]);
      expect(await idsAt("/observers/payments/cases?status=open")).to.deep.equal(["open"]);
      expect(await idsAt("/observers/payments/cases?status=recovered")).to.deep.equal([late]);
      expect(await idsAt("/observers/payments/cases?status=settled")).to.deep.equal(["paid"]);
      const first = await get("/observers/payments/cases?limit=3");
      expect(first.headers["link"]).to.equal(
        `</observers/payments/cases?limit=3&cursor=${first.body.nextCursor}>; rel="next"`,
      );
      expect(await idsAt(`/observers/payments/cases?limit=3&cursor=${first.body.nextCursor}`)).to.deep.equal(["paid"]);
    });

    it("shows a case with its slots and the flags from the log", async () => {
      const { status, body } = await get("/observers/payments/cases/late%2F1");
      expect(status).to.equal(200);
      const deadline = "2026-01-01T00:15:00.000Z";
      const flags = body.flags as Record<string, unknown>[];
      const [{ reason }] = body.slots as [{ reason: string }];
      expect(reason).to.match(
        /^RECOVERED: shop\.OrderPlaced at 2026-01-01 00:00:00\.000Z .* opened it; billing\.PaymentTaken had to come by 2026-01-01 00:15:00\.000Z; billing\.PaymentTaken at .*00:20:00\.000Z \(event .*\) came 5 min late\.$/,
      );
      expect({ ...body, flags: undefined }).to.deep.equal({
        observer: "payments",
        case: late,
        status: "recovered",
        slots: [{ name: "paid", state: "RECOVERED", deadline, triggerId: lateTrigger, reason }],
        rules: ["paid: whenever shop.OrderPlaced expect billing.PaymentTaken within 15 min"],
        flagCount: 2,
        flags: undefined,
        timeline: "/correlations/late%2F1",
      });
      const [missing, arrival] = flags;
      expect(missing).to.include({ sequence: 0, kind: "Missing", slot: "paid", deadline, triggerId: lateTrigger });
      expect(missing).not.to.have.property("eventId");
      expect(arrival).to.include({ sequence: 1, kind: "LateArrival", eventId: latePayment });
      expect(arrival!["decidedAt"]).to.equal("2026-01-01T00:20:00.000Z");
      expect(flags).to.have.length(2);
    });

    it("says when an open case changes although no event comes", async () => {
      const { body } = await get("/observers/payments/cases/open");
      expect(body).to.include({ status: "open", due: "2026-01-01T00:35:00.000Z", flagCount: 0 });
      expect(body.flags).to.deep.equal([]);
    });

    it("refuses another status and names the four, and other parameters", async () => {
      const { status, body } = await get("/observers/payments/cases?status=fine");
      expect(status).to.equal(400);
      expect(body.detail).to.include("flagged, open, recovered, settled");
      expect((await get("/observers/payments/cases?dueMs=1")).status).to.equal(400);
      expect((await get("/observers/payments/cases?cursor=x")).status).to.equal(400);
    });

    it("answers 404 for an unknown observer and an unknown case", async () => {
      const unknown = await get("/observers/orders/cases");
      expect(unknown.status).to.equal(404);
      expect(unknown.body.detail).to.include("payments");
      const { status, body } = await get("/observers/payments/cases/nobody");
      expect([status, body.code]).to.deep.equal([404, "UNKNOWN_CASE"]);
    });
  });
});
