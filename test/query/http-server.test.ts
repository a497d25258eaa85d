/** The HTTP server: listening, closing, and clients that are slow, rude or gone. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { InvalidConfiguration } from "../../src/errors.js";
import { createHttpServer, type HttpServer } from "../../src/query/index.js";
import { openShop, type Shop } from "./shop.js";
import { stopwatch } from "../stopwatch.js";

describe("The HTTP server", () => {
  let shop: Shop;
  let server: HttpServer;
  let url: string;
  let errors: unknown[];
  const open: Socket[] = [];
  const options = () => ({ host: "127.0.0.1", port: 0, onError: (error: unknown) => errors.push(error) });

  /** A connection of its own, on which anything can be written. */
  const dial = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {}); // a reset is one of the answers
    open.push(socket);
    await once(socket, "connect");
    return socket;
  };
  const exchange = async (bytes: string): Promise<string> => {
    const socket = await dial();
    socket.write(bytes, "latin1");
    return text(socket);
  };
  const expectAlive = async () => expect((await fetch(`${url}/live`)).status).to.equal(200);

  beforeEach(async () => {
    shop = await openShop();
    errors = [];
    server = createHttpServer(shop, { ...options(), headersWithinMs: 200, requestWithinMs: 500 });
    ({ url } = await server.listen());
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await server.close();
    await shop.close();
  });

  it("serves at the URL that it gives, on a port of its own choice", async () => {
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    await expectAlive();
  });

  it("cannot listen where somebody else does, and says so", async () => {
    const second = createHttpServer(shop, { ...options(), port: Number(new URL(url).port) });
    const error = await second.listen().then(
      () => undefined,
      (refused: unknown) => refused,
    );
    expect(error).to.be.instanceOf(InvalidConfiguration);
    expect(String(error)).to.include(new URL(url).port).and.include("EADDRINUSE");
    await second.close();
  });

  it("can be closed before it listens, and twice", async () => {
    const idle = createHttpServer(shop, options());
    await idle.close();
    await idle.close();
  });

  it("lets an answer under way finish when it closes, and ends the connection then", async () => {
    let answer = () => {};
    shop.readiness = () => new Promise((resolve) => (answer = () => resolve({ ready: true, reasons: [] })));
    const asked = fetch(`${url}/ready`);
    await sleep(50);
    const closed = server.close();
    await sleep(100);
    answer();
    expect((await asked).status).to.equal(200);
    const tookMs = stopwatch();
    await closed;
    expect(tookMs()).to.be.lessThan(300);
  });

  it("ends silent connections and endless answers within a second when it closes", async () => {
    shop.readiness = () => new Promise(() => {});
    const silent = await dial();
    const unfinished = await dial();
    unfinished.write("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n");
    await fetch(`${url}/live`); // leaves a connection open
    const ended = Promise.all([silent, unfinished].map((socket) => once(socket.resume(), "close")));
    const tookMs = stopwatch();
    await server.close();
    expect(tookMs()).to.be.lessThan(1_000);
    await ended;
  });

  it("gives up on a client that never finishes its headers", async () => {
    const socket = await dial();
    socket.write("GET /live HTTP/1.1\r\nHost: x\r\nX-A: ");
    const drip = setInterval(() => socket.write("a"), 50);
    const tookMs = stopwatch();
    expect(await text(socket)).to.match(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
    expect(tookMs()).to.be.lessThan(1_500);
    await expectAlive();
  });

  it("gives up on a client that never finishes its body", async () => {
    const socket = await dial();
    socket.write("POST /commands/shop.PlaceOrder HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    socket.write("Content-Length: 50\r\n\r\n{");
    const tookMs = stopwatch();
    expect(await text(socket)).to.match(/^HTTP\/1\.1 4\d\d /);
    expect(tookMs()).to.be.lessThan(2_000);
    await expectAlive();
  });

  it("outlives clients that go away in the middle of a request, or of an answer", async () => {
    const cut = await dial();
    cut.write("POST /commands/shop.PlaceOrder HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    cut.write('Content-Length: 50\r\n\r\n{"aggregateId":');
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    let answer = () => {};
    shop.readiness = () => {
      asked();
      return new Promise((resolve) => (answer = () => resolve({ ready: true, reasons: [] })));
    };
    const gone = await dial();
    gone.write("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n");
    await arrived;
    cut.destroy();
    gone.resetAndDestroy();
    await sleep(50);
    answer();
    await sleep(50);
    await expectAlive();
    expect(errors).to.deep.equal([]);
    expect(await shop.store.head()).to.equal(undefined);
  });

  it("refuses what is no HTTP, a header or URL that is too long, and answers odd targets", async () => {
    const line = (target: string, version = "1.1") =>
      `GET ${target} HTTP/${version}\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const statusOf = async (bytes: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(await exchange(bytes))?.[1]);
    expect(await statusOf("nonsense\r\n\r\n")).to.equal(400);
    expect(await statusOf(line(`/read-models/${"x".repeat(20_000)}`))).to.equal(431);
    expect(await statusOf(line("/live\0"))).to.equal(400);
    expect(await statusOf(line("/read-models/%E0%A4%A"))).to.equal(400);
    expect(await statusOf(line("/read-models/a\xff"))).to.be.oneOf([400, 404]);
    expect(await statusOf(line("http://elsewhere/live"))).to.equal(200);
    expect(await statusOf(line("//live"))).to.equal(404);
    expect(await statusOf(line("/?"))).to.equal(200);
    expect(await statusOf("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).to.be.oneOf([204, 404]);
    expect(await statusOf(line("/live").replace("Host: x\r\n", ""))).to.equal(400);
    await expectAlive();
    expect(errors).to.deep.equal([]);
  });

  it("refuses an idempotency key that is sent twice, and reads what follows on the same connection", async () => {
    const body = '{"aggregateId":"1","total":1}';
    const answers = await exchange(
      `POST /commands/shop.PlaceOrder HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        "GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    expect(answers)
      .to.match(/^HTTP\/1\.1 400 /)
      .and.include("idempotency-key is given more than once");
    expect(answers).to.match(/}HTTP\/1\.1 200 /);
  });
});
