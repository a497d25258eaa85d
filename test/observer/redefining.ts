/** An observer whose definition changes over one log: each version is live for a while, is killed or stops, and the next goes on. */

import {
  LiveReadModel,
  MemoryEventStore,
  rebuild,
  type Clock,
  type EventMetadata,
  type ObserverLimits,
  type ReadModelStore,
  type RecordedEvent,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { rowsOf } from "../simulation/cases.js";
import { eventsOf, flagEventsIn, logRecord } from "../simulation/log-records.js";
import { observerClass, observerOf, type Declared } from "./feed.js";

const definedType = "observer.ObserverDefined";

const iso = (ms: number): string => new Date(ms).toISOString();

/** Each wait lasts for ever: nobody asks for the time but the history itself. */
const still: Clock = {
  now: () => 0,
  sleep: (_, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true })),
};

/** One version of the observer at work, in a process of its own. */
export interface Session {
  /** Reads on, so many events at most; false once there are no more. */
  read(most?: number): Promise<boolean>;
  commit(): Promise<void>;
  /** What was not committed is lost. */
  kill(): void;
}

export class Redefining {
  private nowMs = 0;
  private holders = 0;
  private readonly clock: Clock = { ...still, now: () => this.nowMs };
  readonly store = new MemoryEventStore({ clock: this.clock, storeId: "log" });
  private readonly classes: (new () => object)[] = [];

  private constructor(readonly readModels: ReadModelStore) {}

  static async open(): Promise<Redefining> {
    return new Redefining(await openSqliteReadModelStore({ file: ":memory:", clock: still }));
  }

  /** Appends what a log says; what it says twice at one place was only delivered twice. */
  async record(records: readonly LogRecord[]): Promise<void> {
    for (const { id, type, correlationId, recordedAtMs, occurredAtMs, imported, data, ...rest } of records) {
      // The log's own clock does not go back; but events may be copied from another log, and they say when they occurred.
      const isCopied = recordedAtMs < this.nowMs;
      this.nowMs = Math.max(this.nowMs, recordedAtMs);
      const metadata = {
        ...rest.metadata,
        ...(correlationId && { $correlationId: correlationId }),
        ...(occurredAtMs !== undefined && { occurredAt: iso(occurredAtMs) }),
        ...(imported && { imported }),
        ...(isCopied && { copied: { recordedAt: iso(recordedAtMs) }, occurredAt: iso(occurredAtMs ?? recordedAtMs) }),
      };
      await this.store.append(
        rest.streamName ?? `some-${correlationId ?? "none"}`,
        [{ id, type, data: data ?? {}, metadata: JSON.parse(JSON.stringify(metadata)) as EventMetadata }],
        { expectedRevision: "any" },
      );
    }
  }

  /** The observer of these terms as the next version, which knows the classes of all that came before. */
  next(terms: readonly SlotTerms[], declared: Declared = {}) {
    const version = this.classes.length + 1;
    const previous = [...this.classes];
    this.classes.push(observerClass(terms, { version, previous, ...declared }));
    return (limits?: ObserverLimits) =>
      observerOf(terms, { limits, clock: still, declared: { version, previous, ...declared } });
  }

  async start(observer: ReturnType<typeof observerOf>): Promise<Session> {
    const { store, readModels } = this;
    const live = new LiveReadModel(observer, store, readModels);
    const holder = `process-${this.holders++}`;
    // Whoever comes takes over: the clock of leases stands still.
    const lease = (await readModels.acquire(live.name, holder, -1))!;
    const end = new AbortController();
    const fail = (error: unknown) => {
      throw error;
    };
    await live.open(lease, { signal: end.signal, fail });
    return {
      read: async (most = Infinity) => {
        const { filter, position } = live;
        for await (const page of store.readLog({ after: position, filter })) {
          await live.handle(page.slice(0, most));
          if (page.length > most) return true;
          most -= page.length;
        }
        return false;
      },
      commit: () => live.flush(),
      kill: () => end.abort(),
    };
  }

  events(): Promise<RecordedEvent[]> {
    return eventsOf(this.store);
  }

  async records(): Promise<LogRecord[]> {
    return (await this.events()).map(logRecord);
  }

  /** Where each definition came into force. */
  async definedAt(): Promise<number[]> {
    const events = await this.events();
    return events
      .filter(({ type, streamName }) => type === definedType && streamName.startsWith("rollcall.observers-"))
      .map(({ position }) => Number(position));
  }

  async flagIds(): Promise<string[]> {
    return flagEventsIn(await this.events()).map(({ id }) => id);
  }

  /** What the observer's read model holds, its checkpoint included. */
  seen(name: string): Promise<Seen> {
    return seenIn(this.readModels, name);
  }

  /** What a rebuild makes of the log in a store of its own. */
  async rebuilt(observer: ReturnType<typeof observerOf>): Promise<Seen> {
    const readModels = await openSqliteReadModelStore({ file: ":memory:", clock: still });
    try {
      await rebuild(observer, { store: this.store, readModels, holder: "operator", clock: still });
      return await seenIn(readModels, observer.declaration.name);
    } finally {
      await readModels.close();
    }
  }

  async close(): Promise<void> {
    await this.readModels.close();
  }
}

export interface Seen {
  readonly rows: Readonly<Record<string, string>>;
  readonly state: unknown;
}

async function seenIn(readModels: ReadModelStore, name: string): Promise<Seen> {
  const rows = Object.fromEntries(await rowsOf(readModels, name));
  return { rows, state: (await readModels.activeGeneration(name))?.checkpoint?.state };
}
