/** A log that is only read: what Rollcall itself would write into it goes to a store of its own. */

import { LogIsReadOnly } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type {
  AppendResult,
  EventData,
  EventFilter,
  EventStore,
  ExpectedRevision,
  Page,
  ReadLogOptions,
  ReadStreamOptions,
  SubscribeOptions,
  SubscriptionMessage,
} from "./event-store.js";
import { boundIdentity, type ReadableLog } from "./log-binding.js";

export interface ReadOnlyEventStoreOptions {
  /** Is never appended to. */
  readonly log: ReadableLog;
  /** Holds the streams that begin with the prefix: flags, acknowledgements, definitions. Of the log's prefix. */
  readonly own: EventStore;
  /** False for a log that the caller closes. */
  readonly closesLog?: boolean;
}

/**
 * Head and identity are those of the log, and so is everything that is not asked by the prefix. Positions of `own` are
 * another matter: whoever follows flags by positions does so in `flagsStoreOf(store)`.
 */
export class ReadOnlyEventStore implements EventStore {
  readonly own: EventStore;
  private readonly log: ReadableLog;

  constructor(private readonly options: ReadOnlyEventStoreOptions) {
    this.own = options.own;
    this.log = options.log;
  }

  get streamPrefix(): string {
    return this.log.streamPrefix;
  }

  /** @throws IncompatibleStore when what is kept of our own belongs to another log */
  storeId(): Promise<string> {
    return boundIdentity(this.log, this.own);
  }

  /** @throws LogIsReadOnly for a stream of the log */
  async append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    if (!this.isOwn(streamName)) throw new LogIsReadOnly(streamName);
    return this.own.append(streamName, events, options);
  }

  readStream(streamName: string, options?: ReadStreamOptions): AsyncIterable<Page> {
    return (this.isOwn(streamName) ? this.own : this.log).readStream(streamName, options);
  }

  readLog(options?: ReadLogOptions): AsyncIterable<Page> {
    return this.storeOf(options?.filter).readLog(options);
  }

  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return this.storeOf(options?.filter).subscribe(options);
  }

  /** Those of the log in its order, and ours among them by when they were recorded. */
  async *readCorrelation(correlationId: string): AsyncGenerator<Page, void> {
    const ours: RecordedEvent[] = [];
    for await (const page of this.own.readCorrelation(correlationId)) ours.push(...page);
    for await (const page of this.log.readCorrelation(correlationId)) {
      const merged = page.flatMap((event) => {
        const later = ours.findIndex(({ recordedAtMs }) => recordedAtMs >= event.recordedAtMs);
        return [...ours.splice(0, later < 0 ? ours.length : later), event];
      });
      yield merged;
    }
    if (ours.length > 0) yield ours;
  }

  head(): Promise<bigint | undefined> {
    return this.log.head();
  }

  async close(): Promise<void> {
    const { closesLog = true } = this.options;
    await Promise.all([this.own.close(), ...(closesLog ? [this.log.close()] : [])]);
  }

  private isOwn(streamName: string): boolean {
    return streamName.startsWith(this.streamPrefix);
  }

  private storeOf(filter: EventFilter | undefined): EventStore {
    const prefixes = filter && "streamPrefixes" in filter ? filter.streamPrefixes : [];
    return prefixes.length > 0 && prefixes.every((prefix) => this.isOwn(prefix)) ? this.own : this.log;
  }
}
