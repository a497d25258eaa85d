/** The sending side of a call: what it writes waits for the client to take it, and ends when the client goes. */

import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";

type WritableCall<Message> = ServerWritableStream<any, Message> | ServerDuplexStream<any, Message>;

export class Outlet<Message> {
  /** The client went, or the deadline passed: nothing more can be sent. */
  cancelled = false;
  #full = false;
  #wake: () => void = () => {};
  #woken: Promise<void> | undefined;

  constructor(private readonly call: WritableCall<Message>) {
    sendTogether(call);
    call.on("drain", () => {
      this.#full = false;
      this.wake();
    });
    call.on("cancelled", () => {
      this.cancelled = true;
      this.wake();
    });
    this.cancelled = call.cancelled;
  }

  write(message: Message): void {
    if (!this.cancelled && !this.call.write(message)) this.#full = true;
  }

  get full(): boolean {
    return this.#full;
  }

  /** Resolves when the client has taken what was written; with false when it takes nothing more. */
  async taken(): Promise<boolean> {
    while (this.#full && !this.cancelled) await this.woken();
    return !this.cancelled;
  }

  /** Resolves at the next `wake`, drain or cancellation. */
  woken(): Promise<void> {
    if (this.cancelled) return Promise.resolve();
    return (this.#woken ??= new Promise((resolve) => (this.#wake = resolve)));
  }

  readonly wake = (): void => {
    this.#woken = undefined;
    this.#wake();
  };
}

/**
 * Messages that have piled up go to the connection together; without this, each waits until the one before it has left
 * the process.
 */
function sendTogether(call: WritableCall<any>): void {
  call._writev = (chunks, done) => {
    let left = chunks.length;
    const sent = (error?: Error | null) => {
      if (error || --left === 0) done(error);
    };
    for (const { chunk, encoding } of chunks) call._write(chunk, encoding, sent);
  };
}
