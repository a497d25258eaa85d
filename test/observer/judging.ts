/** Observers of orders over a log in memory, rebuilt by a test whenever it likes. */

import {
  HandlingFailed,
  MemoryEventStore,
  ObserverReadModel,
  randomId,
  rebuild,
  whenever,
  type Case,
  type Duration,
  type EventStore,
  type Expectation,
  type ObserverOptions,
  type ReadModelStore,
  type RecordedEvent,
  type RollcallError,
} from "../../src/index.js";
import { recordRole, roleOf } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { rowsOf } from "../subscription/things.js";
import { casesIn } from "./feed.js";

/** An observer of this name whose fields are these. */
export function observing(
  fields: Readonly<Record<string, Expectation>>,
  options: Partial<ObserverOptions> = {},
): ObserverReadModel {
  const type = class {
    constructor() {
      Object.assign(this, fields);
    }
  };
  recordRole(type, "observer", { name: "orders", version: 1, ...options });
  return new ObserverReadModel({ type, role: roleOf(type)!, uses: [] });
}

export const minute = 60_000;

/** Ten minutes for the payment unless stated, which belongs to its order as a test says. */
export const payment = (
  belongs?: (ordered: Said, paid: Said) => boolean,
  within: Duration = { minutes: 10 },
): Expectation => {
  const plain = whenever("shop.Ordered").expect("shop.Paid").within(within).unless("shop.Cancelled");
  return belongs ? plain.where(belongs) : plain;
};

type Said = { readonly n?: number };

export class Judged {
  private constructor(
    readonly clock: ManualClock,
    /** A test may put another view of the log in its place. */
    public store: EventStore,
    readonly readModels: ReadModelStore,
  ) {}

  static async open(storeBy?: (clock: ManualClock) => EventStore): Promise<Judged> {
    const clock = new ManualClock();
    const readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
    return new Judged(clock, storeBy?.(clock) ?? new MemoryEventStore({ clock }), readModels);
  }

  /** Appends an event of a case to a stream; the case's own unless stated. */
  async record(type: string, key: string, streamName = `order-${key}`, data: object = {}): Promise<string> {
    const id = randomId();
    await this.store.append(streamName, [{ id, type: `shop.${type}`, data, metadata: { $correlationId: key } }], {
      expectedRevision: "any",
    });
    return id;
  }

  pass(durationMs: number): Promise<void> {
    return this.clock.advance(durationMs);
  }

  /** Judges all there is, and serves it. */
  async rebuilt(observer: ObserverReadModel): Promise<void> {
    const { store, readModels, clock } = this;
    await rebuild(observer, { store, readModels, clock, holder: "test" });
  }

  /** What a rebuild ends with. */
  async refused(observer: ObserverReadModel): Promise<RollcallError> {
    try {
      await this.rebuilt(observer);
    } catch (error) {
      if (error instanceof HandlingFailed) throw error.cause;
      return error as RollcallError;
    }
    throw new Error("the rebuild was not refused");
  }

  async events(streamPrefix: string): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const page of this.store.readLog({ filter: { streamPrefixes: [streamPrefix] } })) events.push(...page);
    return events;
  }

  /** Each as `Missing key`. */
  async flags(): Promise<string[]> {
    return (await this.events("rollcall.flags-")).map(
      ({ type, data }) => `${type.replace("observer.", "")} ${(data as { case: string }).case}`,
    );
  }

  alarms(): Promise<RecordedEvent[]> {
    return this.events("rollcall.alarms-");
  }

  async serving(name = "orders"): Promise<number | undefined> {
    return (await this.readModels.activeGeneration(name))?.id;
  }

  async cases(name = "orders"): Promise<Record<string, Case>> {
    return casesIn(await rowsOf(this.readModels, name));
  }

  async close(): Promise<void> {
    await this.readModels.close();
    await this.store.close();
  }
}
