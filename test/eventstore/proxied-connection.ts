/** One connection through the fault proxy: two sockets, and a lane for each direction. */

import { connect, type Socket } from "node:net";

/** `toServer` is what the client sends, `toClient` what it receives. */
export type Direction = "toServer" | "toClient";

/** What is wrong with the line at present. */
export interface Faults {
  stalled: boolean;
  delayMs: number;
  bytesPerSecond: number;
}

export class ProxiedConnection {
  private server: Socket | undefined;
  private lanes: Readonly<Record<Direction, Lane>> | undefined;
  private failed = false;
  private gone = false;

  constructor(
    private readonly client: Socket,
    private readonly targetPort: () => number,
    private readonly faults: Faults,
    private readonly onGone: () => void,
  ) {
    this.watch(client);
    this.step();
  }

  /** Looks again at what may pass; to be called when the faults have changed. */
  step(): void {
    if (this.gone) return;
    // While stalled neither side learns how the other fares, nor whether it is there.
    if (this.failed && !this.faults.stalled) return this.reset();
    if (!this.server && !this.faults.stalled) this.connect();
    this.lanes?.toServer.step();
    this.lanes?.toClient.step();
  }

  end(direction: Direction): void {
    this.lanes?.[direction].end();
  }

  reset(): void {
    if (this.gone) return;
    this.gone = true;
    for (const socket of [this.client, this.server]) socket?.resetAndDestroy();
    this.lanes?.toServer.stop();
    this.lanes?.toClient.stop();
    this.onGone();
  }

  private connect(): void {
    this.server = connect({ port: this.targetPort(), host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.watch(this.server);
    this.lanes = {
      toServer: new Lane(this.client, this.server, this.faults),
      toClient: new Lane(this.server, this.client, this.faults),
    };
  }

  /** A side that fails takes the other with it; one that ended in both directions goes when the other has, too. */
  private watch(socket: Socket): void {
    socket.on("error", () => {
      this.failed = true;
      this.step();
    });
    socket.on("close", () => {
      if (this.client.destroyed && this.server?.destroyed !== false) this.reset();
    });
  }
}

/** Most bytes that wait in a lane; beyond it the sender is held back. */
const mostWaiting = 1024 * 1024;

/** Takes bytes from one socket to another, in order, as fast as the faults allow. */
class Lane {
  private readonly waiting: { bytes: Buffer; readonly arrivedAt: number }[] = [];
  private waitingBytes = 0;
  private sourceEndedAt: number | undefined;
  private ended = false;
  private lastSent = { at: -Infinity, bytes: 0 };
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly faults: Faults,
  ) {
    from.on("data", (bytes: Buffer) => {
      this.waiting.push({ bytes, arrivedAt: performance.now() });
      this.waitingBytes += bytes.length;
      this.step();
    });
    from.on("end", () => {
      this.sourceEndedAt = performance.now();
      this.step();
    });
    to.on("drain", () => this.step());
  }

  step(): void {
    clearTimeout(this.timer);
    if (this.faults.stalled) return void this.from.pause();
    while (this.mayGoOn()) if (!this.sendNext()) break;
    if (this.waitingBytes > mostWaiting) this.from.pause();
    else this.from.resume();
  }

  /** Sends an end after what has passed; what has not, or comes later, is dropped. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.to.end();
    this.drop();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.ended = true;
    this.drop();
  }

  private drop(): void {
    this.waiting.length = 0;
    this.waitingBytes = 0;
  }

  private mayGoOn(): boolean {
    if (this.ended) this.drop();
    return !this.ended && !this.to.writableNeedDrain && (this.waiting.length > 0 || this.sourceEndedAt !== undefined);
  }

  /** False when it is not yet time, or there is nothing more. */
  private sendNext(): boolean {
    const { delayMs, bytesPerSecond } = this.faults;
    const next = this.waiting[0];
    const arrivedAt = next?.arrivedAt ?? this.sourceEndedAt!;
    const now = performance.now();
    const dueAt = Math.max(arrivedAt + delayMs, this.lastSent.at + (this.lastSent.bytes / bytesPerSecond) * 1000);
    if (dueAt > now) {
      this.timer = setTimeout(() => this.step(), Math.ceil(dueAt - now));
      return false;
    }
    if (!next) {
      this.end();
      return false;
    }
    // A twentieth of a second's worth at a time, so that the flow is even.
    const piece = next.bytes.subarray(0, Math.max(1, Math.floor(bytesPerSecond / 20)));
    next.bytes = next.bytes.subarray(piece.length);
    if (next.bytes.length === 0) this.waiting.shift();
    this.waitingBytes -= piece.length;
    this.lastSent = { at: now, bytes: piece.length };
    this.to.write(piece);
    return true;
  }
}
