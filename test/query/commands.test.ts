/** Commands over HTTP. */

import { expect } from "chai";
import request from "supertest";
import { StoreUnavailable, WrongExpectedRevision } from "../../src/errors.js";
import { derivedId } from "../../src/message/index.js";
import { createApi } from "../../src/query/index.js";
import { openShop, type Shop } from "./shop.js";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("The commands of the HTTP API", () => {
  let shop: Shop;
  let errors: unknown[];
  const api = () => createApi(shop, { onError: (error) => errors.push(error) });
  const post = (type: string, body: object, headers: Record<string, string> = {}) =>
    request(api()).post(`/commands/${type}`).set(headers).send(body);
  const firstMetadata = async (streamName: string) => {
    for await (const [event] of shop.store.readStream(streamName)) return event!.metadata;
    throw new Error(`${streamName} has no events`);
  };

  beforeEach(async () => {
    shop = await openShop();
    errors = [];
  });
  afterEach(() => shop.close());

  it("appends, and says what and where", async () => {
    const { status, body } = await post(
      "shop.PlaceOrder",
      { aggregateId: "7", total: 5 },
      { "Idempotency-Key": "key 1" },
    );
    expect(status).to.equal(201);
    expect(body).to.deep.equal({
      commandId: "key 1",
      // Of a process of its own: another stream may get the same key.
      correlationId: derivedId("correlation", "key 1", "order-7"),
      streamName: "order-7",
      revision: "0",
      position: "1",
      eventTypes: ["shop.OrderPlaced"],
      duplicate: false,
    });
  });

  it("answers the same command id from its events, and does nothing twice", async () => {
    const send = () => post("shop.PlaceOrder", { total: 5, aggregateId: "7" }, { "Idempotency-Key": "key-1" });
    const first = await send();
    const second = await send();
    expect(second.status).to.equal(200);
    expect(second.body).to.deep.equal({ ...first.body, duplicate: true });
    expect(await shop.store.head()).to.equal(1n);
    const reused = await post("shop.PlaceOrder", { aggregateId: "7", total: 6 }, { "Idempotency-Key": "key-1" });
    expect([reused.status, reused.body.code]).to.deep.equal([409, "COMMAND_ID_REUSED"]);
  });

  it("says 200 when there was nothing to append", async () => {
    await post("shop.PlaceOrder", { aggregateId: "7", total: 5 });
    const rename = () => post("shop.RenameOrder", { aggregateId: "7", title: "x" });
    expect((await rename()).status).to.equal(201);
    const { status, body } = await rename();
    expect(status).to.equal(200);
    expect(body).to.include({ revision: "1", duplicate: false }).and.not.have.property("position");
    expect(body.eventTypes).to.deep.equal([]);
  });

  it("writes correlation id and trace into the events, and ignores a trace that is malformed", async () => {
    const headers = { "X-Correlation-Id": "process 1", traceparent };
    const { body } = await post("shop.PlaceOrder", { aggregateId: "1", total: 5 }, headers);
    expect(body.correlationId).to.equal("process 1");
    expect(await firstMetadata("order-1")).to.include({ $correlationId: "process 1", traceparent });
    const malformed = [
      traceparent.toUpperCase(),
      "x",
      traceparent.replace(/^00/, "ff"),
      `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    ];
    for (const [i, header] of malformed.entries()) {
      expect(
        (await post("shop.PlaceOrder", { aggregateId: `m${i}`, total: 5 }, { traceparent: header })).status,
      ).to.equal(201);
      expect(await firstMetadata(`order-m${i}`)).not.to.have.property("traceparent");
    }
  });

  it("refuses ids that are not 1 to 200 printable characters", async () => {
    for (const name of ["Idempotency-Key", "X-Correlation-Id"])
      for (const value of ["", "x".repeat(201), "ümlaut", "tab\tinside"]) {
        const { status, body } = await post("shop.PlaceOrder", { aggregateId: "1", total: 5 }, { [name]: value });
        expect([status, body.code], `${name}: ${value}`).to.deep.equal([400, "INVALID_HEADER"]);
      }
    const longest = { "Idempotency-Key": "x".repeat(200) };
    expect((await post("shop.PlaceOrder", { aggregateId: "1", total: 5 }, longest)).status).to.equal(201);
  });

  it("lists every violation of an invalid command with a pointer", async () => {
    const { status, body, headers } = await post("shop.PlaceOrder", { aggregateId: "", total: -1, "a/b~": 1 });
    expect(status).to.equal(422);
    expect(headers["content-type"]).to.equal("application/problem+json");
    expect(body).to.deep.include({
      type: "urn:rollcall:problem:invalid-command",
      title: "Invalid command",
      status: 422,
      code: "INVALID_COMMAND",
      instance: "/commands/shop.PlaceOrder",
    });
    expect(body.violations.map(({ pointer }: { pointer: string }) => pointer)).to.have.members([
      "/aggregateId",
      "/total",
      "/a~1b~0",
    ]);
  });

  it("answers a body that is no object with 422, and one that is no JSON with 400", async () => {
    const raw = (text: string) =>
      request(api())
        .post("/commands/shop.PlaceOrder")
        .set("Content-Type", "application/json; charset=utf-8")
        .send(text);
    for (const text of ["[]", "null", "5", '"text"', "true", ""]) {
      const { status, body } = await raw(text);
      expect([status, body.code], text).to.deep.equal([422, "INVALID_COMMAND"]);
    }
    for (const text of ["{", "{'a':1}", "NaN", "\0"]) {
      const { status, body } = await raw(text);
      expect([status, body.code], text).to.deep.equal([400, "MALFORMED_JSON"]);
    }
  });

  it("refuses fields that could reach a prototype, and nesting without end", async () => {
    const raw = (text: string) => request(api()).post("/commands/shop.PlaceOrder").type("json").send(text);
    for (const text of [
      '{"aggregateId":"1","total":1,"__proto__":{"polluted":true}}',
      '{"aggregateId":"1","total":1,"constructor":{"prototype":{"polluted":true}}}',
      '{"aggregateId":{"constructor":null},"total":1}',
      `{"aggregateId":"1","total":${"[".repeat(45_000)}${"]".repeat(45_000)}}`,
    ])
      expect((await raw(text)).status, text.slice(0, 80)).to.equal(422);
    expect({}).not.to.have.property("polluted");
    expect(await shop.store.head()).to.equal(undefined);
  });

  it("refuses another content type, an unknown encoding, and a body that is too large", async () => {
    const send = (headers: Record<string, string>, body: string) =>
      request(api()).post("/commands/shop.PlaceOrder").set(headers).send(body);
    const text = '{"aggregateId":"1","total":1}';
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
      expect((await send({ "Content-Type": type }, text)).status, type).to.equal(415);
    expect((await request(api()).post("/commands/shop.PlaceOrder")).status).to.equal(415);
    expect((await send({ "Content-Type": "application/json; charset=x" }, text)).status).to.equal(415);
    expect((await send({ "Content-Type": "application/json", "Content-Encoding": "x" }, text)).status).to.equal(415);
    expect((await send({ "Content-Type": "application/json", "Content-Encoding": "gzip" }, text)).status).to.equal(400);
    const { status, body } = await post("shop.PlaceOrder", { aggregateId: "1", note: "x".repeat(110_000) });
    expect([status, body.code]).to.deep.equal([413, "BODY_TOO_LARGE"]);
  });

  it("answers an unknown command with 404 and names the known ones", async () => {
    for (const type of ["shop.Nothing", "__proto__", "constructor"]) {
      const { status, body } = await post(type, { aggregateId: "1" });
      expect([status, body.code]).to.deep.equal([404, "UNKNOWN_COMMAND"]);
      expect(body.detail).to.include("shop.PlaceOrder");
    }
  });

  it("answers a rejection with 409 and the code of the domain, under a type that stays the same", async () => {
    const rejected = await post("shop.RenameOrder", { aggregateId: "7", title: "x" });
    expect(rejected.status).to.equal(409);
    expect(rejected.body).to.include({ code: "COMMAND_REJECTED", detail: "There is no order to rename." });
    await post("shop.PlaceOrder", { aggregateId: "7", total: 5 });
    const { status, body } = await post("shop.PlaceOrder", { aggregateId: "7", total: 5 });
    expect(status).to.equal(409);
    expect(body).to.include({ type: "urn:rollcall:problem:command-rejected", code: "ORDER_ALREADY_PLACED" });
  });

  it("answers 422 for an id that no stream can be named by", async () => {
    const text = '{"aggregateId":"half \\ud800 a pair","total":1}';
    const { status, body } = await request(api()).post("/commands/shop.PlaceOrder").type("json").send(text);
    expect([status, body.code]).to.deep.equal([422, "INVALID_APPEND"]);
  });

  it("answers 503 with Retry-After and without the store's words when the store does not answer", async () => {
    shop.store.append = () => Promise.reject(new StoreUnavailable("/var/lib/secret.sqlite is locked"));
    const { status, body, headers, text } = await post("shop.PlaceOrder", { aggregateId: "7", total: 5 });
    expect([status, body.code]).to.deep.equal([503, "STORE_UNAVAILABLE"]);
    expect(headers["retry-after"]).to.match(/^\d+$/);
    expect(text).not.to.include("secret");
    expect(errors).to.have.length(1);
  });

  it("answers 409 when somebody else appended first every time", async () => {
    shop.store.append = (streamName) => Promise.reject(new WrongExpectedRevision(streamName, "no_stream", 3n));
    const sent = post("shop.PlaceOrder", { aggregateId: "7", total: 5 }).then((response) => response);
    for (let waited = 0; waited < 100; waited++) await shop.clock.advance(100);
    const { status, body } = await sent;
    expect([status, body.code]).to.deep.equal([409, "WRONG_EXPECTED_REVISION"]);
    expect(errors).to.deep.equal([]);
  });

  it("answers a bug with 500, tells nothing of it, and reports it", async () => {
    const { status, body, text } = await post("shop.BreakOrder", { aggregateId: "7" });
    expect(status).to.equal(500);
    expect(body.type).to.equal("urn:rollcall:problem:internal-error");
    expect(text).not.to.match(/secret|TypeError|\.ts|\.js/);
    expect(errors.map(String)).to.deep.equal(["TypeError: secret: /var/lib/shop/password"]);
  });

  it("gives up an answer that does not come, with 503", async () => {
    shop.store.append = () => new Promise(() => {});
    const { status, body } = await request(createApi(shop, { answerWithinMs: 50, onError: () => {} }))
      .post("/commands/shop.PlaceOrder")
      .send({ aggregateId: "7", total: 5 });
    expect([status, body.code]).to.deep.equal([503, "NO_ANSWER_IN_TIME"]);
  });
});
