/** Observers over a log that they may not write, with clocks that a test moves: the log's, and the observers' own. */

import {
  AccessDenied,
  acknowledgedType,
  flagTypePrefix,
  LiveReadModel,
  MemoryEventStore,
  ObserverReadModel,
  randomId,
  ReadOnlyEventStore,
  rebuild,
  resetType,
  whenever,
  type EventStore,
  type FlagData,
  type ObserverOptions,
  type ObserverState,
  type ReadModelStore,
  type SubscribeOptions,
  type SubscriptionMessage,
} from "../../src/index.js";
import { recordRole, roleOf } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import type { Gate } from "../reactor/charging.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { rowsOf, Watched } from "../subscription/things.js";
import { until } from "../until.js";

export const withinMs = 10_000;
export const graceMs = 5_000;
export const hourMs = 3_600_000;

/** Every order expects its payment within ten seconds; an hour later it is flagged again, and four hours later. */
function orderWatch(options: Partial<ObserverOptions>, clock: ManualClock, within = withinMs) {
  const type = class OrderWatch {
    readonly payment = whenever("Ordered")
      .expect("Paid")
      .within({ milliseconds: within })
      .once()
      .escalating({ hours: 1 }, { hours: 4 });
  };
  recordRole(type, "observer", { name: "order-watch", version: 1, ...options });
  return new ObserverReadModel({ type, role: roleOf(type)!, uses: [] }, { clock });
}

/** Delivers to subscribers late, when a test says so. What is read is there at once. */
class SlowStore extends FaultyStore {
  held: Gate | undefined;

  override async *subscribe(options?: SubscribeOptions): AsyncGenerator<SubscriptionMessage, void> {
    for await (const message of super.subscribe(options)) {
      await this.held?.opened;
      yield message;
    }
  }
}

export interface SeenFlag {
  readonly said: string;
  readonly id: string;
  readonly provisional: boolean;
  readonly backfill: boolean;
  readonly recordedAtMs: number;
}

export class ReadingOnly {
  /** The clock of the log and of the observers. */
  readonly clock = new ManualClock();
  /** How far the log's clock is behind. */
  lagMs = 0;
  readonly written = new MemoryEventStore({
    clock: { now: () => this.clock.now() - this.lagMs, sleep: (...args) => this.clock.sleep(...args) },
  });
  readonly log = new SlowStore(this.written);
  readonly own = new FaultyStore(new MemoryEventStore({ clock: this.clock }));
  readonly store: EventStore = new ReadOnlyEventStore({ log: this.log, own: this.own });
  private readonly running: Watched[] = [];

  private constructor(readonly readModels: ReadModelStore) {
    this.log.beforeAppend = async (streamName) => {
      throw new AccessDenied("the observer", [`append to ${streamName}`]);
    };
  }

  static async open(): Promise<ReadingOnly> {
    return new ReadingOnly(await openSqliteReadModelStore({ file: ":memory:" }));
  }

  readModel(options: Partial<ObserverOptions> = {}, within?: number): ObserverReadModel {
    return orderWatch(options, this.clock, within);
  }

  start(readModel = this.readModel()): Watched {
    const subscriber = new LiveReadModel(readModel, this.store, this.readModels);
    const holder = `process-${this.running.length}`;
    const watched = new Watched(subscriber, this.store, this.readModels, { holder, clock: this.clock });
    this.running.push(watched);
    watched.processor.start();
    return watched;
  }

  async live(readModel?: ObserverReadModel): Promise<Watched> {
    const watched = this.start(readModel);
    await this.isLive(watched);
    return watched;
  }

  isLive(watched: Watched): Promise<void> {
    return until("it is live", () => watched.state === "live");
  }

  async rebuild(readModel = this.readModel()): Promise<void> {
    const { store, readModels } = this;
    await rebuild(readModel, { store, readModels, holder: "rebuild" });
  }

  /** Somebody else records it in the log. */
  async record(type: string, order: string): Promise<void> {
    const metadata = { $correlationId: order };
    await this.written.append(`order-${order}`, [{ id: randomId(), type, data: {}, metadata }], {
      expectedRevision: "any",
    });
  }

  async acknowledge(order: string): Promise<void> {
    const data = { observer: "order-watch", case: order, by: "me" };
    await this.store.append("rollcall.acknowledgements", [{ id: randomId(), type: acknowledgedType, data }], {
      expectedRevision: "any",
    });
  }

  async resetClock(toMs: number): Promise<void> {
    const data = { to: new Date(toMs).toISOString() };
    await this.store.append("rollcall.clock", [{ id: randomId(), type: resetType, data }], { expectedRevision: "any" });
  }

  /** Moves time on in small steps, so that work may happen in between. */
  async pass(durationMs: number, stepMs = 100): Promise<void> {
    for (let passed = 0; passed < durationMs; passed += stepMs)
      await this.clock.advance(Math.min(stepMs, durationMs - passed));
  }

  async flags(): Promise<SeenFlag[]> {
    const flags: SeenFlag[] = [];
    for await (const page of this.store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
      for (const { id, type, data, recordedAtMs } of page) {
        const { case: key, provisional = false, backfill = false } = data as FlagData;
        flags.push({ said: `${type.slice(flagTypePrefix.length)} ${key}`, id, provisional, backfill, recordedAtMs });
      }
    return flags;
  }

  async raised(): Promise<string[]> {
    return (await this.flags()).map(({ said, provisional }) => (provisional ? `${said} (provisional)` : said));
  }

  flagged(count: number): Promise<void> {
    return until(`${count} flags`, async () => (await this.flags()).length >= count);
  }

  /** Rows and state of what serves. */
  async kept(): Promise<unknown> {
    const checkpoint = (await this.readModels.activeGeneration("order-watch"))?.checkpoint;
    return {
      rows: await rowsOf(this.readModels, "order-watch"),
      position: checkpoint?.position,
      state: checkpoint?.state,
    };
  }

  async state(): Promise<ObserverState | undefined> {
    return (await this.readModels.activeGeneration("order-watch"))?.checkpoint?.state as ObserverState | undefined;
  }

  async handled(position: bigint): Promise<void> {
    await until(`${position} is handled`, async () => {
      const checkpoint = (await this.readModels.activeGeneration("order-watch"))?.checkpoint;
      return (checkpoint?.position ?? 0n) >= position;
    });
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.running.splice(0).map(({ processor }) => processor.stop()));
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.readModels.close();
  }
}
