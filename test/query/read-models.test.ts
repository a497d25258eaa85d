/** Read models over HTTP. */

import { expect } from "chai";
import request from "supertest";
import { createApi } from "../../src/query/index.js";
import type { Row } from "../../src/index.js";
import { openShop, orders, type Shop } from "./shop.js";

describe("The read models of the HTTP API", () => {
  let shop: Shop;
  const get = (path: string) => request(createApi(shop)).get(path);
  const keysAt = async (path: string) => {
    const { status, body } = await get(path);
    expect(status, JSON.stringify(body)).to.equal(200);
    return (body.items as { key: string }[]).map(({ key }) => key);
  };

  beforeEach(async () => {
    shop = await openShop();
    await shop.writeRows({
      a: { total: 5, paid: true },
      b: { total: "5", paid: "true" },
      c: { total: 5.5, paid: false },
      d: { total: "five", note: "1e400" },
      e: { total: true, paid: 1 },
    });
  });
  afterEach(() => shop.close());

  it("lists them with declared and serving versions and the fields to filter on", async () => {
    const { body } = await get("/read-models");
    expect(body.items).to.deep.equal([
      {
        name: "orders",
        version: 2,
        servingVersion: 2,
        filters: ["total", "paid", "note", "x", "y"],
        href: "/read-models/orders",
      },
      { name: "unbuilt", version: 1, filters: [], href: "/read-models/unbuilt" },
    ]);
  });

  it("gives one row by its key", async () => {
    const { status, body, headers } = await get("/read-models/orders/a");
    expect(status).to.equal(200);
    expect(body).to.deep.equal({ key: "a", total: 5, paid: true });
    expect(headers["content-type"]).to.equal("application/json");
    expect(headers["cache-control"]).to.equal("no-store");
  });

  it("finds a key that has to be written with escapes", async () => {
    await shop.writeRows({ "a/b ü?": { total: 1 }, "nul\0": { total: 2 }, __proto: {} });
    expect((await get("/read-models/orders/a%2Fb%20%C3%BC%3F")).body).to.deep.equal({ key: "a/b ü?", total: 1 });
    expect((await get("/read-models/orders/nul%00")).body).to.deep.equal({ key: "nul\0", total: 2 });
  });

  it("lets the key win over a field of the row that is called key", async () => {
    await shop.writeRows({ f: { key: "other", total: 1 } });
    expect((await get("/read-models/orders/f")).body).to.deep.equal({ key: "f", total: 1 });
  });

  it("lists all rows sorted by key", async () => {
    expect(await keysAt("/read-models/orders")).to.deep.equal(["a", "b", "c", "d", "e"]);
  });

  it("finds a number, a boolean and the text that reads the same", async () => {
    expect(await keysAt("/read-models/orders?total=5")).to.deep.equal(["b", "a"]);
    expect(await keysAt("/read-models/orders?total=5.0")).to.deep.equal(["a"]);
    expect(await keysAt("/read-models/orders?total=5.5")).to.deep.equal(["c"]);
    expect(await keysAt("/read-models/orders?total=five")).to.deep.equal(["d"]);
    expect(await keysAt("/read-models/orders?paid=true")).to.deep.equal(["b", "a"]);
    expect(await keysAt("/read-models/orders?paid=false")).to.deep.equal(["c"]);
    expect(await keysAt("/read-models/orders?paid=1")).to.deep.equal(["e"]);
    expect(await keysAt("/read-models/orders?total=05")).to.deep.equal([]);
    expect(await keysAt("/read-models/orders?note=1e400")).to.deep.equal(["d"]);
  });

  it("combines filters, each under any of its readings", async () => {
    expect(await keysAt("/read-models/orders?total=5&paid=true")).to.deep.equal(["b", "a"]);
    await shop.writeRows({ g: { total: "5", paid: true } });
    expect(await keysAt("/read-models/orders?total=5&paid=true")).to.deep.equal(["b", "g", "a"]);
  });

  it("leads through every page by the Link header, whatever the size of a page", async () => {
    await shop.writeRows(
      Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}`, { total: i % 2 ? 7 : "7" }])),
    );
    const all = await keysAt("/read-models/orders?total=7");
    expect(all).to.have.length(9);
    for (const limit of [1, 2, 4, 5, 8, 9]) {
      const walked: string[] = [];
      let pages = 0;
      for (let path: string | undefined = `/read-models/orders?total=7&limit=${limit}`; path; pages++) {
        const { body, headers } = await get(path);
        walked.push(...body.items.map(({ key }: { key: string }) => key));
        path = /^<(.+)>; rel="next"$/.exec(headers["link"] ?? "")?.[1];
        expect(Boolean(path)).to.equal(body.nextCursor !== undefined);
      }
      expect(walked).to.deep.equal(all);
      expect(pages).to.equal(Math.ceil(9 / limit));
    }
  });

  it("names the fields that can be filtered on when another one is asked for", async () => {
    for (const field of ["colour", "__proto__", "constructor", "hasOwnProperty"]) {
      const { status, body } = await get(`/read-models/orders?${field}=1`);
      expect(status).to.equal(400);
      expect(body.code).to.equal("INVALID_QUERY");
      expect(body.detail).to.include(field).and.include("limit, cursor, total, paid, note, x, y");
    }
  });

  it("refuses a limit that is none and names the range", async () => {
    for (const limit of ["0", "1001", "-1", "1.5", "ten", "", "1e2", "99999999999999999999"]) {
      const { status, body } = await get(`/read-models/orders?limit=${limit}`);
      expect(status, limit).to.equal(400);
      expect(body.detail).to.include("from 1 to 1000");
    }
  });

  it("refuses a cursor that is malformed or of another query", async () => {
    const { nextCursor } = (await get("/read-models/orders?limit=1")).body;
    for (const path of [`total=5&cursor=${nextCursor}`, "cursor=x", "cursor=", "cursor=9.x.", "cursor=0.x.e30"]) {
      const { status, body } = await get(`/read-models/orders?${path}`);
      expect(status, path).to.equal(400);
      expect(body.detail, path).to.include("cursor");
    }
    const inner = nextCursor.split(".").slice(0, 2).join(".");
    expect((await get(`/read-models/orders?limit=1&cursor=${inner}.e30`)).status).to.equal(400);
    const beyond = nextCursor.replace(/^0/, "1");
    expect((await get(`/read-models/orders?limit=1&cursor=${beyond}`)).status).to.equal(400);
  });

  it("refuses a cursor between two readings with another filter", async () => {
    await shop.writeRows({ f: { total: "7" }, g: { total: 7 }, h: { total: 8 } });
    const { items, nextCursor } = (await get("/read-models/orders?total=7&limit=1")).body;
    expect(items[0].key).to.equal("f");
    expect(await keysAt(`/read-models/orders?total=7&cursor=${nextCursor}`)).to.deep.equal(["g"]);
    expect((await get(`/read-models/orders?total=8&cursor=${nextCursor}`)).status).to.equal(400);
  });

  /** What a rebuild puts in the place of the rows that serve, or under a label. */
  const replaceRows = async (rows: Readonly<Record<string, Row>>, place = orders.place) => {
    const { readModels } = shop;
    const lease = await readModels.seize(`rebuild:${place}`, "test", 1_000);
    const generation = await readModels.createBuilding({ ...orders, place }, lease);
    const checkpoint = { storeId: "shop-log", position: 9n, handled: 9, recordedAtMs: undefined };
    await readModels.commit(generation, lease, { rows: Object.entries(rows), checkpoint });
    await readModels.activate(generation, lease, { workerLease: "orders" });
  };

  it("answers wholly from the old rows or wholly from the new ones, when a rebuild ends between two readings", async () => {
    const { findRows } = shop.readModels;
    let asked = 0;
    shop.readModels.findRows = async (...args) => {
      const page = await findRows.apply(shop.readModels, args);
      if (++asked === 1) await replaceRows({ new1: { total: "5" }, new2: { total: 5 } });
      return page;
    };
    expect(await keysAt("/read-models/orders?total=5")).to.deep.equal(["new1", "new2"]);
    expect(asked).to.equal(4);
  });

  it("refuses a cursor of the rows before a rebuild, also one between two readings", async () => {
    await shop.writeRows({ f: { total: "7" }, g: { total: 7 }, h: { total: "8" }, i: { total: "8" } });
    const cursors = await Promise.all(
      ["total=7", "total=8"].map(async (filter) => {
        const { nextCursor } = (await get(`/read-models/orders?${filter}&limit=1`)).body;
        return `${filter}&cursor=${nextCursor}`;
      }),
    );
    await replaceRows({ f: { total: "7" }, g: { total: 7 }, i: { total: "8" } });
    for (const cursor of cursors) {
      const { status, body } = await get(`/read-models/orders?${cursor}`);
      expect(status, cursor).to.equal(400);
      expect(body.detail).to.include("the cursor is of another generation of the rows");
    }
  });

  it("shows rows under a label beside those that serve, and says which labels there are", async () => {
    await replaceRows({ a: { total: 1 } }, "orders@2~monday");
    expect((await get("/read-models/orders~monday/a")).body).to.deep.equal({ key: "a", total: 1 });
    expect((await get("/read-models/orders/a")).body).to.deep.equal({ key: "a", total: 5, paid: true });
    expect(await keysAt("/read-models/orders~monday?total=1")).to.deep.equal(["a"]);
    await replaceRows({ a: { total: 1 }, b: { total: 1 } }, "orders@2~monday");
    const { headers } = await get("/read-models/orders~monday?limit=1");
    expect(headers["link"]).to.match(/^<\/read-models\/orders~monday\?limit=1&cursor=/);
    const { status, body } = await get("/read-models/orders~tuesday");
    expect(status).to.equal(404);
    expect(body.detail).to.equal('There is no read model "orders~tuesday". Known: orders, orders~monday.');
  });

  it("filters by the fields of the version that answers, and says when those of the declared one will do", async () => {
    const { readModels } = shop;
    // A version that has not caught up yet, beside an earlier one that has.
    const declared = { ...orders, version: 3, place: "orders@3", indexes: ["total", "colour"] };
    const lease = (await readModels.acquire("orders", "test", 1_000_000))!;
    await readModels.complete(await readModels.openActive(orders, lease), lease);
    const later = await readModels.openActive(declared, lease);
    const api = createApi({ ...shop, projections: [declared] });
    const listed = async () => (await request(api).get("/read-models")).body.items[0];
    expect(await listed()).to.include({ version: 3, servingVersion: 2 });
    expect((await listed()).filters).to.deep.equal(["total", "paid", "note", "x", "y"]);
    expect((await request(api).get("/read-models/orders?paid=false")).body.items).to.have.length(1);
    const refused = await request(api).get("/read-models/orders?colour=red");
    expect(refused.status).to.equal(400);
    expect(refused.body.detail).to.equal(
      'orders: version 2 answers, whose rows cannot be filtered by "colour", but by: total, paid, note, x, y. ' +
        "Version 3 declares it: ask again once that has caught up with the log (GET /ready).",
    );
    await readModels.complete(later, lease);
    expect((await listed()).filters).to.deep.equal(["total", "colour"]);
    expect((await request(api).get("/read-models/orders?colour=red")).body.items).to.deep.equal([]);
    expect((await request(api).get("/read-models/orders?paid=false")).body.detail).to.match(/Allowed: .*, colour\.$/);
  });

  it("says of a filter that was declared without a new version how it comes to be there", async () => {
    await replaceRows({ a: { total: 1 } }, "orders@2~monday");
    const declared = { ...orders, indexes: [...orders.indexes, "colour"] };
    const api = createApi({ ...shop, projections: [declared] });
    const detail = async (name: string) => (await request(api).get(`/read-models/${name}?colour=red`)).body.detail;
    expect(await detail("orders")).to.match(/once a process with the role projection has started with this code\.$/);
    expect(await detail("orders~monday")).to.match(/^orders~monday: version 2 answers, .* build the label anew\.$/);
    Object.assign(declared, { definition: "of more types" });
    expect(await detail("orders")).to.match(/it takes a rebuild for: npm run rebuild -- orders$/);
  });

  it("refuses so many filters with two readings that it would have to ask too often", async () => {
    await shop.writeRows({ f: { total: 1, paid: 1, note: 1, x: 1, y: "text" } });
    expect(await keysAt("/read-models/orders?total=1&paid=1&note=1&x=1&y=text")).to.deep.equal(["f"]);
    expect((await get("/read-models/orders?total=1&paid=1&note=1&x=1&y=1")).status).to.equal(400);
  });

  it("refuses a parameter that is given twice", async () => {
    const { status, body } = await get("/read-models/orders?total=5&total=6");
    expect(status).to.equal(400);
    expect(body.detail).to.include('"total" is given more than once');
  });

  it("answers 404 for an unknown name, naming the known ones, and for an unknown key", async () => {
    const unknownName = await get("/read-models/nothing");
    expect(unknownName.status).to.equal(404);
    expect(unknownName.body).to.include({
      type: "urn:rollcall:problem:unknown-read-model",
      code: "UNKNOWN_READ_MODEL",
    });
    expect(unknownName.body.detail).to.include("orders, unbuilt");
    expect((await get("/read-models/nothing/a")).status).to.equal(404);
    const unknownKey = await get("/read-models/orders/z");
    expect(unknownKey.status).to.equal(404);
    expect(unknownKey.body.code).to.equal("UNKNOWN_ROW");
    // An observer is no read model here, although its cases are stored as one.
    expect((await get("/read-models/payments")).status).to.equal(404);
  });

  it("says that a read model is declared but not built", async () => {
    for (const path of ["/read-models/unbuilt", "/read-models/unbuilt/a"]) {
      const { status, body, headers } = await get(path);
      expect(status).to.equal(503);
      expect(body.code).to.equal("READ_MODEL_NOT_BUILT");
      expect(headers["retry-after"]).to.match(/^\d+$/);
    }
  });
});
