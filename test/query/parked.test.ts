/** Reactors and notifications over HTTP: what they have parked. */

import { expect } from "chai";
import request from "supertest";
import type { ParkedAnswer, ParkedEvent, ParkedRequest } from "../../src/index.js";
import { createApi } from "../../src/query/index.js";
import { until } from "../until.js";
import { openShop, type Shop } from "./shop.js";

describe("Reactors and notifications over HTTP", () => {
  let shop: Shop;
  const get = (path: string) => request(createApi(shop)).get(path);

  const parked = (position: bigint, fields: Partial<ParkedEvent> = {}): ParkedEvent => ({
    subscription: "reactor:charge",
    position,
    streamName: "order-a",
    revision: position - 1n,
    eventId: `event-${position}`,
    eventType: "shop.OrderPlaced",
    attempts: 0,
    error: "waits behind position 9007199254740993 of the same stream",
    parkedAtMs: Date.UTC(2026, 0, 1),
    ...fields,
  });
  const far = 2n ** 53n + 1n;

  beforeEach(async () => {
    shop = await openShop();
    const lease = (await shop.readModels.acquire("reactor:charge", "test", 1_000_000))!;
    const checkpoint = { storeId: "shop-log", position: far + 2n, handled: 9, recordedAtMs: undefined };
    await shop.readModels.saveCheckpoint(lease, checkpoint, [
      parked(far + 2n),
      parked(far, { attempts: 6, error: "Error: no connection" }),
      parked(far + 1n),
    ]);
  });
  afterEach(() => shop.close());

  it("are listed, each with how many events it has parked and where to see them", async () => {
    const { status, body } = await get("/reactors");
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      items: [
        { name: "charge", parkedCount: 3, parked: "/reactors/charge/parked" },
        { name: "ship", parkedCount: 0, parked: "/reactors/ship/parked" },
      ],
    });
  });

  it("show what they parked in the order of the log: which event, how often it was tried, and why", async () => {
    const { status, body } = await get("/reactors/charge/parked");
    expect(status).to.equal(200);
    expect(body).to.have.keys("items");
    expect(body.items[0]).to.deep.equal({
      position: "9007199254740993",
      streamName: "order-a",
      revision: "9007199254740992",
      eventId: "event-9007199254740993",
      eventType: "shop.OrderPlaced",
      attempts: 6,
      error: "Error: no connection",
      parkedAt: "2026-01-01T00:00:00.000Z",
    });
    expect(body.items.map((each: { position: string }) => BigInt(each.position))).to.deep.equal([
      far,
      far + 1n,
      far + 2n,
    ]);
    expect((await get("/reactors/ship/parked")).body).to.deep.equal({ items: [] });
  });

  it("show it a page at a time, each with a link to the next", async () => {
    const first = await get("/reactors/charge/parked?limit=2");
    expect(first.body.items).to.have.length(2);
    expect(first.body.nextCursor).to.equal(String(far + 1n));
    expect(first.headers["link"]).to.equal(`</reactors/charge/parked?limit=2&after=${far + 1n}>; rel="next"`);
    const second = await get(`/reactors/charge/parked?limit=2&after=${first.body.nextCursor}`);
    expect(second.body.items.map((each: { position: string }) => each.position)).to.deep.equal([String(far + 2n)]);
    expect(second.body).to.not.have.any.keys("nextCursor");
    expect(second.headers).to.not.have.any.keys("link");
  });

  it("are unknown by any other name, and refuse what is no position or limit", async () => {
    const unknown = await get("/reactors/reactor:charge/parked");
    expect([unknown.status, unknown.body.code]).to.deep.equal([404, "UNKNOWN_REACTOR"]);
    expect(unknown.body.detail).to.equal('There is no reactor "reactor:charge". Known: charge, ship.');
    for (const query of ["after=x", "after=-1", "limit=0", "limit=1001", "cursor=1", "after=1&after=2"]) {
      const { status, body } = await get(`/reactors/charge/parked?${query}`);
      expect([status, body.code], query).to.deep.equal([400, "INVALID_QUERY"]);
    }
  });

  describe("delivering one again", () => {
    const retry = (path: string, body: unknown = { by: "me" }) =>
      request(createApi(shop))
        .post(path)
        .send(body as object);
    const nothing = { delivered: [], dropped: [], failed: [], unknown: [] };
    /** Answers the next request, as whoever holds the lease does. */
    const answering = async (answer: Partial<ParkedAnswer>) => {
      const lease = (await shop.readModels.acquire("reactor:charge", "test", 1_000_000))!;
      let asked: readonly ParkedRequest[] = [];
      await until("it is asked", async () => {
        asked = await shop.readModels.parkedRequests("reactor:charge");
        return asked.length > 0;
      });
      await shop.readModels.beginParkedRequest(lease, asked[0]!.id);
      await shop.readModels.answerParkedRequest(lease, asked[0]!.id, { ...nothing, ...answer });
      return asked[0]!;
    };

    it("asks whoever works on it, and tells what was delivered, or why it failed again", async () => {
      const [first, asked] = await Promise.all([
        retry(`/reactors/charge/parked/${far}/retry`),
        answering({ delivered: [far, far + 1n], failed: [{ position: far + 2n, error: "Error: no" }] }),
      ]);
      expect(asked).to.deep.include({ kind: "retry", positions: [far], by: "me" });
      expect([first.status, first.body]).to.deep.equal([
        200,
        {
          outcome: "delivered",
          delivered: [String(far), String(far + 1n)],
          failed: [{ position: String(far + 2n), error: "Error: no" }],
          parked: "/reactors/charge/parked",
        },
      ]);
      const failed = [{ position: far, error: "Error: still no connection" }];
      const [second] = await Promise.all([retry(`/reactors/charge/parked/${far}/retry`), answering({ failed })]);
      expect([second.status, second.body.outcome]).to.deep.equal([200, "failed"]);
    });

    it("is refused for what is not parked, is no position, is unknown, or is paused", async () => {
      const refused = async (path: string) => {
        const { status, body } = await retry(path);
        return [status, body.code];
      };
      expect(await refused("/reactors/charge/parked/1/retry")).to.deep.equal([404, "NOT_PARKED"]);
      expect(await refused("/reactors/charge/parked/x/retry")).to.deep.equal([400, "MALFORMED_REQUEST"]);
      expect(await refused("/reactors/nobody/parked/1/retry")).to.deep.equal([404, "UNKNOWN_REACTOR"]);
      expect(await refused("/notifications/charge/parked/1/retry")).to.deep.equal([404, "UNKNOWN_NOTIFICATION"]);
      const { status: wrong, body: violated } = await retry(`/reactors/charge/parked/${far}/retry`, { by: "", who: 1 });
      expect([wrong, violated.violations.length]).to.deep.equal([422, 2]);
      await shop.readModels.pause("reactor:charge", { reason: "the provider moves", by: "me" });
      const { status, body, type } = await retry(`/reactors/charge/parked/${far}/retry`);
      expect([status, body.code, type]).to.deep.equal([409, "SUBSCRIPTION_PAUSED", "application/problem+json"]);
      expect(body.detail).to.match(/^reactor:charge: .* me has paused it: the provider moves\./);
      expect((await get(`/reactors/charge/parked/${far}/retry`)).status).to.equal(405);
    });

    it("is refused when nobody works on it", async function () {
      this.timeout(30_000);
      const { status, body } = await retry(`/reactors/charge/parked/${far}/retry`);
      expect([status, body.code]).to.deep.equal([409, "NOBODY_AT_WORK"]);
      expect(await shop.readModels.parkedRequests("reactor:charge")).to.deep.equal([]);
    });
  });

  it("show notifications likewise, under their own names", async () => {
    const lease = (await shop.readModels.acquire("notification:ops", "test", 1_000_000))!;
    const checkpoint = { storeId: "shop-log", position: 7n, handled: 1, recordedAtMs: undefined };
    const flag = { subscription: "notification:ops", eventType: "observer.Missing", attempts: 8, error: "found 503" };
    await shop.readModels.saveCheckpoint(lease, checkpoint, [parked(6n, flag), parked(7n, flag)]);
    expect((await get("/notifications")).body).to.deep.equal({
      items: [{ name: "ops", parkedCount: 2, parked: "/notifications/ops/parked" }],
    });
    const { body, headers } = await get("/notifications/ops/parked?limit=1");
    expect(body.items).to.have.length(1);
    expect(body.items[0]).to.include({ position: "6", eventType: "observer.Missing", attempts: 8, error: "found 503" });
    expect(headers["link"]).to.equal('</notifications/ops/parked?limit=1&after=6>; rel="next"');
    const unknown = await get("/notifications/charge/parked");
    expect([unknown.status, unknown.body.code]).to.deep.equal([404, "UNKNOWN_NOTIFICATION"]);
    expect(unknown.body.detail).to.equal('There is no notification "charge". Known: ops.');
  });
});
