/** Reading and following a log page by page, for stores whose pages can be had at once. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { RecordedEvent } from "../message/index.js";
import type { ChangeWatch } from "./change-watch.js";
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
import { possible } from "./event-filter.js";
import { interruptible } from "./interruptible.js";

/** Part of the log. It may hold no event, when none of the part passes the filter. */
export interface LogPart {
  readonly events: readonly RecordedEvent[];
  /** Everything up to here was looked at. */
  readonly through: number;
}

/** Some of the events that were asked for. */
export interface Part {
  readonly events: readonly RecordedEvent[];
  /** True when there are no more; false when there may be. */
  readonly complete: boolean;
}

/** What a read of the log states besides where it begins and what it wants. */
export type HowToRead = Pick<ReadLogOptions, "part" | "repeatedly">;

/** Where pages come from. Every method does a bounded amount of work and sees only what is committed. */
export interface PageSource {
  /** Position of the last event; 0 while there is none. */
  head(): number;
  /** Events after `after` and up to `last`; those of other key parts may be left out. Looks at one position at least. */
  logPart(after: number, last: number, filter: EventFilter | undefined, how?: HowToRead): LogPart;
  /** Events from revision `from` on. */
  streamPart(streamName: string, direction: "forwards" | "backwards", from: number, limit: number): Part;
  /** Events after `after`. */
  correlationPart(correlationId: string, after: number): Part;
}

/** An event store over a `PageSource`. Positions and revisions inside are numbers: a log stays far below 2^53 events. */
export abstract class PagedEventStore implements EventStore {
  abstract readonly streamPrefix: string;
  protected abstract readonly source: PageSource;
  protected abstract readonly watch: ChangeWatch;
  private readonly following = new Set<AbortController>();

  abstract storeId(): Promise<string>;
  abstract append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult>;
  abstract close(): Promise<void>;

  /** Runs one step of reading. @throws StoreClosed, StoreUnavailable */
  protected abstract attempt<T>(what: string, step: () => T): Promise<T>;

  async head(): Promise<bigint | undefined> {
    return BigInt(await this.attempt("head", () => this.source.head())) || undefined;
  }

  async *readStream(streamName: string, options: ReadStreamOptions = {}): AsyncGenerator<Page, void> {
    const { direction = "forwards", limit = Number.POSITIVE_INFINITY } = options;
    const forwards = direction === "forwards";
    let from = options.from === undefined ? (forwards ? 0 : Number.MAX_SAFE_INTEGER) : Number(options.from);
    for (let left = Math.ceil(limit); left > 0; await nextTurn()) {
      const wanted = left;
      const { events, complete } = await this.attempt(`read ${streamName}`, () =>
        this.source.streamPart(streamName, direction, from, wanted),
      );
      if (events.length > 0) yield events;
      left -= events.length;
      if (complete || left <= 0) return;
      const last = Number(events.at(-1)!.revision);
      from = forwards ? last + 1 : last - 1;
    }
  }

  async *readLog(options: ReadLogOptions = {}): AsyncGenerator<Page, void> {
    const { signal } = options;
    const filter = options.filter && possible(options.filter);
    let after = startOf(options.after);
    const head = await this.attempt("read the log", () => this.source.head());
    while (after < head && !signal?.aborted) {
      const from = after;
      const part = await this.attempt("read the log", () => this.source.logPart(from, head, filter, options));
      after = part.through;
      if (part.events.length > 0) yield part.events;
      // So that a long read does not starve the appends of this process.
      if (after < head) await nextTurn();
    }
  }

  async *readCorrelation(correlationId: string): AsyncGenerator<Page, void> {
    for (let after = 0; ; await nextTurn()) {
      const from = after;
      const { events, complete } = await this.attempt(`read correlation ${correlationId}`, () =>
        this.source.correlationPart(correlationId, from),
      );
      if (events.length > 0) yield events;
      if (complete) return;
      after = Number(events.at(-1)!.position);
    }
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    // The end is the end of now, not that of when somebody first asks for a message.
    const start =
      options.after === "end" ? this.attempt("subscribe", () => this.source.head()) : startOf(options.after);
    if (typeof start !== "number") start.catch(() => {}); // follow() awaits it and reports
    return interruptible(
      (stop) => this.follow(start, options.filter && possible(options.filter), stop),
      options.signal,
      this.following,
    );
  }

  /** Ends every subscription. */
  protected endSubscriptions(): void {
    for (const controller of this.following) controller.abort();
  }

  private async *follow(
    start: number | Promise<number>,
    filter: EventFilter | undefined,
    stop: AbortSignal,
  ): AsyncGenerator<SubscriptionMessage, void> {
    let after = await start;
    let delivered = after;
    let saidAt: number | undefined;
    while (!stop.aborted) {
      const from = after;
      const { head, part } = await this.attempt("subscribe", () => {
        const head = this.source.head();
        return { head, part: from < head ? this.source.logPart(from, head, filter) : undefined };
      });
      if (part) after = part.through;
      if (part && part.events.length > 0) {
        delivered = Number(part.events.at(-1)!.position);
        yield { kind: "events", events: part.events };
      }
      if (after < head) {
        await nextTurn();
        continue;
      }
      if (stop.aborted) return;
      if (saidAt !== after) yield { kind: "caughtUp", passedOver: after - delivered };
      saidAt = after;
      const seen = after;
      await this.watch.changed(() => this.source.head() <= seen, stop);
    }
  }
}

const startOf = (after: bigint | undefined): number => (after === undefined ? 0 : Math.max(0, Number(after)));
