/** An event store that lets everything through and keeps what it was asked to append; a test may step in before. */

import {
  MemoryEventStore,
  type AppendResult,
  type EventData,
  type EventStore,
  type ExpectedRevision,
  type ReadLogOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
} from "../../src/index.js";

export interface RecordedAppend {
  readonly streamName: string;
  readonly events: readonly EventData[];
  readonly expectedRevision: ExpectedRevision;
}

export class RecordingStore implements EventStore {
  readonly appends: RecordedAppend[] = [];
  /** Runs before each append reaches the store. */
  beforeAppend: (append: RecordedAppend) => Promise<void> = () => Promise.resolve();

  constructor(readonly inner: EventStore = new MemoryEventStore()) {}

  get streamPrefix() {
    return this.inner.streamPrefix;
  }

  async append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    const append = { streamName, events, ...options };
    this.appends.push(append);
    await this.beforeAppend(append);
    return this.inner.append(streamName, events, options);
  }

  storeId = () => this.inner.storeId();
  readStream = (streamName: string, options?: ReadStreamOptions) => this.inner.readStream(streamName, options);
  readLog = (options?: ReadLogOptions) => this.inner.readLog(options);
  readCorrelation = (correlationId: string) => this.inner.readCorrelation(correlationId);
  subscribe = (options?: SubscribeOptions) => this.inner.subscribe(options);
  head = () => this.inner.head();
  close = () => this.inner.close();
}
