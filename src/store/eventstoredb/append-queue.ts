/** Appends that are not answered yet. When the stream that carries them breaks, they go over the next, with the same ids. */

import { setMaxListeners } from "node:events";
import { AccessDenied, IncompatibleStore, UntrustedConnection } from "../../errors.js";
import { randomId } from "../../message/index.js";
import { messagesOf, outcomeOf, type AppendRequest, type Placed } from "./append-messages.js";
import { BatchCall, type BatchCallOptions } from "./batch-call.js";
import { failureOf, Interruption } from "./failures.js";
import { backoffMs, closingGraceMs, within } from "./patience.js";
import { late, leftBehind, whatOf, type PendingAppend } from "./pending-append.js";
import type { streams } from "./stubs.js";

export interface AppendQueueOptions extends Pick<BatchCallOptions, "calls" | "clock" | "requiresLeader"> {
  /** For how long an append is tried, in milliseconds. */
  readonly appendDeadlineMs: number;
  /** Who appends, in words. */
  readonly who: string;
}

const longestDelayMs = 1_000;

/** What every append would meet with. */
const lasting = [AccessDenied, IncompatibleStore, UntrustedConnection];

export class AppendQueue {
  /** In the order in which they came, which is that of their deadlines. */
  private readonly unanswered = new Set<PendingAppend>();
  /** By stream. Only the first of each is under way, so that a retry cannot overtake, or be overtaken. */
  private readonly lanes = new Map<string, PendingAppend[]>();
  private readonly inFlight = new Map<string, PendingAppend>();
  /** To be sent next. */
  private ready: PendingAppend[] = [];
  private sending:
    { readonly append: PendingAppend; readonly messages: Iterator<streams.BatchAppendReq, void> } | undefined;
  private call: BatchCall | undefined;
  private opening = false;
  private watching = false;
  /** In a row, of the stream. */
  private failures = 0;
  private lastSignOfLife = 0;
  private answers = 0;
  private whenIdle: (() => void)[] = [];
  private readonly stopped = new AbortController();
  /** How long the server may leave all appends unanswered before another connection is tried. */
  private readonly mostSilenceMs: number;

  constructor(private readonly options: AppendQueueOptions) {
    this.mostSilenceMs = options.appendDeadlineMs / 4;
    // One listener for each append that waits for its next attempt, and there may be many.
    setMaxListeners(0, this.stopped.signal);
  }

  /**
   * Resolves when the server has written the events, or had them already.
   * @throws StoreUnavailable at the deadline; UntrustedConnection, WrongExpectedRevision, StreamDeleted, InvalidAppend, AccessDenied.
   */
  add(request: AppendRequest): Promise<Placed> {
    return new Promise((resolve, reject) => {
      const append: PendingAppend = {
        ...request,
        deadline: this.options.clock.now() + this.options.appendDeadlineMs,
        correlationId: undefined,
        wasSent: false,
        failures: 0,
        lastFailure: undefined,
        isSettled: false,
        resolve,
        reject,
      };
      this.unanswered.add(append);
      const lane = this.lanes.get(request.streamName);
      if (lane) lane.push(append);
      else {
        this.lanes.set(request.streamName, [append]);
        this.ready.push(append);
      }
      this.send();
      void this.watch();
    });
  }

  /**
   * Resolves when every append is answered, and ends the stream then. After a second without an answer to any, those
   * that are left fail with StoreUnavailable.
   */
  async close(): Promise<void> {
    const { clock } = this.options;
    for (let before = -1; this.unanswered.size > 0 && before !== this.answers;) {
      before = this.answers;
      await within(closingGraceMs, new Promise<void>((resolve) => this.whenIdle.push(resolve)), clock);
    }
    this.stopped.abort();
    this.leave();
    for (const append of this.unanswered) this.settle(append, leftBehind(append));
  }

  private leave(): void {
    this.call?.cancel();
    this.call = undefined;
  }

  /** Sends what is ready, as far as the stream takes it. */
  private send(): void {
    if (!this.call) void this.open();
    try {
      while (this.call?.isWritable && this.sendNext()) continue;
    } catch (error) {
      // A message could not even be made: as good as a stream that broke.
      this.call?.cancel();
      this.interrupt(error);
      void this.open();
    }
  }

  /** Sends one message; false when there is none. */
  private sendNext(): boolean {
    if (!this.sending) {
      const append = this.ready.shift();
      if (append && !append.isSettled) this.sending = this.begin(append);
      return append !== undefined;
    }
    const { append, messages } = this.sending;
    // The server may refuse an append by its first message: the rest would be taken for another one.
    const next = append.correlationId === undefined ? { done: true as const } : messages.next();
    if (next.done) this.sending = undefined;
    else this.call!.write(next.value);
    return true;
  }

  private begin(append: PendingAppend) {
    const correlationId = randomId();
    if (this.inFlight.size === 0) this.lastSignOfLife = this.options.clock.now();
    append.correlationId = correlationId;
    append.wasSent = true;
    this.inFlight.set(correlationId, append);
    // The clocks may differ by more than the deadline: so a retry leaves it to the server.
    return { append, messages: messagesOf(append, correlationId, append.failures > 0 ? undefined : append.deadline) };
  }

  /** Opens a stream for as long as something needs one. */
  private async open(): Promise<void> {
    if (this.opening) return;
    this.opening = true;
    const { calls, clock, requiresLeader } = this.options;
    const stop = this.stopped.signal;
    while (!this.call && this.unanswered.size > 0 && !stop.aborted) {
      try {
        if (this.failures > 0) await clock.sleep(backoffMs(this.failures, longestDelayMs), stop);
        this.call = await BatchCall.start(
          { calls, clock, requiresLeader, stop, patienceMs: this.mostSilenceMs },
          {
            answered: (answer) => this.receive(answer),
            drained: () => {
              this.lastSignOfLife = clock.now();
              this.send();
            },
            broken: (error) => {
              this.interrupt(error);
              void this.open();
            },
          },
        );
      } catch (error) {
        this.interrupt(error);
      }
    }
    this.opening = false;
    if (stop.aborted) this.leave();
    if (this.call) this.send();
  }

  private receive(answer: streams.BatchAppendResp): void {
    this.lastSignOfLife = this.options.clock.now();
    this.answers++;
    this.failures = 0;
    const append = this.inFlight.get(answer.getCorrelationId()?.getString() ?? "");
    if (!append) return; // servers answer some appends twice, and late ones were given up
    this.take(append);
    const outcome = outcomeOf(answer, append, this.options.who);
    if (outcome instanceof Interruption) void this.sendLater(append, outcome);
    else this.settle(append, outcome);
  }

  private async sendLater(append: PendingAppend, failure: Interruption): Promise<void> {
    append.lastFailure = failure;
    await this.options.clock.sleep(backoffMs(++append.failures, longestDelayMs), this.stopped.signal);
    this.ready.push(append);
    this.send();
  }

  /** There is no stream: whatever was under way goes over the next one, first. */
  private interrupt(error: unknown): void {
    this.call = undefined;
    this.sending = undefined;
    this.failures++;
    const interrupted = [...this.inFlight.values()];
    for (const append of interrupted) this.take(append);
    this.ready = [...interrupted, ...this.ready];
    for (const append of this.unanswered) {
      const what = whatOf(append);
      const failure = failureOf(error, { what, privilege: what, who: this.options.who });
      append.lastFailure = failure;
      // Anything else may be the fault of one append among many.
      if (lasting.some((type) => failure instanceof type)) this.settle(append, failure);
    }
  }

  private take(append: PendingAppend): void {
    if (append.correlationId !== undefined) this.inFlight.delete(append.correlationId);
    append.correlationId = undefined;
  }

  private settle(append: PendingAppend, outcome: Placed | Error): void {
    if (append.isSettled) return;
    append.isSettled = true;
    this.take(append);
    this.unanswered.delete(append);
    const lane = this.lanes.get(append.streamName)!;
    const wasFirst = lane[0] === append;
    lane.splice(lane.indexOf(append), 1);
    if (lane.length === 0) this.lanes.delete(append.streamName);
    else if (wasFirst) this.ready.push(lane[0]!);
    if (outcome instanceof Error) append.reject(outcome);
    else append.resolve(outcome);
    if (this.unanswered.size === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
    else if (wasFirst) this.send();
  }

  /** Looks after deadlines and silence for as long as there is something to wait for. */
  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    const { clock, appendDeadlineMs } = this.options;
    while (this.unanswered.size > 0 && !this.stopped.signal.aborted) {
      const now = clock.now();
      for (const append of this.unanswered) {
        if (append.deadline > now) break;
        this.settle(append, late(append, appendDeadlineMs));
      }
      const silentMs = now - this.lastSignOfLife;
      if (this.inFlight.size > 0 && silentMs >= this.mostSilenceMs)
        this.call?.abandon(`no answer to an append for ${Math.round(silentMs)} ms`);
      const [first] = this.unanswered;
      if (first)
        await clock.sleep(Math.max(1, Math.min(first.deadline - now, this.mostSilenceMs)), this.stopped.signal);
    }
    this.watching = false;
  }
}
