/** An observer that is kept live over a log, with clocks that a test moves: the log's, and the observer's own. */

import {
  flagTypePrefix,
  LiveReadModel,
  MemoryEventStore,
  ObserverReadModel,
  randomId,
  whenever,
  type Case,
  type EventMetadata,
  type FlagData,
  type ObserverLimits,
  type ObserverOptions,
  type ObserverState,
  type ReadModelStore,
} from "../../src/index.js";
import { recordRole, roleOf } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { rowsOf, Watched } from "../subscription/things.js";
import { until } from "../until.js";
import { casesIn } from "./feed.js";

/** Every order expects its payment within ten seconds. */
export const withinMs = 10_000;

export function orderWatch(options: Partial<ObserverOptions> = {}, limits?: ObserverLimits, clock?: ManualClock) {
  const type = class OrderWatch {
    readonly payment = whenever("shop.Ordered")
      .expect("shop.Paid")
      .within({ milliseconds: withinMs })
      .unless("shop.Cancelled");
  };
  recordRole(type, "observer", { name: "order-watch", version: 1, ...options });
  return new ObserverReadModel({ type, role: roleOf(type)!, uses: [] }, { clock, limits });
}

export interface SeenFlag {
  readonly kind: string;
  readonly case: string;
  readonly slot: string;
  readonly recordedAtMs: number;
  readonly deadlineMs: number;
  readonly id: string;
}

export class Watching {
  readonly store: FaultyStore;
  private readonly running: Watched[] = [];

  private constructor(
    /** The clock of the log and of leases. */
    readonly clock: ManualClock,
    readonly readModels: ReadModelStore,
  ) {
    this.store = new FaultyStore(new MemoryEventStore({ clock }));
  }

  static async open(): Promise<Watching> {
    const clock = new ManualClock();
    return new Watching(clock, await openSqliteReadModelStore({ file: ":memory:", clock }));
  }

  /** Starts an observer. Its own clock is the log's unless stated. */
  start(options: Partial<ObserverOptions> = {}, own: ManualClock = this.clock, limits?: ObserverLimits): Watched {
    const { store, readModels } = this;
    const subscriber = new LiveReadModel(orderWatch(options, limits, own), store, readModels);
    const holder = `process-${this.running.length}`;
    const watched = new Watched(subscriber, store, readModels, { holder, clock: own, leaseTtlMs: 5_000 });
    this.running.push(watched);
    watched.processor.start();
    return watched;
  }

  async isLive(watched: Watched): Promise<void> {
    await until("it is live", () => watched.state === "live");
  }

  /** Appends one event of the shop and returns its id. */
  async record(
    name: "Ordered" | "Paid" | "Cancelled",
    order: string,
    metadata: EventMetadata = { $correlationId: order },
  ): Promise<string> {
    const id = randomId();
    await this.store.inner.append(`order-${order}`, [{ id, type: `shop.${name}`, data: {}, metadata }], {
      expectedRevision: "any",
    });
    return id;
  }

  /** Moves time on in small steps, all clocks alike, so that work may happen in between. */
  async pass(durationMs: number, ...others: readonly ManualClock[]): Promise<void> {
    const stepMs = 50;
    for (let passed = 0; passed < durationMs; passed += stepMs)
      for (const clock of [this.clock, ...others]) await clock.advance(Math.min(stepMs, durationMs - passed));
  }

  async flags(): Promise<SeenFlag[]> {
    const flags: SeenFlag[] = [];
    for await (const page of this.store.inner.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
      for (const { id, type, data, recordedAtMs } of page) {
        const { case: name, slot, deadline } = data as FlagData;
        const kind = type.slice(flagTypePrefix.length);
        flags.push({ kind, case: name!, slot: slot!, recordedAtMs, deadlineMs: Date.parse(deadline!), id });
      }
    return flags;
  }

  /** Each as `kind case`. */
  async raised(): Promise<string[]> {
    return (await this.flags()).map(({ kind, case: name }) => `${kind} ${name}`);
  }

  async flagged(count: number): Promise<void> {
    await until(`${count} flags`, async () => (await this.flags()).length >= count);
  }

  /** When each tick was recorded. */
  async ticks(): Promise<number[]> {
    const ticks: number[] = [];
    for await (const page of this.store.inner.readStream("rollcall.clock"))
      ticks.push(...page.map(({ recordedAtMs }) => recordedAtMs));
    return ticks;
  }

  async cases(name = "order-watch"): Promise<Record<string, Case>> {
    return casesIn(await rowsOf(this.readModels, name));
  }

  async state(name = "order-watch"): Promise<ObserverState | undefined> {
    return (await this.readModels.activeGeneration(name))?.checkpoint?.state as ObserverState | undefined;
  }

  async close(): Promise<void> {
    this.store.comeBack();
    await Promise.all(this.running.map(({ processor }) => processor.stop()));
    await this.readModels.close();
  }
}
