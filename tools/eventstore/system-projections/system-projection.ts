/** One system projection: enabled or not for good, running or not now. */

import type { RecordLog } from "../record-log.js";
import type { Definition } from "./definitions.js";
import { ProjectionNotRunning } from "./errors.js";
import { readCheckpoint, readConfiguration, writeConfiguration, type Configuration } from "./projection-records.js";
import { ProjectionWorker, type Progress, type WorkerOptions } from "./projection-worker.js";

/** What a server tells of a projection. Positions are those of the log, 0 before its first record. */
export interface ProjectionStatistics extends Progress {
  readonly name: string;
  readonly version: number;
  /** -1 until the first reset. */
  readonly epoch: number;
  /** In the words of the real server. */
  readonly status: "Running" | "Stopped" | "Stopped (Enabled)" | "Aborted/Stopped" | "Faulted (Enabled)";
  /** Why it has failed; empty if it has not. */
  readonly stateReason: string;
  /** Percentage of the log that is linked; -1 while the projection has never run. */
  readonly percent: number;
}

export class SystemProjection {
  #configuration: Configuration;
  #worker: ProjectionWorker | undefined;
  #aborted = false;
  #failure: Error | undefined;
  /** Of the changes that were asked for, the last. */
  #turn: Promise<void> = Promise.resolve();

  /** Runs at once if it was enabled when the log was last closed. */
  constructor(
    private readonly log: RecordLog,
    private readonly definition: Definition,
    private readonly options: WorkerOptions,
  ) {
    this.#configuration = readConfiguration(log, definition);
    if (this.#configuration.enabled) this.#start();
  }

  /** Goes on from the checkpoint. It runs, and will run after a restart, once this resolves. */
  enable(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#worker && !this.#failure) return;
      await this.#configure({ enabled: true });
      this.#start();
    });
  }

  /** Writes nothing any more once this resolves. Without a checkpoint, as an abort, the next start has more to look through. */
  disable({ withCheckpoint = true } = {}): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop(withCheckpoint);
      if (this.#configuration.enabled) await this.#configure({ enabled: false });
      this.#aborted = !withCheckpoint;
    });
  }

  /** Hides the links there are, and begins again from the first event. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop(false);
      await this.#configure({ epoch: this.#configuration.version + 1 });
      if (this.#configuration.enabled) this.#start();
    });
  }

  /** As if the server were stopped and started. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop(true);
      if (this.#configuration.enabled) this.#start();
    });
  }

  /** It stays enabled, for the next start. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop(true));
  }

  /** Resolves once all that is in the log now is linked. @throws ProjectionNotRunning */
  async caughtUp(): Promise<void> {
    const head = this.log.head();
    await this.#turn;
    if (!this.#worker) throw new ProjectionNotRunning(this.definition.name, { cause: this.#failure });
    await this.#worker.reached(head);
  }

  get statistics(): ProjectionStatistics {
    const { version, epoch } = this.#configuration;
    const progress = this.#worker?.progress ?? this.#atRest();
    const head = this.log.head();
    return {
      ...progress,
      name: this.definition.name,
      version,
      epoch,
      status: this.#status(),
      stateReason: this.#failure?.message ?? "",
      percent: version === 0 ? -1 : head === 0 ? 100 : (100 * progress.position) / head,
    };
  }

  #status(): ProjectionStatistics["status"] {
    if (this.#failure) return "Faulted (Enabled)";
    if (this.#worker) return "Running";
    if (this.#configuration.enabled) return "Stopped (Enabled)";
    return this.#aborted ? "Aborted/Stopped" : "Stopped";
  }

  #atRest(): Progress {
    const checkpoint = readCheckpoint(this.log, this.definition, this.#configuration);
    return { position: checkpoint, checkpoint, processed: 0, processingMs: 0, isWriting: false };
  }

  #start(): void {
    this.#failure = undefined;
    this.#aborted = false;
    const onFailure = (error: Error) => this.#fail(error);
    const options = { ...this.options, onFailure };
    this.#worker = new ProjectionWorker(this.log, this.definition, this.#configuration, options);
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.options.onFailure(error);
  }

  async #stop(withCheckpoint: boolean): Promise<void> {
    await this.#worker?.stop({ withCheckpoint });
    this.#worker = undefined;
    this.#failure = undefined;
  }

  async #configure(change: Partial<Configuration>): Promise<void> {
    const changed = { ...this.#configuration, ...change, version: this.#configuration.version + 1 };
    await writeConfiguration(this.log, this.definition, changed);
    this.#configuration = changed;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => {});
    return done;
  }
}
