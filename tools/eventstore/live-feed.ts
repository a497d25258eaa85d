/** What is committed, as it is committed, to everybody who follows: the log is read once, however many they are. */

import type { LogRecord, RecordLog } from "./record-log.js";

const pageSize = 256;

/** A follower that falls further behind than this reads the log itself. */
const mostRecords = 1_000;
const mostBytes = 4 * 1024 * 1024;

/** Records that were committed since its follower began to follow, in order and without a gap. */
export class LiveQueue {
  /** Records were left out because the follower was too slow: nothing comes after those that are queued. */
  overflown = false;
  /** The log could not be read. */
  failure: unknown;
  readonly #records: LogRecord[] = [];
  #bytes = 0;

  constructor(
    private readonly after: number,
    private readonly wake: () => void,
    /** Ends following. */
    readonly end: () => void,
  ) {}

  next(): LogRecord | undefined {
    const record = this.#records.shift();
    if (record) this.#bytes -= record.data.length + record.metadata.length;
    return record;
  }

  offer(record: LogRecord): void {
    if (record.position <= this.after || this.overflown) return;
    this.#bytes += record.data.length + record.metadata.length;
    if (this.#records.length >= mostRecords || this.#bytes > mostBytes) {
      this.overflown = true;
      this.end();
    } else this.#records.push(record);
    this.wake();
  }

  fail(error: unknown): void {
    this.failure = error;
    this.wake();
  }
}

export class LiveFeed {
  readonly #queues = new Map<string | undefined, Set<LiveQueue>>();
  #position = 0;
  #reading = false;
  #stop: (() => void) | undefined;

  constructor(private readonly log: RecordLog) {}

  /**
   * Follows a stream, or the whole log: from what is committed after the present head. `wake` is called when there is
   * something in the queue.
   */
  follow(streamName: string | undefined, wake: () => void): LiveQueue {
    if (!this.#stop) {
      this.#position = this.log.head();
      this.#stop = this.log.onCommit(() => this.#readSoon());
    }
    const queues = this.#queues.get(streamName) ?? new Set();
    this.#queues.set(streamName, queues);
    const queue: LiveQueue = new LiveQueue(this.log.head(), wake, () => this.#end(streamName, queue));
    queues.add(queue);
    return queue;
  }

  #end(streamName: string | undefined, queue: LiveQueue): void {
    const queues = this.#queues.get(streamName);
    if (!queues?.delete(queue) || queues.size > 0) return;
    this.#queues.delete(streamName);
    if (this.#queues.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #readSoon(): void {
    if (this.#reading) return;
    this.#reading = true;
    // Commits that come together are read together.
    setImmediate(() => {
      this.#reading = false;
      if (this.#stop) this.#read();
    });
  }

  #read(): void {
    try {
      const wanted = this.#queues.has(undefined)
        ? undefined
        : ({ streamName }: { streamName: string }) => this.#queues.has(streamName);
      const { records, through, complete } = this.log.readAll("forwards", this.#position, pageSize, wanted);
      this.#position = Math.max(this.#position, through);
      for (const record of records)
        for (const name of [record.streamName, undefined])
          for (const queue of this.#queues.get(name) ?? []) queue.offer(record);
      if (!complete) this.#readSoon();
    } catch (error) {
      for (const queues of this.#queues.values()) for (const queue of queues) queue.fail(error);
    }
  }
}
