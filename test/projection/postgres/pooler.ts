/** A pooler between clients and PostgreSQL, as strict as one in transaction mode: each transaction goes to another connection. */

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

const backendsPerClient = 3;
/** What PgBouncer lets a client state at its start. */
const known = ["user", "database", "application_name", "client_encoding"];

interface Message {
  /** Its letter; empty for the first one of a client. */
  readonly type: string;
  readonly whole: Buffer;
  readonly body: Buffer;
}

/** Takes a stream apart into messages. */
class Messages {
  private rest = Buffer.alloc(0);

  /** @param untyped whether the first message has no letter, as a client's has not */
  constructor(private untyped: boolean) {}

  *take(chunk: Buffer): Generator<Message> {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const head = this.untyped ? 0 : 1;
      if (this.rest.length < head + 4) return;
      const length = head + this.rest.readUInt32BE(head);
      if (this.rest.length < length) return;
      const whole = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length);
      const type = head === 0 ? "" : String.fromCharCode(whole[0]!);
      this.untyped = false;
      yield { type, whole, body: whole.subarray(head + 4) };
    }
  }
}

export class Pooler {
  /** How often a client was given another connection. */
  switches = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly backendPort: number,
  ) {}

  static async start(backendPort: number): Promise<Pooler> {
    const server = createServer();
    const pooler = new Pooler(server, backendPort);
    server.on("connection", (socket) => pooler.serve(socket));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return pooler;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }

  private serve(client: Socket): void {
    const backends = Array.from({ length: backendsPerClient }, () => connect(this.backendPort, "127.0.0.1"));
    let current = 0;
    let ready = 0;
    const isEntered = () => ready >= backends.length;
    const end = () => [client, ...backends].forEach((socket) => socket.destroy());
    for (const socket of [client, ...backends])
      this.sockets.add(
        socket
          .setNoDelay()
          .on("error", end)
          .on("close", end)
          .on("close", () => this.sockets.delete(socket)),
      );

    const fromClient = new Messages(true);
    client.on("data", (chunk) => {
      for (const { type, whole, body } of fromClient.take(chunk)) {
        if (type === "" && !isAllowed(body)) return end();
        // Whoever enters, enters everywhere.
        for (const backend of isEntered() ? [backends[current]!] : backends) backend.write(whole);
      }
    });
    backends.forEach((backend, i) => {
      const messages = new Messages(false);
      backend.on("data", (chunk) => {
        for (const { type, whole, body } of messages.take(chunk)) {
          const wasEntered = isEntered();
          if (type === "Z" && !wasEntered) ready++;
          // The client is told of one of them, and that it may begin when it may everywhere.
          if (!wasEntered && type === "Z" ? isEntered() : wasEntered || i === 0) client.write(whole);
          if (wasEntered && type === "Z" && body.toString() === "I") {
            current = (current + 1) % backends.length;
            this.switches++;
          }
        }
      });
    });
  }
}

function isAllowed(startup: Buffer): boolean {
  const names = startup
    .subarray(4)
    .toString()
    .split("\0")
    .filter((text, i) => i % 2 === 0 && text !== "");
  return names.every((name) => known.includes(name));
}
