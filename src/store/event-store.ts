/** The event store as a port: what the rest of Rollcall needs of a log, whichever one it is. */

import type { EventMetadata, RecordedEvent } from "../message/index.js";
import type { KeyPart } from "./key-part.js";

/** The state that a stream must be in for an append to happen. The framework itself never uses `any`. */
export type ExpectedRevision = bigint | "no_stream" | "stream_exists" | "any";

/** An event to append. */
export interface EventData {
  /** UUID. The same id appended again at the same place counts once. */
  readonly id: string;
  readonly type: string;
  /** `application/json` unless stated. */
  readonly contentType?: string;
  /** A JSON value; or bytes (`Uint8Array`), which are stored as they are, whatever the content type. */
  readonly data: unknown;
  /** A JSON object; or bytes, which are stored as they are. */
  readonly metadata?: EventMetadata | Uint8Array;
}

export interface AppendResult {
  /** Revision of the last event appended. */
  readonly revision: bigint;
  /** Position of the last event appended. */
  readonly position: bigint;
}

/** Which events of the log to read. A store applies it where the events are, not where they are wanted. */
export type EventFilter = { readonly eventTypes: readonly string[] } | { readonly streamPrefixes: readonly string[] };

/** Events that were read together; never empty. */
export type Page = readonly RecordedEvent[];

export interface ReadStreamOptions {
  /** `forwards` unless stated. */
  readonly direction?: "forwards" | "backwards";
  /** First revision to return, inclusive; the beginning (forwards) or the end (backwards) unless stated. */
  readonly from?: bigint;
  /** Most events to return. */
  readonly limit?: number;
}

export interface ReadLogOptions {
  /** Events at this position and before are left out. The whole log unless stated. */
  readonly after?: bigint | undefined;
  readonly filter?: EventFilter | undefined;
  /** Events of other parts are not wanted. A store may return them all the same, when it would gain nothing. */
  readonly part?: KeyPart | undefined;
  /** The same will be read again some day: a store may keep a copy in a shape that takes less time. */
  readonly repeatedly?: boolean;
  /** Ends the read: the iterator finishes without an error. */
  readonly signal?: AbortSignal | undefined;
}

export interface SubscribeOptions extends Omit<ReadLogOptions, "after" | "part" | "repeatedly"> {
  /** Events at this position and before are left out; `end` leaves out all that are recorded now. */
  readonly after?: bigint | "end" | undefined;
}

/** `caughtUp` is said each time that everything recorded so far was delivered; it may be said again. */
export type SubscriptionMessage =
  | { readonly kind: "events"; readonly events: Page }
  /** `passedOver`: how many events after the last one delivered were looked at in vain; some stores estimate it. */
  | { readonly kind: "caughtUp"; readonly passedOver: number };

/** What the names of the streams that Rollcall itself writes begin with, unless stated. */
export const defaultStreamPrefix = "rollcall.";

/**
 * An ordered, immutable log of events in streams. Every method may reject with `StoreUnavailable` (the store did not
 * answer; retry) or `StoreClosed`.
 */
export interface EventStore {
  /** Begins the names of the streams that Rollcall itself writes: flags and ticks. Without a `-`, a system stream's `$`. */
  readonly streamPrefix: string;

  /**
   * Of a log that is only read: holds the streams that begin with the prefix instead. Reads of these alone are of this
   * one, whose positions and identity are its own.
   */
  readonly own?: EventStore;

  /** Identity of the log, the same for every process and for ever; a checkpoint belongs to one log. */
  storeId(): Promise<string>;

  /**
   * Appends all events or none; once it resolves they survive a crash. An append of events that are there already, by
   * id, directly after `expectedRevision` answers with their place; with `any` and `stream_exists` wherever in the
   * stream they are (EventStoreDB: as far as its cache reaches).
   * @throws WrongExpectedRevision when the stream is in another state.
   * @throws StreamDeleted
   * @throws InvalidAppend when the events can never be stored (no event, no id, no type, too large).
   */
  append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult>;

  /** Reads one stream; a stream that does not exist has no events. @throws StreamDeleted */
  readStream(streamName: string, options?: ReadStreamOptions): AsyncIterable<Page>;

  /** Reads the log in order up to its head, then ends. */
  readLog(options?: ReadLogOptions): AsyncIterable<Page>;

  /** Reads all events with this `$correlationId` in the order of the log. For drill-down, never a projection's input. */
  readCorrelation(correlationId: string): AsyncIterable<Page>;

  /**
   * Reads the log in order, says when it has caught up, and goes on with events as they are recorded, without a gap,
   * until the consumer leaves the loop or `signal` aborts. The next page is read when the consumer asks for it.
   */
  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage>;

  /** Position of the last event of the log; `undefined` while it is empty. */
  head(): Promise<bigint | undefined>;

  /** Finishes the appends under way, ends the subscriptions and releases everything. */
  close(): Promise<void>;
}

/** Where flags are, and whatever else Rollcall itself writes: to follow them by positions, ask this one for its head. */
export const flagsStoreOf = (store: EventStore): EventStore => store.own ?? store;
