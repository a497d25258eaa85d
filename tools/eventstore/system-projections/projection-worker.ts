/** Follows the log for one enabled projection, from its checkpoint on, and writes the links. */

import { setImmediate as turn } from "node:timers/promises";
import type { LogRecord, RecordLog } from "../record-log.js";
import { CommitSignal } from "./commit-signal.js";
import type { Definition } from "./definitions.js";
import { ProjectionNotRunning } from "./errors.js";
import type { Version } from "./link-record.js";
import { LinkWriter } from "./link-writer.js";
import { readCheckpoint, writeCheckpoint } from "./projection-records.js";

/** Events that are read, and whose links are written, together. */
const recordsPerPage = 500;

/** What a projection is doing, for those who ask. */
export interface Progress {
  /** Everything up to here is linked. */
  readonly position: number;
  /** From where a start would go on. */
  readonly checkpoint: number;
  /** Events seen since the start. */
  readonly processed: number;
  readonly processingMs: number;
  readonly isWriting: boolean;
}

export interface WorkerOptions {
  /** Records passed, linked or not, from checkpoint to checkpoint; a start has to look through so many for links. */
  readonly recordsPerCheckpoint: number;
  /** It has stopped of itself. */
  readonly onFailure: (error: Error) => void;
}

interface Waiting {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class ProjectionWorker {
  readonly #commits: CommitSignal;
  readonly #writer: LinkWriter;
  /** Settles when nothing will be written any more; never rejects. */
  readonly #finished: Promise<void>;
  readonly #waiting: Waiting[] = [];
  readonly #sinceCheckpoint = { passed: 0, seen: 0 };
  #progress: Progress;
  /** Why it stopped of itself. */
  #failure: Error | undefined;
  #end: "with a checkpoint" | "at once" | undefined;

  constructor(
    private readonly log: RecordLog,
    private readonly definition: Definition,
    private readonly version: Version,
    private readonly options: WorkerOptions,
  ) {
    this.#commits = new CommitSignal(log);
    this.#writer = new LinkWriter(log, definition, version);
    const checkpoint = readCheckpoint(log, definition, version);
    this.#progress = { position: checkpoint, checkpoint, processed: 0, processingMs: 0, isWriting: false };
    this.#finished = this.#run();
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Resolves once every event up to `position` is linked. @throws ProjectionNotRunning when it stops before */
  async reached(position: number): Promise<void> {
    if (this.#progress.position >= position) return;
    if (this.#end || this.#failure) throw this.#notRunning();
    await new Promise<void>((resolve, reject) => this.#waiting.push({ position, resolve, reject }));
  }

  /** Ends after what is being written. Resolves when nothing will be written any more. */
  async stop({ withCheckpoint = true } = {}): Promise<void> {
    this.#end ??= withCheckpoint ? "with a checkpoint" : "at once";
    this.#commits.give();
    await this.#finished;
  }

  async #run(): Promise<void> {
    try {
      await turn();
      await this.#recall();
      while (!this.#end) {
        this.#commits.clear();
        const isAtTheEnd = await this.#link();
        if (this.#sinceCheckpoint.passed >= this.options.recordsPerCheckpoint) await this.#writeCheckpoint();
        await (isAtTheEnd ? this.#commits.given() : turn());
      }
      if (this.#end === "with a checkpoint" && this.#sinceCheckpoint.seen > 0) await this.#writeCheckpoint();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.options.onFailure(this.#failure);
    } finally {
      this.#commits.close();
      for (const { reject } of this.#waiting.splice(0)) reject(this.#notRunning());
    }
  }

  /** A crash may have left links that no checkpoint tells of. */
  async #recall(): Promise<void> {
    for (let [from, complete] = [this.#progress.checkpoint, false]; !complete && !this.#end; await turn()) {
      const page = this.log.readAll("forwards", from, recordsPerPage, this.#writer.isOutput);
      for (const record of page.records) this.#writer.recall(record);
      ({ through: from, complete } = page);
    }
  }

  /** One page. @returns whether it was the last one for now */
  async #link(): Promise<boolean> {
    const begun = performance.now();
    const page = this.log.readAll("forwards", this.#progress.position, recordsPerPage, this.definition.sees);
    await this.#write(page.records);
    this.#sinceCheckpoint.passed += page.considered;
    this.#sinceCheckpoint.seen += page.records.length;
    const { position, processed, processingMs } = this.#progress;
    this.#progress = {
      ...this.#progress,
      position: Math.max(position, page.through),
      processed: processed + page.records.length,
      processingMs: processingMs + performance.now() - begun,
    };
    this.#release();
    return page.complete;
  }

  async #write(sources: readonly LogRecord[]): Promise<void> {
    this.#progress = { ...this.#progress, isWriting: sources.length > 0 };
    await this.#writer.write(sources);
    this.#progress = { ...this.#progress, isWriting: false };
  }

  async #writeCheckpoint(): Promise<void> {
    const { position } = this.#progress;
    await writeCheckpoint(this.log, this.definition, this.version, position);
    this.#progress = { ...this.#progress, checkpoint: position };
    Object.assign(this.#sinceCheckpoint, { passed: 0, seen: 0 });
  }

  #release(): void {
    const reached = this.#waiting.filter(({ position }) => position <= this.#progress.position);
    for (const waiting of reached) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve();
    }
  }

  #notRunning = () => new ProjectionNotRunning(this.definition.name, { cause: this.#failure });
}
