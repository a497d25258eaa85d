/** A log that fails, or answers late, when a test says so; everything else goes through to the log inside. */

import {
  MemoryEventStore,
  StoreUnavailable,
  type AppendResult,
  type EventData,
  type EventStore,
  type ExpectedRevision,
  type Page,
  type ReadLogOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
  type SubscriptionMessage,
} from "../../src/index.js";

export class FaultyStore implements EventStore {
  private outage: AbortController | undefined;
  private standing = new AbortController();
  /** Runs before each append reaches the log, and may throw. */
  beforeAppend: (streamName: string, events: readonly EventData[]) => Promise<void> = async () => undefined;
  /** Runs when the log has appended, before the caller learns of it. */
  afterAppend: (streamName: string) => Promise<void> = async () => undefined;

  constructor(readonly inner: EventStore = new MemoryEventStore()) {}

  get streamPrefix() {
    return this.inner.streamPrefix;
  }

  /** Nothing is answered from now on, and subscriptions break. */
  goDown(): void {
    this.outage = new AbortController();
    this.standing.abort();
  }

  comeBack(): void {
    this.outage = undefined;
    this.standing = new AbortController();
  }

  async append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    this.check();
    await this.beforeAppend(streamName, events);
    const result = await this.inner.append(streamName, events, options);
    await this.afterAppend(streamName);
    return result;
  }

  async storeId(): Promise<string> {
    this.check();
    return this.inner.storeId();
  }

  async head(): Promise<bigint | undefined> {
    this.check();
    return this.inner.head();
  }

  readStream(streamName: string, options?: ReadStreamOptions): AsyncIterable<Page> {
    return this.through(this.inner.readStream(streamName, options));
  }

  readLog(options?: ReadLogOptions): AsyncIterable<Page> {
    return this.through(this.inner.readLog(options));
  }

  readCorrelation(correlationId: string): AsyncIterable<Page> {
    return this.through(this.inner.readCorrelation(correlationId));
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    const signal = AbortSignal.any([this.standing.signal, ...(options.signal ? [options.signal] : [])]);
    return this.through(this.inner.subscribe({ ...options, signal }));
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private async *through<T>(source: AsyncIterable<T>): AsyncGenerator<T, void> {
    this.check();
    for await (const each of source) {
      this.check();
      yield each;
    }
    this.check();
  }

  private check(): void {
    if (this.outage) throw new StoreUnavailable("the log does not answer");
  }
}
