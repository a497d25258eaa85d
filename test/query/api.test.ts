/** Routes, health and problems of the HTTP API. */

import { once } from "node:events";
import { expect } from "chai";
import express from "express";
import request from "supertest";
import { createApi } from "../../src/query/index.js";
import { openShop, type Shop } from "./shop.js";

describe("The HTTP API", () => {
  let shop: Shop;
  const get = (path: string) => request(createApi(shop)).get(path);

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.close());

  it("gives an index", async () => {
    const { status, body } = await get("/");
    expect(status).to.equal(200);
    expect(body.name).to.equal("rollcall");
    expect(body.links).to.include.members(["GET /status", "GET /correlations/:id", "POST /commands/:type"]);
  });

  it("lives without asking anything, and is ready when the application says so", async () => {
    shop.readiness = () => new Promise(() => {});
    expect((await get("/live")).body).to.deep.equal({ live: true });
    shop.readiness = async () => ({ ready: false, reasons: ["orders is catching up."] });
    const waiting = await get("/ready");
    expect(waiting.status).to.equal(503);
    expect(waiting.body).to.deep.equal({ ready: false, reasons: ["orders is catching up."] });
    shop.readiness = async () => ({ ready: true, reasons: [] });
    expect((await get("/ready")).status).to.equal(200);
  });

  it("shows metrics as a scraper wants them, and says how to have some", async () => {
    const { status, text, headers } = await get("/metrics");
    expect([status, text]).to.deep.equal([200, "flags 7\n"]);
    expect(headers["content-type"]).to.equal("text/plain; version=0.0.4; charset=utf-8");
    const none = await request(createApi({ ...shop, exposition: undefined })).get("/metrics");
    expect([none.status, none.body.code]).to.deep.equal([404, "NO_METRICS"]);
    expect(none.body.detail).to.match(/Add metrics\(\{ name: "metrics" \}\) to the notifications/);
  });

  it("shows the status as the application tells it", async () => {
    expect((await get("/status")).body).to.deep.equal(await shop.status());
  });

  it("answers an unknown route with 404 and a known one with 405 and Allow", async () => {
    for (const path of ["/nothing", "/read-models/orders/a/b", "/commands", "/Status", "/__proto__"]) {
      const { status, body, headers } = await get(path);
      expect([status, body.code], path).to.deep.equal([404, "UNKNOWN_ROUTE"]);
      expect(headers["content-type"]).to.equal("application/problem+json");
    }
    const api = createApi(shop);
    const posted = await request(api).post("/read-models/orders");
    expect([posted.status, posted.body.code]).to.deep.equal([405, "METHOD_NOT_ALLOWED"]);
    expect(posted.headers["allow"]).to.equal("GET, HEAD, OPTIONS");
    const got = await request(api).get("/commands/shop.PlaceOrder");
    expect([got.status, got.headers["allow"]]).to.deep.equal([405, "POST, OPTIONS"]);
    const asked = await request(api).options("/commands/shop.PlaceOrder");
    expect([asked.status, asked.headers["allow"], asked.text]).to.deep.equal([204, "POST, OPTIONS", ""]);
  });

  it("answers HEAD as GET without the body", async () => {
    const { status, headers, text } = await request(createApi(shop)).head("/live");
    expect([status, headers["content-length"], text]).to.deep.equal([200, "13", undefined]);
  });

  it("answers malformed escapes with 400", async () => {
    for (const path of ["/read-models/%E0%A4%A", "/correlations/%", "/observers/payments/cases/%ff"]) {
      const { status, body } = await get(path);
      expect([status, body.code, body.instance]).to.deep.equal([400, "MALFORMED_REQUEST", path]);
    }
  });

  it("sends helmet's headers, lets a page without TLS alone, and does not say what it is made of", async () => {
    const { headers } = await get("/");
    expect(headers).to.include({ "x-content-type-options": "nosniff" }).and.not.have.any.keys("x-powered-by", "etag");
    expect(headers["content-security-policy"]).to.include("default-src 'self'").and.not.include("upgrade-insecure");
  });

  it("can be mounted in another application, and its links know where", async () => {
    await shop.writeRows({ a: {}, b: {} });
    const outer = express().use("/api", createApi(shop));
    const { body, headers } = await request(outer).get("/api/read-models/orders?limit=1");
    expect(headers["link"]).to.equal(`</api/read-models/orders?limit=1&cursor=${body.nextCursor}>; rel="next"`);
    expect((await request(outer).get("/api/read-models")).body.items[0].href).to.equal("/api/read-models/orders");
    expect((await request(outer).get("/api")).body.links).to.include("GET /api/live");
    expect((await request(outer).get("/api/none")).body.instance).to.equal("/api/none");
  });

  it("reports what it answers with 500, to the process when nobody else listens", async () => {
    shop.status = () => Promise.reject(new Error("out of\norder"));
    const warned = once(process, "warning");
    const { status, text } = await get("/status?x=1");
    expect(status).to.equal(500);
    expect(text).not.to.include("order");
    expect(String((await warned)[0])).to.include("GET /status: Error: out of order");
  });

  it("answers although whoever is told of errors throws", async () => {
    shop.status = () => Promise.reject(new Error("broken"));
    const onError = () => {
      throw new Error("the logger is broken too");
    };
    expect((await request(createApi(shop, { onError })).get("/status")).status).to.equal(500);
  });
});
