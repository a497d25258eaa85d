/** Somebody who receives webhooks over HTTP, on loopback, and takes only what is signed with the secret. */

import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { verifyWebhook, type RaisedFlag } from "../../src/index.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";

export const secret = `whsec_${Buffer.from("twenty-four bytes at the least").toString("base64")}`;

/** Instead of a status: the connection breaks. */
export const breaks = 0;

export interface Received {
  readonly flag: RaisedFlag;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly path: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Receiver {
  readonly received: Received[] = [];
  /** What was not signed properly, and why. */
  readonly refused: unknown[] = [];
  /** How it answers; 204 unless a test says otherwise. */
  answer: (received: Received) => Answer | Promise<Answer> = () => ({ status: 204 });

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(clock?: ManualClock): Promise<Receiver> {
    const server = createServer((request, response) => {
      void (async () => {
        const body = await text(request);
        const { headers, method, url: path } = request;
        let answer: Answer = { status: 401 };
        try {
          const flag = verifyWebhook(headers, body, secret, clock && { clock });
          const received = { flag, body, headers, method: method!, path: path! };
          receiver.received.push(received);
          answer = await receiver.answer(received);
        } catch (error) {
          receiver.refused.push(error);
        }
        if (answer.status === breaks) request.socket.destroy();
        else response.writeHead(answer.status, answer.headers).end();
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const receiver = new Receiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return receiver;
  }

  /** A path that nobody should see. */
  get url(): string {
    return `${this.origin}/hidden-path?token=hidden-token`;
  }

  get ids(): string[] {
    return this.received.map(({ flag }) => flag.id);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
