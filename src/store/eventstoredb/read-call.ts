/** One read or subscription under way: what has come is gathered, and the server is held up while nobody takes it. */

import type { ClientReadableStream } from "@grpc/grpc-js";
import type { Clock } from "../../clock.js";
import type { ClientCalls, Connection } from "./client-calls.js";
import { Interruption } from "./failures.js";
import { inTime } from "./patience.js";
import { sizeOf } from "./recorded.js";
import type { streams, streamsService } from "./stubs.js";

type ReadResp = streams.ReadResp;

/** The server is held up at so many answers, or bytes of them; a few more may be on their way. */
const mostAnswers = 256;
const mostBytes = 4 * 1024 * 1024;

export class ReadCall {
  private readonly answers: ReadResp[] = [];
  private bytes = 0;
  private ended = false;
  private failure: Error | undefined;
  private wake: (() => void) | undefined;
  private waking = false;
  /** Whether the server was held up since this was last set to false. */
  heldUp = false;
  private readonly leave = () => this.cancel();

  private constructor(
    private readonly call: ClientReadableStream<ReadResp>,
    private readonly connection: Connection<streamsService.StreamsClient>,
    private readonly stop: AbortSignal,
  ) {
    // Also while nobody asks for more: an open call would keep the process alive.
    stop.addEventListener("abort", this.leave, { once: true });
    call.on("data", (answer: ReadResp) => this.receive(answer));
    call.on("end", () => this.finish());
    call.on("error", (error) => {
      if (!this.ended) connection.failed(error);
      this.finish(error);
    });
  }

  /** @throws Interruption when no connection is found in time, or `stop` aborts. */
  static async start(
    calls: ClientCalls,
    request: streams.ReadReq,
    clock: Clock,
    patienceMs: number,
    stop: AbortSignal,
  ): Promise<ReadCall> {
    const connection = await inTime(calls.streams(), clock, patienceMs, stop);
    return new ReadCall(connection.service.read(request, ...connection.arguments), connection, stop);
  }

  /**
   * What has come and was not taken yet; waits for it where there is nothing. Resolves with an empty list at the end of
   * the read, with `undefined` when nothing comes for `patienceMs`, or `stop` aborts. Rejects with the call's failure.
   */
  async take(clock: Clock, patienceMs: number, stop: AbortSignal): Promise<readonly ReadResp[] | undefined> {
    if (this.answers.length === 0 && !this.over) await this.something(clock, patienceMs, stop);
    if (this.answers.length > 0) {
      const taken = this.answers.splice(0);
      this.bytes = 0;
      this.call.resume();
      return taken;
    }
    if (this.failure) throw this.failure;
    return this.ended ? [] : undefined;
  }

  /** Ends the call; also over a connection of which nothing is heard any more. */
  cancel(): void {
    this.finish();
    this.call.cancel();
  }

  /** Ends a call that fell silent, and has the next one made over another connection: this one may be dead. */
  abandon(silentMs: number): Interruption {
    this.cancel();
    const silence = new Interruption(`nothing came for ${silentMs} ms`);
    // In the form that the client takes for a connection that is gone.
    this.connection.failed(Object.assign(new Error(silence.message), { code: 14, details: silence.message }));
    return silence;
  }

  private get over(): boolean {
    return this.ended || this.failure !== undefined;
  }

  private receive(answer: ReadResp): void {
    if (this.ended) return;
    this.answers.push(answer);
    const event = answer.getEvent();
    if (event) this.bytes += sizeOf(event);
    if (this.answers.length >= mostAnswers || this.bytes >= mostBytes) {
      this.heldUp = true;
      this.call.pause();
    }
    if (!this.wake || this.waking) return;
    // Not for the first of many that arrive together.
    this.waking = true;
    setImmediate(() => {
      this.waking = false;
      this.wake?.();
    });
  }

  private finish(error?: Error): void {
    if (this.over) return;
    this.stop.removeEventListener("abort", this.leave);
    if (error) this.failure = error;
    else this.ended = true;
    this.wake?.();
  }

  private async something(clock: Clock, patienceMs: number, stop: AbortSignal): Promise<void> {
    const enough = new AbortController();
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      stop.addEventListener("abort", () => resolve(), { once: true, signal: enough.signal });
      if (stop.aborted) resolve();
      else if (patienceMs < Infinity) clock.sleep(patienceMs, enough.signal).then(resolve, resolve);
    });
    this.wake = undefined;
    enough.abort();
  }
}
