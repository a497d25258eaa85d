/** Rebuilds beside live workers, over a log and read models that are new for each test. */

import {
  MemoryEventStore,
  rebuild,
  type EventStore,
  type ReadModel,
  type ReadModelStore,
  type RebuildOptions,
  type RebuildResult,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { live, readModelOf, totals, type Watched } from "../subscription/things.js";
import { until } from "../until.js";

export class Rebuilding {
  private readonly running: Watched[] = [];

  private constructor(
    readonly clock: ManualClock,
    readonly readModels: ReadModelStore,
    /** A test may put another log in its place. */
    public store: MemoryEventStore,
  ) {}

  static async open(): Promise<Rebuilding> {
    const clock = new ManualClock();
    const readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
    return new Rebuilding(clock, readModels, new MemoryEventStore({ clock }));
  }

  /** Starts a live worker. */
  start(readModel: ReadModel = readModelOf(totals())): Watched {
    const watched = live(readModel, this.store, this.readModels, { clock: this.clock });
    this.running.push(watched);
    watched.processor.start();
    return watched;
  }

  async handled(watched: Watched, position: bigint): Promise<void> {
    await until(
      `${position} is handled`,
      () => watched.state === "live" && watched.processor.status.position === position,
    );
  }

  rebuilt(readModel: ReadModel = readModelOf(totals()), options: Partial<RebuildOptions> = {}): Promise<RebuildResult> {
    const { store, readModels, clock } = this;
    return rebuild(readModel, { store, readModels, holder: "operator", clock, ...options });
  }

  /** Collects what each commit from now on has handled since the beginning. */
  watchCommits(): readonly number[] {
    const handled: number[] = [];
    const { readModels } = this;
    const { commit } = readModels;
    readModels.commit = (generation, lease, change) => {
      handled.push(change.checkpoint.handled);
      return commit.call(readModels, generation, lease, change);
    };
    return handled;
  }

  /** The log, read as a test says. */
  readAs(readLog: EventStore["readLog"]): EventStore {
    const { store } = this;
    return {
      streamPrefix: store.streamPrefix,
      storeId: () => store.storeId(),
      append: store.append.bind(store),
      readStream: store.readStream.bind(store),
      readLog,
      readCorrelation: store.readCorrelation.bind(store),
      subscribe: store.subscribe.bind(store),
      head: () => store.head(),
      close: () => store.close(),
    };
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.running.splice(0).map((each) => each.processor.stop()));
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.readModels.close();
  }
}
