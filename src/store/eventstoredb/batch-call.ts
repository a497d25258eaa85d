/** One stream of appends to the server and of its answers: many appends share it, each under an id of its own. */

import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { Clock } from "../../clock.js";
import type { ClientCalls, Connection } from "./client-calls.js";
import { Interruption } from "./failures.js";
import { inTime } from "./patience.js";
import type { streams, streamsService } from "./stubs.js";

export interface BatchCallHandlers {
  /** Called with each answer. */
  answered(answer: streams.BatchAppendResp): void;
  /** Called when messages are taken again after they were held up. */
  drained(): void;
  /** Called once, when the stream has ended by itself. */
  broken(error: Error): void;
}

export interface BatchCallOptions {
  readonly calls: ClientCalls;
  readonly clock: Clock;
  readonly requiresLeader: boolean;
  /** How long to look for a connection, in milliseconds. */
  readonly patienceMs: number;
  readonly stop: AbortSignal;
}

export class BatchCall {
  private heldUp = false;
  private over = false;

  private constructor(
    private readonly call: ClientDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>,
    private readonly connection: Connection<streamsService.StreamsClient>,
    private readonly handlers: BatchCallHandlers,
  ) {
    call.on("data", (answer: streams.BatchAppendResp) => {
      if (!this.over) handlers.answered(answer);
    });
    call.on("drain", () => {
      this.heldUp = false;
      if (!this.over) handlers.drained();
    });
    call.on("end", () => this.finish(new Interruption("the server ended the stream of appends")));
    call.on("error", (error) => this.finish(error));
  }

  /** @throws Interruption when no connection is found in time */
  static async start(options: BatchCallOptions, handlers: BatchCallHandlers): Promise<BatchCall> {
    const { calls, clock, requiresLeader, patienceMs, stop } = options;
    const connection = await inTime(calls.streams({ requiresLeader }), clock, patienceMs, stop);
    return new BatchCall(connection.service.batchAppend(...connection.arguments), connection, handlers);
  }

  /** Whether a message would be sent now rather than be kept in memory. */
  get isWritable(): boolean {
    return !this.heldUp && !this.over;
  }

  write(message: streams.BatchAppendReq): void {
    this.heldUp = !this.call.write(message);
  }

  /** Ends the stream without a word to the handlers. */
  cancel(): void {
    this.over = true;
    this.call.cancel();
  }

  /** Gives up a stream that fell silent, and the connection under it, which may be dead. */
  abandon(silence: string): void {
    if (this.over) return;
    this.cancel();
    // In the form that the client takes for a connection that is gone.
    this.connection.failed(Object.assign(new Error(silence), { code: 14, details: silence }));
    this.handlers.broken(new Interruption(silence));
  }

  private finish(error: Error): void {
    if (this.over) return;
    this.over = true;
    this.connection.failed(error);
    this.handlers.broken(error);
  }
}
