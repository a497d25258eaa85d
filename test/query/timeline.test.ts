/** The timeline of a correlation id over HTTP. */

import { expect } from "chai";
import request from "supertest";
import { randomId, type EventMetadata } from "../../src/message/index.js";
import { createApi } from "../../src/query/index.js";
import { openShop, type Shop } from "./shop.js";

describe("The timeline of the HTTP API", () => {
  let shop: Shop;
  const get = (path: string) => request(createApi(shop)).get(path);
  const append = async (
    streamName: string,
    type: string,
    data: unknown,
    { contentType, ...metadata }: EventMetadata & { contentType?: string } = {},
  ) => {
    const id = randomId();
    const event = {
      id,
      type,
      data,
      metadata: { $correlationId: "one", ...metadata },
      ...(contentType && { contentType }),
    };
    await shop.store.append(streamName, [event], { expectedRevision: "any" });
    return id;
  };

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.close());

  it("shows the events of all domains in the order of the log, in their present shape", async () => {
    const placed = await append("order-1", "shop.OrderPlaced", { amount: "12" });
    await append("order-2", "shop.OrderPlaced", { amount: "13" }, { $correlationId: "other" });
    await shop.clock.advance(1_000);
    const paid = await append(
      "payment-1",
      "billing.PaymentTaken",
      { by: "card" },
      {
        $causationId: placed,
        occurredAt: "2025-12-31T23:59:59Z",
      },
    );
    const scanned = await append("scan-1", "Scanned", new Uint8Array([1, 2, 255]), { contentType: "image/png" });
    const { status, body } = await get("/correlations/one");
    expect(status).to.equal(200);
    const recordedAt = "2026-01-01T00:00:01.000Z";
    expect(body).to.deep.equal({
      correlationId: "one",
      items: [
        {
          position: "1",
          recordedAt: "2026-01-01T00:00:00.000Z",
          domain: "shop",
          type: "shop.OrderPlaced",
          streamName: "order-1",
          revision: "0",
          eventId: placed,
          data: { total: 12 },
        },
        {
          position: "3",
          recordedAt,
          occurredAt: "2025-12-31T23:59:59.000Z",
          domain: "billing",
          type: "billing.PaymentTaken",
          streamName: "payment-1",
          revision: "0",
          eventId: paid,
          causationId: placed,
          data: { by: "card" },
        },
        {
          position: "4",
          recordedAt,
          domain: "Scanned",
          type: "Scanned",
          streamName: "scan-1",
          revision: "0",
          eventId: scanned,
          data: { contentType: "image/png", base64: "AQL/" },
        },
      ],
    });
  });

  it("includes the flags", async () => {
    await append("order-1", "shop.OrderPlaced", { total: 1 }, { schemaVersion: 2 });
    await shop.clock.advance(3_600_000);
    await append("order-2", "shop.OrderPlaced", { total: 1 }, { schemaVersion: 2, $correlationId: "other" });
    await shop.observe();
    const { body } = await get("/correlations/one");
    expect(body.items.map(({ type, domain }: Record<string, string>) => [domain, type])).to.deep.equal([
      ["shop", "shop.OrderPlaced"],
      ["observer", "observer.Missing"],
    ]);
  });

  it("is bounded, and goes on after a position", async () => {
    for (let i = 0; i < 5; i++) await append("order-1", "shop.OrderRenamed", { title: `${i}` });
    const first = await get("/correlations/one?limit=2");
    expect(first.body.items).to.have.length(2);
    expect(first.body.nextCursor).to.equal("2");
    expect(first.headers["link"]).to.equal('</correlations/one?limit=2&after=2>; rel="next"');
    const last = await get("/correlations/one?limit=3&after=2");
    expect(last.body.items.map(({ position }: { position: string }) => position)).to.deep.equal(["3", "4", "5"]);
    expect(last.body).not.to.have.property("nextCursor");
    expect((await get("/correlations/one?after=99")).body.items).to.deep.equal([]);
  });

  it("does not hide the others behind an event that has no present shape", async () => {
    await append("order-1", "shop.OrderPlaced", { total: 1 }, { schemaVersion: 9 });
    await append("order-1", "shop.OrderRenamed", { title: "x" });
    const { status, body } = await get("/correlations/one");
    expect(status).to.equal(200);
    expect(body.items[0].problem.code).to.equal("EVENT_TOO_NEW");
    expect(body.items[0]).not.to.have.property("data");
    expect(body.items[1].data).to.deep.equal({ title: "x" });
  });

  it("refuses a position that is none, and does not know of a correlation without events", async () => {
    for (const after of ["-1", "x", "1.5", "", "1".repeat(30)])
      expect((await get(`/correlations/one?after=${after}`)).status, after).to.equal(400);
    const { status, body } = await get("/correlations/one");
    expect([status, body.code]).to.deep.equal([404, "UNKNOWN_CORRELATION"]);
  });
});
