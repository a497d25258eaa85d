/** The event store over EventStoreDB (KurrentDB): the port, by way of the official client's connection. */

import { setMaxListeners } from "node:events";
import { systemClock, type Clock } from "../../clock.js";
import { IncompatibleStore, LogIsReadOnly, StoreClosed, StoreUnavailable } from "../../errors.js";
import { encodeAppend } from "../appending.js";
import {
  defaultStreamPrefix,
  type AppendResult,
  type EventData,
  type EventFilter,
  type EventStore,
  type ExpectedRevision,
  type Page,
  type ReadLogOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
  type SubscriptionMessage,
} from "../event-store.js";
import { interruptible } from "../interruptible.js";
import { AppendQueue } from "./append-queue.js";
import { ClientCalls } from "./client-calls.js";
import type { Connected } from "./connection.js";
import { Correlations } from "./correlations.js";
import { deleteStream, type DeleteStreamOptions } from "./delete-stream.js";
import { derivedIdentity, readIdentity, writeIdentity } from "./identity.js";
import { checkKept, mostBytes } from "./kept-content.js";
import { LogFollower } from "./log-follower.js";
import { narrowed, nothing } from "./narrowed-filter.js";
import { closingGraceMs, within } from "./patience.js";
import { checkPrivileges, checkReadingPrivileges } from "./privileges.js";
import { lastOfLog } from "./read-requests.js";
import { firstEvent, type Reading } from "./reading.js";
import { checkServer } from "./server-check.js";
import { readStream } from "./stream-reader.js";

export interface EventStoreDbSettings {
  /** Begins the names of the streams that Rollcall itself writes; `rollcall.` unless stated. */
  readonly streamPrefix?: string | undefined;
  /**
   * For how long an append is tried before it fails with StoreUnavailable, in milliseconds; 10,000 unless stated. An
   * append that got no answer is made again with the same event ids. At a stated revision, or at `no_stream`, it counts
   * once then whatever happened. With `any` and `stream_exists` the server looks the ids up in a cache of bounded size,
   * which a restart empties: so it may count twice.
   */
  readonly appendDeadlineMs?: number | undefined;
  /** How long the server may be silent, or out of reach, before a read fails with StoreUnavailable, in milliseconds; 10,000 unless stated. */
  readonly readTimeoutMs?: number | undefined;
  /**
   * An SQLite file for the index of `readCorrelation`, created with its folder at the first use. Several processes may
   * share it, for one log. A temporary one unless stated, so that every process indexes the log anew.
   */
  readonly correlationIndexFile?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Nothing is written, nor tried out, that the user may not be allowed to. See `ReadOnlyEventStore`. */
  readonly readOnly?: boolean | undefined;
}

/**
 * An event store in an EventStoreDB or KurrentDB. Positions are those of commits. Appends to one stream go to the server
 * one after the other, in the order of the calls; those to different streams at the same time. What a user needs to be
 * allowed: to read `$all` (for administrators only, unless the access control list of `$all` says otherwise), and to
 * read and append to the application's streams and to those that begin with the prefix.
 */
export class EventStoreDbEventStore implements EventStore {
  readonly streamPrefix: string;
  private readonly calls: ClientCalls;
  private readonly reading: Reading;
  private readonly appends: AppendQueue;
  private readonly correlations: Correlations;
  private readonly tls: boolean | undefined;
  private readonly readOnly: boolean;
  private readonly appending = new Set<Promise<unknown>>();
  private readonly following = new Set<AbortController>();
  private readonly closed = new AbortController();
  private closing: Promise<void> | undefined;

  /** @internal Use `openEventStoreDb`. */
  constructor(
    { client, owned, tls, who, requiresLeader }: Connected,
    {
      streamPrefix = defaultStreamPrefix,
      appendDeadlineMs = 10_000,
      readTimeoutMs = 10_000,
      correlationIndexFile,
      clock = systemClock,
      readOnly = false,
    }: EventStoreDbSettings = {},
  ) {
    this.streamPrefix = streamPrefix;
    this.tls = tls;
    this.readOnly = readOnly;
    // One listener for each read under way, and there may be many.
    setMaxListeners(0, this.closed.signal);
    this.calls = new ClientCalls(client, owned);
    this.reading = { calls: this.calls, clock, readTimeoutMs, closed: this.closed.signal, who };
    this.appends = new AppendQueue({ calls: this.calls, clock, requiresLeader, appendDeadlineMs, who });
    this.correlations = new Correlations(this.reading, this, correlationIndexFile);
  }

  /** The id of the first event of the stream `<prefix>store`, if there is one. */
  identity(): Promise<string | undefined> {
    return readIdentity(this, this.streamPrefix);
  }

  /** The identity, which is written when it is not there; read-only, it follows from the first event of users then. */
  async storeId(): Promise<string> {
    for (;;) {
      const storeId = await this.identity();
      if (storeId !== undefined) return storeId;
      if (this.readOnly) return derivedIdentity(this);
      await writeIdentity(this, this.streamPrefix);
    }
  }

  /**
   * Event ids must be UUIDs in lower case, content types `application/json` or `application/octet-stream`: anything
   * else would come back as something else.
   */
  async append(
    streamName: string,
    events: readonly EventData[],
    { expectedRevision: expected }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    if (this.closing) throw new StoreClosed(`append to ${streamName}`);
    if (this.readOnly) throw new LogIsReadOnly(streamName);
    const encoded = encodeAppend(streamName, events, expected, mostBytes);
    checkKept(streamName, encoded);
    const appended = this.appends.add({ streamName, events: encoded, expected }).then(async (placed) => ({
      revision: placed.revision,
      position: placed.position ?? (await this.positionAt(streamName, placed.revision)),
    }));
    this.appending.add(appended);
    try {
      return await appended;
    } finally {
      this.appending.delete(appended);
    }
  }

  async *readStream(streamName: string, options: ReadStreamOptions = {}): AsyncGenerator<Page, void> {
    this.checkOpen(`read ${streamName}`);
    // No stored name is empty or holds half a surrogate pair, which would be sent as another character.
    if (streamName === "" || /\p{Surrogate}/u.test(streamName)) return;
    yield* readStream(this.reading, { streamName, direction: "forwards", ...options });
  }

  readLog(options: ReadLogOptions = {}): AsyncIterable<Page> {
    return interruptible((stop) => this.readUpToHead(options, stop), options.signal, this.following);
  }

  /**
   * By the links of `$by_correlation_id` while that runs: a moment behind the log, and without what streams do not show
   * any more. Else by an index of our own, which is brought up to the head first.
   */
  readCorrelation(correlationId: string): AsyncIterable<Page> {
    return interruptible((stop) => this.correlations.read(correlationId, stop), undefined, this.following);
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    // The end is the end of now, not that of when somebody first asks for a message.
    const start = options.after === "end" ? this.head() : Promise.resolve(options.after);
    start.catch(() => {}); // follow() awaits it and reports
    return interruptible((stop) => this.follow(start, options.filter, stop), options.signal, this.following);
  }

  async head(): Promise<bigint | undefined> {
    this.checkOpen("head");
    const asked = { what: "head", privilege: "read $all", who: this.reading.who };
    const last = await firstEvent(this.reading, lastOfLog(), asked);
    return last && BigInt(last.getEvent()!.getCommitPosition());
  }

  /**
   * Deletes a stream: softly, so that an append lets it go on, or for good. Beyond the port, for operations.
   * @throws WrongExpectedRevision when it is in another state.
   * @throws StreamDeleted when it was deleted for good before.
   * @throws AccessDenied, StoreUnavailable, StoreClosed
   */
  deleteStream(streamName: string, options: DeleteStreamOptions): Promise<void> {
    return deleteStream(this.reading, streamName, options);
  }

  /**
   * Finds out whether the server is new enough, and whether the user may do what is needed.
   * @throws IncompatibleStore, AccessDenied, StoreUnavailable, UntrustedConnection
   */
  async check(): Promise<void> {
    await checkServer(this.reading, this.tls);
    await this.checkPrivileges();
  }

  /**
   * Tries out what every use of the store needs; writes the identity of the log when it is not there, unless the log is
   * only read.
   * @throws AccessDenied with everything that this user may not do.
   */
  checkPrivileges(): Promise<void> {
    return (this.readOnly ? checkReadingPrivileges : checkPrivileges)(this, this.streamPrefix);
  }

  /**
   * Waits for the appends under way while the server answers; where it does not, they fail with StoreUnavailable after
   * a second, and may have been committed.
   */
  close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    await this.appends.close();
    await within(closingGraceMs, Promise.allSettled(this.appending), this.reading.clock);
    this.closed.abort();
    for (const controller of this.following) controller.abort();
    await this.correlations.close();
    await this.calls.close();
  }

  private checkOpen(what: string): void {
    if (this.closed.signal.aborted) throw new StoreClosed(what);
  }

  private async *readUpToHead(options: ReadLogOptions, stop: AbortSignal): AsyncGenerator<Page, void> {
    const what = "read the log";
    this.checkOpen(what);
    const filter = narrowed(options.filter);
    const after = beginning(options.after);
    if (filter === nothing || stop.aborted) return;
    const head = await this.head();
    if (head === undefined || (after !== undefined && after >= head)) return;
    // As a subscription: only there does the server say how far it is while nothing passes the filter.
    const follower = new LogFollower(this.reading, after, filter, stop, what);
    for await (const message of follower.messages()) {
      this.checkOpen(what);
      if (message.kind === "events") {
        const page = message.events.filter(({ position }) => position <= head);
        if (page.length > 0) yield page;
      }
      if (stop.aborted || message.kind === "caughtUp" || (follower.reached ?? -1) >= head) break;
    }
    this.checkOpen(what);
  }

  private async *follow(
    start: Promise<bigint | undefined>,
    filter: EventFilter | undefined,
    stop: AbortSignal,
  ): AsyncGenerator<SubscriptionMessage, void> {
    this.checkOpen("subscribe");
    const narrow = narrowed(filter);
    try {
      const after = beginning(await start);
      if (narrow !== nothing) return yield* new LogFollower(this.reading, after, narrow, stop, "subscribe").messages();
      yield { kind: "caughtUp", passedOver: 0 };
      await new Promise((resolve) => (stop.aborted ? resolve(undefined) : stop.addEventListener("abort", resolve)));
    } catch (error) {
      // Whoever closes the store, or leaves, does not want to hear of what that interrupts.
      if (!stop.aborted) throw error;
    }
  }

  /** Where an event is, for answers that do not say it. */
  private async positionAt(streamName: string, revision: bigint): Promise<bigint> {
    try {
      const read = this.readStream(streamName, { from: revision, limit: 1 });
      for await (const [event] of read) if (event!.revision === revision) return event!.position;
    } catch (error) {
      if (!(error instanceof StoreClosed)) throw error;
      throw new StoreUnavailable(
        `append to ${streamName}: it was written at revision ${revision}, but the store was closed before EventStoreDB said at which position. Retry it with the same event ids.`,
        { cause: error },
      );
    }
    throw new IncompatibleStore(
      `${streamName}: the server does not say where revision ${revision} is, which was just appended, and does not show it. Does the stream keep fewer events ($maxCount) than are appended at once?`,
    );
  }
}

const beginning = (after: bigint | undefined): bigint | undefined =>
  after === undefined || after < 0n ? undefined : after;
