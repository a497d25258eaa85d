/** A log that fails at a chosen write, or dies: then its holder can write nothing any more, as if the process were killed. */

import type { ExpectedRevision } from "../../../src/store/index.js";
import type {
  Direction,
  LogRecord,
  ProposedRecord,
  RecordFilter,
  RecordLog,
} from "../../../tools/eventstore/record-log.js";

export class Killed extends Error {}

export interface Death {
  /** So many writes are done before. */
  readonly afterWrites: number;
  /** The write at which it dies is done all the same; only nobody learns of it. */
  readonly isWritten: boolean;
  /** Otherwise it is ill for this one write. */
  readonly isFatal: boolean;
}

export class MortalLog implements RecordLog {
  readonly id: string;
  #death: Death | undefined;
  #isDead = false;

  /** Whoever holds `log` itself goes on living. */
  constructor(private readonly log: RecordLog) {
    this.id = log.id;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  dieAt(death: Death): void {
    this.#death = death;
  }

  dieNow(): void {
    this.#isDead = true;
  }

  append(streamName: string, events: readonly ProposedRecord[], expected: ExpectedRevision) {
    return this.#write(() => this.log.append(streamName, events, expected));
  }

  delete(streamName: string, expected: ExpectedRevision) {
    return this.#write(() => this.log.delete(streamName, expected));
  }

  tombstone(streamName: string, expected: ExpectedRevision) {
    return this.#write(() => this.log.tombstone(streamName, expected));
  }

  readStream(streamName: string, direction: Direction, from: bigint | "start" | "end", limit: number) {
    return this.log.readStream(streamName, direction, from, limit);
  }

  readAll(direction: Direction, from: number, limit: number, filter?: RecordFilter) {
    return this.log.readAll(direction, from, limit, filter);
  }

  resolve(link: LogRecord) {
    return this.log.resolve(link);
  }

  head(): number {
    return this.log.head();
  }

  onCommit(listener: () => void): () => void {
    return this.log.onCommit(listener);
  }

  close(): Promise<void> {
    return this.log.close();
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    if (this.#isDead) throw new Killed("before this write");
    const death = this.#death;
    this.#death = death && (death.afterWrites > 0 ? { ...death, afterWrites: death.afterWrites - 1 } : undefined);
    if (!death || this.#death) return write();
    this.#isDead = death.isFatal;
    if (death.isWritten) await write();
    throw new Killed("at this write");
  }
}
