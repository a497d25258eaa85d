/** Streams.BatchAppend: many appends over one call, all in flight at once, answered as they are done. */

import type { Status } from "@eventstore/db-client/generated/status_pb.js";
import type { BatchAppendReq, BatchAppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { InvalidAppend } from "../../../src/errors.js";
import type { LogWrites } from "../counted-writes.js";
import { Batch } from "./batch.js";
import { refusal, streamDeleted, timeout, wrongExpectedVersion } from "./batch-error.js";
import type { BatchPart } from "./batch-request.js";
import { uuidOf } from "./identifiers.js";
import { Outlet } from "./outlet.js";
import { streaming } from "./service.js";

export interface AppendSettings {
  /** Most bytes of data in one append. */
  readonly maxAppendBytes: number;
  /** How long a write may take, whatever the client says, in milliseconds. */
  readonly writeTimeoutMs: number;
}

type Call = ServerDuplexStream<BatchPart, BatchAppendResp>;

export const batchAppendHandler = (log: LogWrites, settings: AppendSettings) =>
  streaming((call: Call) => new BatchAppends(log, settings, call).done);

/** What is held at once; beyond it the client has to wait, and so does the time that a write may take. */
const mostBytesHeld = 32 * 1024 * 1024;
const mostBatchesHeld = 4_000;
const mostAnswersHeld = 1_000;

class BatchAppends {
  /** Resolves when the client has sent all that it has to send, and everything is answered. */
  readonly done: Promise<void>;
  readonly #outlet: Outlet<BatchAppendResp>;
  /** Batches whose last part has not come. */
  readonly #open = new Map<string, Batch>();
  /** Batches that were answered before their last part has come. */
  readonly #refused = new Set<string>();
  readonly #timers = new Map<Batch, NodeJS.Timeout>();
  #writing = 0;
  #bytesHeld = 0;
  #halfClosed = false;
  #stopped = false;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(
    private readonly log: LogWrites,
    private readonly settings: AppendSettings,
    private readonly call: Call,
  ) {
    this.#outlet = new Outlet(call);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    call.on("data", (part: BatchPart) => this.#receive(part));
    call.on("drain", () => this.#goOn());
    call.on("end", () => {
      this.#halfClosed = true;
      this.#goOn();
    });
    call.on("cancelled", () => this.#stop());
  }

  #receive({ request, timeoutMs, byteLength }: BatchPart): void {
    if (this.#stopped) return;
    let id: string;
    try {
      id = uuidOf(request.getCorrelationId(), "The correlation id of a batch");
    } catch (error) {
      // Nobody could tell what an answer belongs to.
      return this.#stop(error);
    }
    const isLast = request.getIsFinal();
    if (this.#refused.has(id)) {
      if (isLast) this.#refused.delete(id);
      return;
    }
    const known = this.#open.get(id);
    const batch =
      known ?? new Batch(id, request.getCorrelationId()!, request.getOptions(), this.settings.maxAppendBytes);
    if (isLast) this.#open.delete(id);
    else this.#open.set(id, batch);
    batch.byteLength += byteLength;
    this.#bytesHeld += byteLength;
    if (!known) this.#limit(batch, timeoutMs);
    if (!batch.answered) this.#add(batch, request);
    if (this.#mustWait) this.call.pause();
  }

  #add(batch: Batch, request: BatchAppendReq): void {
    try {
      batch.add(request.getProposedMessagesList());
    } catch (error) {
      return this.#refuse(batch, refusal(error, this.settings.maxAppendBytes));
    }
    if (request.getIsFinal()) void this.#write(batch);
  }

  /** A batch that is not written in time is answered, although it may still be written. */
  #limit(batch: Batch, timeoutMs: number): void {
    const expire = () => this.#refuse(batch, timeout());
    if (timeoutMs <= 0) return expire();
    // A process that was held up may find timers and what they wait for due together: the latter first.
    const timer = setTimeout(() => setImmediate(expire), Math.min(timeoutMs, this.settings.writeTimeoutMs));
    this.#timers.set(batch, timer);
  }

  async #write(batch: Batch): Promise<void> {
    batch.isBeingWritten = true;
    this.#writing++;
    const { streamName, records, expected } = batch.write;
    try {
      const outcome = await this.log.append(streamName, records, expected);
      if (outcome.kind === "written") this.#answer(batch, batch.written(outcome));
      else if (outcome.kind === "streamDeleted") this.#answer(batch, batch.failed(streamDeleted(streamName)));
      else this.#answer(batch, batch.failed(wrongExpectedVersion(expected, outcome.current)));
    } catch (error) {
      if (error instanceof InvalidAppend)
        this.#answer(batch, batch.failed(refusal(error, this.settings.maxAppendBytes)));
      // The log cannot be written: no batch of this call will fare better.
      else this.#stop(error);
    }
    this.#writing--;
    this.#bytesHeld -= batch.byteLength;
    this.#goOn();
  }

  #refuse(batch: Batch, why: Status): void {
    if (batch.answered) return;
    if (this.#open.delete(batch.id)) this.#refused.add(batch.id);
    this.#answer(batch, batch.failed(why));
    if (batch.isBeingWritten) return;
    this.#bytesHeld -= batch.byteLength;
    this.#goOn();
  }

  #answer(batch: Batch, answer: BatchAppendResp): void {
    if (batch.answered || this.#stopped) return;
    batch.answered = true;
    clearTimeout(this.#timers.get(batch));
    this.#timers.delete(batch);
    this.#outlet.write(answer);
  }

  get #mustWait(): boolean {
    if (this.#bytesHeld > mostBytesHeld || this.#writing >= mostBatchesHeld) return true;
    return this.call.writableLength > mostAnswersHeld;
  }

  #goOn(): void {
    if (this.#halfClosed && this.#writing === 0) this.#stop();
    else if (this.call.isPaused() && !this.#mustWait) this.call.resume();
  }

  /** Nothing more is answered. */
  #stop(error?: unknown): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }
}
