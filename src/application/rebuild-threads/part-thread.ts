/** A thread of a rebuild as the main thread sees it: its progress, the rows that it hands over, and how it ended. */

import { Worker } from "node:worker_threads";
import { RebuildThreadEnded } from "../../errors.js";
import { PartFailed } from "../../projection/index.js";
import type { Checkpoint } from "../../subscription/index.js";
import type { Assignment, FromThread, RowBatch, ToThread } from "./messages.js";
import { revived } from "./portable-error.js";

export interface PartThreadOptions {
  /** Commits rows; the thread waits until then. */
  readonly write: (batch: RowBatch) => Promise<void>;
  readonly onProgress: () => void;
}

export class PartThread {
  /** Events folded so far. */
  events = 0;
  /** Position up to which it has read. */
  position: bigint | undefined;
  /** Where its part stands when all of it was folded. It rejects with `PartFailed`, or with what went wrong otherwise. */
  readonly finished: Promise<Checkpoint>;
  private readonly worker: Worker;
  private readonly gone: Promise<unknown>;

  constructor(assignment: Assignment, { write, onProgress }: PartThreadOptions) {
    const { part, generation, through } = assignment;
    this.worker = new Worker(new URL("./thread.js", import.meta.url), { workerData: assignment });
    this.gone = new Promise((resolve) => this.worker.once("exit", resolve));
    this.finished = new Promise((resolve, reject) => {
      const ended = (reason: string, cause?: unknown) =>
        reject(new RebuildThreadEnded(generation.name, part.index + 1, part.of, reason, { cause }));
      this.worker.on("error", (error) => ended(error instanceof Error ? error.message : String(error), error));
      this.worker.on("messageerror", (error) => ended(error.message, error));
      this.worker.on("exit", (code) => ended(`it exited with ${code}`));
      this.worker.on("message", (message: FromThread) => {
        if (message.kind === "rows") write(message).then(() => this.tell({ kind: "written" }), reject);
        else if (message.kind === "failed") reject(failureOf(message));
        else if (message.kind === "progress") [this.events, this.position] = [message.events, message.position];
        else {
          [this.events, this.position] = [message.checkpoint.handled, through];
          resolve(message.checkpoint);
        }
        onProgress();
      });
    });
    // Whoever waits for all of them hears of it.
    this.finished.catch(() => {});
  }

  /** It need not read beyond this position any more. */
  stopAt(position: bigint): void {
    this.tell({ kind: "through", position });
  }

  /** Ends the thread, whatever it is at, and resolves when it is gone. */
  async end(): Promise<void> {
    await this.worker.terminate();
    await this.gone;
  }

  private tell(message: ToThread): void {
    this.worker.postMessage(message);
  }
}

function failureOf({ error, position }: Extract<FromThread, { kind: "failed" }>): Error {
  const reason = revived(error);
  return position === undefined ? reason : new PartFailed(position, reason);
}
