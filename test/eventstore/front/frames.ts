/** HTTP/2 frame by frame, as clients of other platforms send it: Node's own never cancels without saying first that all was sent. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

const [data, headers, reset, settings] = [0, 1, 3, 4];
const endHeaders = 4;
const cancelled = Buffer.from([0, 0, 0, 8]);

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Without a table and without compression. */
const header = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

interface Message {
  serializeBinary(): Uint8Array;
}

function delimited(message: Message): Buffer {
  const bytes = message.serializeBinary();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** One call over a connection of its own. */
export class FramedCall {
  private constructor(private readonly socket: Socket) {}

  static async begin(port: number, path: string): Promise<FramedCall> {
    const socket = connect(port, "127.0.0.1");
    socket.on("data", () => {});
    await once(socket, "connect");
    const fields = {
      ":method": "POST",
      ":scheme": "http",
      ":path": path,
      ":authority": "test",
      "content-type": "application/grpc",
    };
    const block = Buffer.concat(
      Object.entries({ ...fields, te: "trailers" }).map(([name, value]) => header(name, value)),
    );
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(Buffer.concat([frame(settings, 0, 0), frame(headers, endHeaders, 1, block)]));
    return new FramedCall(socket);
  }

  send(message: Message): void {
    this.socket.write(frame(data, 0, 1, delimited(message)));
  }

  /** Resolves when the server has closed the connection, too. */
  async cancel(): Promise<void> {
    this.socket.end(frame(reset, 0, 1, cancelled));
    await once(this.socket, "close");
  }

  async disconnect(): Promise<void> {
    this.socket.resetAndDestroy();
    await once(this.socket, "close");
  }
}
