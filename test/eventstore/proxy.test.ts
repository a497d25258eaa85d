/** The fault proxy itself, over plain sockets: each fault does what it says, and ends when told. */

import { expect } from "chai";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { until } from "../until.js";
import { startProxy, type FaultProxy } from "./proxy.js";

/** A socket of which a test asks what it has seen so far. */
class Line {
  received = Buffer.alloc(0);
  ended = false;
  error: NodeJS.ErrnoException | undefined;
  closed = false;

  constructor(readonly socket: Socket) {
    socket.on("data", (bytes) => (this.received = Buffer.concat([this.received, bytes])));
    socket.on("end", () => (this.ended = true));
    socket.on("error", (error) => (this.error = error));
    socket.on("close", () => (this.closed = true));
  }

  get text(): string {
    return this.received.toString();
  }

  gets = (text: string) => until(`${JSON.stringify(text)} arrives`, () => this.text === text);
}

/** A server that says its name and then waits for what the test writes. */
async function startServer(name: string): Promise<{ server: Server; port: number; lines: Line[] }> {
  const lines: Line[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    lines.push(new Line(socket));
    socket.write(`${name}:`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, lines };
}

describe("Fault proxy", () => {
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let proxy: FaultProxy;
  let clients: Line[];

  beforeEach(async () => {
    upstream = await startServer("a");
    proxy = await startProxy({ targetPort: upstream.port });
    clients = [];
  });

  afterEach(async () => {
    await proxy.close();
    for (const { socket } of [...clients, ...upstream.lines]) socket.destroy();
    upstream.server.close();
  });

  const call = () => {
    const line = new Line(connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true }));
    clients.push(line);
    return line;
  };
  const pair = async (): Promise<{ client: Line; server: Line }> => {
    const before = upstream.lines.length;
    const client = call();
    await client.gets("a:");
    return { client, server: upstream.lines[before]! };
  };
  /** A round trip, so that whatever was sent before it would have arrived. */
  const works = async ({ client, server }: { client: Line; server: Line }) => {
    const [before, atServer] = [client.text, server.text];
    client.socket.write("ping");
    await server.gets(`${atServer}ping`);
    server.socket.write("pong");
    await client.gets(`${before}pong`);
  };
  /** Long enough for anything to pass that is not held back: many round trips past the proxy. */
  const meanwhile = async () => {
    const before = upstream.lines.length;
    const client = new Line(connect({ port: upstream.port, host: "127.0.0.1" }));
    clients.push(client);
    await client.gets("a:");
    const direct = upstream.lines.splice(before, 1)[0]!;
    for (let i = 1; i <= 10; i++) {
      direct.socket.write(".");
      await client.gets(`a:${".".repeat(i)}`);
    }
    direct.socket.destroy();
  };

  it("passes bytes both ways, and ends one direction after the other", async () => {
    const { client, server } = await pair();
    await works({ client, server });
    client.socket.end("last words");
    await until("the end arrives", () => server.ended);
    expect(server.text).to.equal("pinglast words");
    expect(client.ended).to.equal(false);
    server.socket.end("answer");
    await until("the other end arrives", () => client.closed && server.closed);
    expect(client.text).to.equal("a:ponganswer");
    expect([client.error, server.error]).to.deep.equal([undefined, undefined]);
    await until("the proxy forgets them", () => proxy.open === 0);
    expect(proxy.taken).to.equal(1);
  });

  it("passes more than it holds, unchanged", async () => {
    const { client, server } = await pair();
    const much = Buffer.alloc(5_000_000, "0123456789abcdef!");
    client.socket.write(much);
    await until("all arrives", () => server.received.length === much.length);
    expect(server.received.equals(much)).to.equal(true);
  });

  it("resets a client when nobody listens at the target", async () => {
    upstream.server.close();
    await once(upstream.server, "close");
    const client = call();
    await until("the client is reset", () => client.closed);
    expect(client.error?.code).to.equal("ECONNRESET");
  });

  it("tells each side that the other was reset", async () => {
    const { client, server } = await pair();
    client.socket.resetAndDestroy();
    await until("the server is reset", () => server.closed);
    expect(server.error?.code).to.equal("ECONNRESET");
  });

  it("cuts all connections on both sides and takes new ones", async () => {
    const [one, two] = [await pair(), await pair()];
    proxy.cut();
    await until("all are reset", () => [one, two].every(({ client, server }) => client.closed && server.closed));
    for (const { client, server } of [one, two])
      expect([client.error?.code, server.error?.code]).to.deep.equal(["ECONNRESET", "ECONNRESET"]);
    expect(proxy.open).to.equal(0);
    await works(await pair());
  });

  it("refuses new connections while present ones go on, and takes them again at the same port", async () => {
    const present = await pair();
    await proxy.refuse();
    const refused = call();
    await until("it is refused", () => refused.closed);
    expect(refused.error?.code).to.equal("ECONNREFUSED");
    await works(present);
    await proxy.accept();
    await works(await pair());
  });

  it("passes nothing while stalled, on present and new connections, and everything afterwards", async () => {
    const present = await pair();
    proxy.stall();
    const fresh = call();
    await once(fresh.socket, "connect");
    present.client.socket.end("from client");
    present.server.socket.write("from server");
    fresh.socket.write("from new client");
    await meanwhile();
    expect([present.server.text, present.server.ended, present.client.text]).to.deep.equal(["", false, "a:"]);
    expect(upstream.lines.length).to.equal(1);
    proxy.resume();
    await present.server.gets("from client");
    await until("the end passes too", () => present.server.ended);
    await present.client.gets("a:from server");
    await fresh.gets("a:");
    await until("the new client's words arrive", () => upstream.lines.some(({ text }) => text === "from new client"));
  });

  it("keeps a side's failure to itself while stalled", async () => {
    const { client, server } = await pair();
    proxy.stall();
    client.socket.resetAndDestroy();
    await meanwhile();
    expect(server.closed).to.equal(false);
    proxy.resume();
    await until("the server learns of it", () => server.closed);
    expect(server.error?.code).to.equal("ECONNRESET");
  });

  it("cuts stalled connections", async () => {
    const { client, server } = await pair();
    proxy.stall();
    const fresh = call();
    await once(fresh.socket, "connect");
    proxy.cut();
    await until("all are reset", () => client.closed && server.closed && fresh.closed);
    proxy.resume();
    await works(await pair());
  });

  it("delays what it passes, in order, and no more once the delay ends", async () => {
    const { client, server } = await pair();
    // An hour, which no test waits for.
    proxy.delay(3_600_000);
    client.socket.write("one ");
    server.socket.write("two");
    await meanwhile();
    expect([server.text, client.text]).to.deep.equal(["", "a:"]);
    client.socket.write("three");
    proxy.delay(0);
    await server.gets("one three");
    await client.gets("a:two");
    proxy.delay(5);
    await works({ client, server });
  });

  it("throttles, and no more once that ends", async () => {
    const { client, server } = await pair();
    proxy.throttle(1000);
    const much = Buffer.alloc(200_000, "x");
    client.socket.write(much);
    await until("some of it arrives", () => server.received.length >= 100);
    await meanwhile();
    expect(server.received.length).to.be.lessThan(much.length / 2);
    proxy.throttle(Infinity);
    await until("all of it arrives", () => server.received.length === much.length);
    expect(() => proxy.throttle(0)).to.throw(RangeError, /expected more than 0/);
  });

  for (const [direction, ended, open] of [
    ["toClient", "client", "server"],
    ["toServer", "server", "client"],
  ] as const)
    it(`ends the direction ${direction} while the other goes on`, async () => {
      const present = await pair();
      proxy.halfClose(direction);
      await until("one side sees an end", () => present[ended].ended);
      const before = present[open].text;
      present[open].socket.write("dropped");
      present[ended].socket.write("passed");
      await present[open].gets(`${before}passed`);
      expect(present[ended].text).not.to.include("dropped");
      expect(present[open].ended).to.equal(false);
    });

  it("takes new connections elsewhere and leaves present ones where they are", async () => {
    const present = await pair();
    const other = await startServer("b");
    proxy.retarget(other.port);
    const moved = call();
    await moved.gets("b:");
    await works(present);
    for (const { socket } of other.lines) socket.destroy();
    other.server.close();
  });

  it("resets everything and listens no more once closed, also a second time", async () => {
    const { client, server } = await pair();
    await proxy.close();
    await proxy.close();
    await until("both are reset", () => client.closed && server.closed);
    const late = call();
    await until("a late client is refused", () => late.closed);
    expect(late.error?.code).to.equal("ECONNREFUSED");
  });
});
