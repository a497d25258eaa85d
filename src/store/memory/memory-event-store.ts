/** A log in memory with the semantics of the real ones: for tests. */

import { systemClock, type Clock } from "../../clock.js";
import { StoreClosed } from "../../errors.js";
import { contentsOf, randomId, RecordedEvent } from "../../message/index.js";
import { decideAppend, encodeAppend, type EncodedEvent, type StreamState } from "../appending.js";
import { ChangeWatch } from "../change-watch.js";
import { passes } from "../event-filter.js";
import {
  defaultStreamPrefix,
  type AppendResult,
  type EventData,
  type EventFilter,
  type ExpectedRevision,
} from "../event-store.js";
import { PagedEventStore, type LogPart, type PageSource } from "../paged-event-store.js";

interface StoredEvent extends EncodedEvent {
  readonly streamName: string;
  readonly revision: number;
  readonly position: number;
  readonly recordedAtMs: number;
}

const pageSize = 500;

export interface MemoryEventStoreOptions {
  readonly clock?: Clock | undefined;
  /** A new identity unless stated. */
  readonly storeId?: string | undefined;
  /** `rollcall.` unless stated. */
  readonly streamPrefix?: string | undefined;
}

/** Keeps everything until it is garbage. Positions count from 1. */
export class MemoryEventStore extends PagedEventStore {
  readonly streamPrefix: string;
  private readonly log: StoredEvent[] = [];
  private readonly streams = new Map<string, StoredEvent[]>();
  private readonly clock: Clock;
  private readonly id: string;
  private closed = false;
  protected override readonly watch = new ChangeWatch();
  protected override readonly source: PageSource = {
    head: () => this.log.length,
    logPart: (after, last, filter) => this.logPart(after, last, filter),
    streamPart: (streamName, direction, from, limit) => {
      const stream = this.streams.get(streamName) ?? [];
      const size = Math.min(limit, pageSize);
      const first = direction === "forwards" ? Math.max(0, from) : Math.min(from, stream.length - 1) + 1 - size;
      const events = stream.slice(Math.max(0, first), Math.max(0, first + size)).map(recorded);
      return { events: direction === "forwards" ? events : events.reverse(), complete: events.length < size };
    },
    correlationPart: (correlationId, after) => {
      const found = this.log.filter((event) => event.position > after && event.correlationId === correlationId);
      return { events: found.slice(0, pageSize).map(recorded), complete: found.length <= pageSize };
    },
  };

  constructor({
    clock = systemClock,
    storeId = randomId(),
    streamPrefix = defaultStreamPrefix,
  }: MemoryEventStoreOptions = {}) {
    super();
    this.streamPrefix = streamPrefix;
    this.clock = clock;
    this.id = storeId;
  }

  async storeId(): Promise<string> {
    return this.attempt("storeId", () => this.id);
  }

  async append(
    streamName: string,
    events: readonly EventData[],
    { expectedRevision }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    if (this.closed) throw new StoreClosed(`append to ${streamName}`);
    const encoded = encodeAppend(streamName, events, expectedRevision);
    const stream = this.streams.get(streamName) ?? [];
    const decision = decideAppend(streamName, expectedRevision, encoded, stateOf(stream));
    if (decision.write) {
      this.streams.set(streamName, stream);
      const recordedAtMs = Math.max(Math.trunc(this.clock.now()), this.log.at(-1)?.recordedAtMs ?? 0);
      for (const event of encoded) {
        const stored = { ...event, streamName, revision: stream.length, position: this.log.length + 1, recordedAtMs };
        stream.push(stored);
        this.log.push(stored);
      }
      this.watch.notify();
    }
    const last = decision.write ? stream.at(-1)! : stream[decision.duplicateAt]!;
    return { revision: BigInt(last.revision), position: BigInt(last.position) };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.endSubscriptions();
  }

  protected override async attempt<T>(what: string, step: () => T): Promise<T> {
    if (this.closed) throw new StoreClosed(what);
    return step();
  }

  private logPart(after: number, last: number, filter: EventFilter | undefined): LogPart {
    const events: RecordedEvent[] = [];
    let through = after;
    while (through < last && events.length < pageSize) {
      const event = this.log[through++]!;
      if (passes(filter, event.type, event.streamName)) events.push(recorded(event));
    }
    return { events, through };
  }
}

const stateOf = (stream: readonly StoredEvent[]): StreamState => ({
  lastRevision: stream.length - 1,
  idsFrom: (revision, count) => stream.slice(revision, revision + count).map(({ id }) => id),
  revisionOf: (id) => stream.findLast((event) => event.id === id)?.revision,
});

// Decoded anew each time, so that no reader can change what another one gets.
const recorded = (event: StoredEvent): RecordedEvent =>
  new RecordedEvent(
    event.id,
    event.streamName,
    event.type,
    event.revision,
    event.position,
    event.recordedAtMs,
    event.schemaVersion,
    event.correlationId,
    event.occurredAtMs,
    event.imported,
    event.contentType,
    contentsOf(typeof event.data === "string" ? JSON.parse(event.data) : new Uint8Array(event.data), () =>
      event.metadata instanceof Uint8Array ? new Uint8Array(event.metadata) : event.metadata,
    ),
  );
