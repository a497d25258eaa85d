import { expect } from "chai";
import fc from "fast-check";
import {
  byAggregateId,
  Fenced,
  HandlingFailed,
  MemoryEventStore,
  Projection,
  Projects,
  rebuild,
  RebuildInProgress,
  type ReadModel,
  type ReadModelStore,
  type RebuildOptions,
  type RebuildProgress,
  type RecordedEvent,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { runs } from "../runs.js";
import {
  count,
  Counted,
  Dropped,
  live,
  readModelOf,
  record,
  rowsOf,
  sumsOf,
  totals,
  type Total,
  type Watched,
} from "../subscription/things.js";
import { until } from "../until.js";

describe("a rebuild", () => {
  let clock: ManualClock;
  let store: MemoryEventStore;
  let readModels: ReadModelStore;
  const running: Watched[] = [];

  const start = (readModel: ReadModel = readModelOf(totals())) => {
    const watched = live(readModel, store, readModels, { clock });
    running.push(watched);
    watched.processor.start();
    return watched;
  };
  const handled = async (watched: Watched, position: bigint) =>
    until(`${position} is handled`, () => watched.state === "live" && watched.processor.status.position === position);
  const rebuilt = (readModel: ReadModel = readModelOf(totals()), options: Partial<RebuildOptions> = {}) =>
    rebuild(readModel, { store, readModels, holder: "operator", clock, ...options });
  const stopAll = () => Promise.all(running.splice(0).map((each) => each.processor.stop()));

  beforeEach(async () => {
    clock = new ManualClock();
    store = new MemoryEventStore({ clock });
    readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
  });
  afterEach(async () => {
    await stopAll();
    await readModels.close();
  });

  it("builds what was never live, and says from how much", async () => {
    await count(store, "a", 1, 2, 3);
    await count(store, "b", 4);
    expect(await rebuilt()).to.deep.equal({ name: "totals", events: 4, position: 4n, activated: true });
    expect(await rowsOf<Total>(readModels, "totals")).to.deep.equal({
      a: { total: 6, from: ["1", "2", "3"] },
      b: { total: 4, from: ["4"] },
    });
    const { rows } = await readModels.findRows("totals", { where: { total: 4 }, limit: 2 });
    expect(rows.map(({ key }) => key)).to.deep.equal(["b"]);
  });

  it("mends rows that a wrong fold has made", async () => {
    @Projection<Total>({ name: "totals", version: 1, key: byAggregateId })
    class Wrong {
      @Projects(Counted)
      counted(_: Counted): Total {
        return { total: -1, from: [] };
      }
    }
    const last = await count(store, "a", 1, 2);
    await handled(start(readModelOf(Wrong)), last);
    expect(await sumsOf(readModels)).to.deep.equal({ a: -1 });
    await stopAll();
    await rebuilt();
    expect(await sumsOf(readModels)).to.deep.equal({ a: 3 });
  });

  it("reports progress page by page, up to the end", async () => {
    for (let i = 0; i < 3; i++) await count(store, "a", ...Array.from({ length: 500 }, () => 1));
    const said: RebuildProgress[] = [];
    await rebuilt(undefined, { onProgress: (progress) => said.push(progress) });
    expect(said).to.deep.equal(
      [500, 1_000, 1_500].map((events) => ({
        name: "totals",
        events,
        position: BigInt(events),
        head: 1_500n,
      })),
    );
  });

  it("leaves what serves as it is when it is aborted, before or on the way", async () => {
    const last = await count(store, "a", ...Array.from({ length: 1_500 }, () => 1));
    const watched = start();
    await handled(watched, last);
    const serving = await readModels.activeGeneration("totals");
    const abort = new AbortController();
    const result = await rebuilt(undefined, { signal: abort.signal, onProgress: () => abort.abort() });
    expect(result).to.include({ activated: false, events: 500 });
    expect(await rebuilt(undefined, { signal: AbortSignal.abort() })).to.include({ activated: false, events: 0 });
    expect((await readModels.activeGeneration("totals"))?.id).to.equal(serving!.id);
    await count(store, "a", 1);
    await handled(watched, last + 1n);
    expect(watched.states, "the live worker was not disturbed").to.deep.equal(["catching-up", "live"]);
    expect(await rebuilt()).to.include({ activated: true });
  });

  it("leaves what serves as it is when an event cannot be folded", async () => {
    const last = await count(store, "a", 1, 13);
    await handled(start(), last);
    const failing = rebuilt(readModelOf(totals({ version: 2, poison: { amount: 13 } })));
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(HandlingFailed);
    expect((await readModels.activeGeneration("totals"))?.version).to.equal(1);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 14 });
    // And it has let go: another one need not wait.
    expect(await rebuilt()).to.include({ activated: true });
  });

  it("is refused while another one is under way, in this process or in another", async () => {
    await count(store, "a", ...Array.from({ length: 600 }, () => 1));
    const attempts: unknown[] = [];
    let asked = false;
    const result = await rebuild(readModelOf(totals()), {
      store: {
        ...methodsOf(store),
        // While this one reads, others try.
        async *readLog(options) {
          if (!asked) {
            asked = true;
            for (const holder of ["operator", "another"])
              attempts.push(await rebuilt(undefined, { holder }).catch((error: unknown) => error));
          }
          yield* store.readLog(options);
        },
      },
      readModels,
      holder: "operator",
      clock,
    });
    expect(result).to.include({ activated: true, events: 600 });
    for (const error of attempts) {
      expect(error).to.be.instanceOf(RebuildInProgress);
      expect((error as Error).message).to.equal(
        "totals: another rebuild is under way. Wait for it, or stop it first.",
      );
    }
    expect(attempts).to.have.length(2);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 600 });
  });

  it("writes nothing more when another one took over while it was stalled", async () => {
    await count(store, "a", 1);
    const stalled = new ManualClock();
    let other: unknown;
    const first = rebuild(readModelOf(totals()), {
      store: {
        ...methodsOf(store),
        async *readLog(options) {
          if (!other) {
            other = "under way";
            await clock.advance(60_000);
            other = await rebuilt(undefined, { holder: "another" });
          }
          yield* store.readLog(options);
        },
      },
      readModels,
      holder: "operator",
      clock: stalled,
    });
    expect(await first.catch((error: unknown) => error)).to.be.instanceOf(Fenced);
    expect(other).to.include({ activated: true });
    expect(await sumsOf(readModels)).to.deep.equal({ a: 1 });
  });

  it("goes on beside a live worker, which is fenced by the switch and goes on with the new generation", async () => {
    const last = await count(store, "a", 1, 2);
    const watched = start();
    await handled(watched, last);
    const before = await readModels.activeGeneration("totals");
    await rebuilt();
    const after = await readModels.activeGeneration("totals");
    expect(after!.id).to.not.equal(before!.id);
    await count(store, "a", 4);
    await handled(watched, last + 1n);
    expect(watched.states).to.deep.equal(["catching-up", "live", "catching-up", "live"]);
    expect((await rowsOf<Total>(readModels, "totals"))["a"]).to.deep.equal({ total: 7, from: ["1", "2", "3"] });
    expect((await readModels.activeGeneration("totals"))!.id).to.equal(after!.id);
  });

  it("catches up with what is appended, and made live, while it reads", async () => {
    await count(store, "a", 1);
    const watched = start();
    await handled(watched, 1n);
    let rounds = 0;
    const result = await rebuild(readModelOf(totals({ version: 2 })), {
      store: {
        ...methodsOf(store),
        async *readLog(options) {
          yield* store.readLog(options);
          // The log grows, and the live worker is faster, just before the switch.
          if (++rounds > 3) return;
          const position = await count(store, "b", rounds);
          await handled(watched, position);
        },
      },
      readModels,
      holder: "operator",
      clock,
    });
    expect(rounds).to.equal(4);
    expect(result).to.include({ activated: true, events: 4 });
    expect(await sumsOf(readModels)).to.deep.equal({ a: 1, b: 6 });
  });

  it("of a version that reads fewer types takes its place, though the old one has come further", async () => {
    @Projection<{ n: number }>({ name: "totals", version: 2, key: byAggregateId })
    class CountedOnly {
      @Projects(Counted)
      counted(_: Counted, row: { n: number } = { n: 0 }): { n: number } {
        return { n: row.n + 1 };
      }
    }
    await count(store, "a", 1);
    await record(store, "thing-a", [Dropped.of({})]);
    await handled(start(), 2n);
    expect(await rebuilt(readModelOf(CountedOnly))).to.include({ activated: true, events: 1 });
    expect(await rowsOf(readModels, "totals")).to.deep.equal({ a: { n: 1 } });
    await stopAll();
    const watched = start(readModelOf(CountedOnly));
    await count(store, "a", 1);
    await handled(watched, 3n);
    expect(await rowsOf(readModels, "totals")).to.deep.equal({ a: { n: 2 } });
  });

  it("mends a checkpoint beyond the end of the log, and one of another log, as those errors advise", async () => {
    await count(store, "a", 1, 2, 3);
    await handled(start(), 3n);
    await stopAll();
    const original = store;
    store = new MemoryEventStore({ clock, storeId: await original.storeId() });
    await count(store, "a", 10);
    const restored = start();
    await until("it has stopped", () => restored.state === "stopped");
    expect(await rebuilt()).to.include({ activated: true, events: 1 });
    restored.processor.start();
    await count(store, "a", 20);
    await handled(restored, 2n);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 30 });
    await stopAll();

    store = new MemoryEventStore({ clock });
    await count(store, "b", 5);
    expect(await rebuilt()).to.include({ activated: true });
    expect(await sumsOf(readModels)).to.deep.equal({ b: 5 });
    await handled(start(), 1n);
  });

  it("of an empty log empties the read model, be it this log or another", async () => {
    for (const storeId of [await store.storeId(), "another"]) {
      await count(store, "a", 1);
      const watched = start();
      await handled(watched, 1n);
      await stopAll();
      const full = store;
      store = new MemoryEventStore({ clock, storeId });
      expect(await rebuilt()).to.deep.equal({ name: "totals", events: 0, position: undefined, activated: true });
      expect(await sumsOf(readModels)).to.deep.equal({});
      store = full;
      await rebuilt();
      expect(await sumsOf(readModels)).to.deep.equal({ a: 1 });
      store = new MemoryEventStore({ clock });
      await rebuilt();
    }
  });

  it("stays correct when more rows change than it keeps, and rows come back after they were written", async () => {
    const limits = { rebuildRows: 20 };
    for (let round = 0; round < 5; round++)
      for (let i = 0; i < 400; i++) {
        await count(store, `${(i * 7) % 400}`, 1 + round);
        if (i % 17 === round) await record(store, `thing-${i}`, [Dropped.of({})]);
      }
    await rebuilt();
    const unspilled = await rowsOf<Total>(readModels, "totals");
    let commits = 0;
    const { commit } = readModels;
    readModels.commit = (...args) => {
      commits++;
      return commit.apply(readModels, args);
    };
    await rebuilt(readModelOf(totals(), [], limits));
    // Every page has more rows than fit.
    expect(commits).to.be.at.least(4);
    expect(await rowsOf<Total>(readModels, "totals")).to.deep.equal(unspilled);
  });

  it("writes on the way although no row changes, so that what is not there takes no memory without bound", async () => {
    await count(store, "a", ...Array.from({ length: 30 }, () => 1));
    for (let i = 0; i < 30; i++) await count(store, `a${i}`, 1);
    for (let i = 0; i < 2_500; i++) await record(store, `thing-${i}`, [Dropped.of({})]);
    const handledAt: number[] = [];
    const { commit } = readModels;
    readModels.commit = (generation, lease, change) => {
      handledAt.push(change.checkpoint.handled);
      return commit.call(readModels, generation, lease, change);
    };
    await rebuilt(readModelOf(totals(), [], { rebuildRows: 20 }));
    expect(handledAt).to.deep.equal([500, 1_000, 1_500, 2_000, 2_500, 2_560]);
  });

  it("comes to the rows that were kept live, whatever the history and wherever the live worker was stopped", async function () {
    this.timeout(300_000);
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ thing: fc.constantFrom("a", "b", "c"), amount: fc.integer() }) },
      { weight: 2, arbitrary: fc.record({ thing: fc.constantFrom("a", "b"), dropped: fc.constant(true) }) },
      { weight: 1, arbitrary: fc.constant("restart" as const) },
      { weight: 1, arbitrary: fc.constant("rebuild" as const) },
    );
    @Projection<{ readonly history: readonly string[] }>({ name: "histories", version: 1, key: byAggregateId })
    class Histories {
      @Projects(Counted)
      counted(event: Counted, row: { readonly history: readonly string[] } = { history: [] }, at: RecordedEvent) {
        return { history: [...row.history, `${at.position} ${event.amount}`] };
      }
      @Projects(Dropped)
      dropped(_: Dropped, __: { readonly history: readonly string[] } | undefined): undefined {
        return undefined;
      }
    }
    const readModel = readModelOf(Histories, [], { liveRows: 1, liveBatch: 3, rebuildRows: 2 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        store = new MemoryEventStore({ clock });
        const expected: Record<string, { history: string[] }> = {};
        await rebuilt(readModel);
        let watched = start(readModel);
        let position = 0n;
        for (const each of steps)
          if (each === "restart") {
            await stopAll();
            watched = start(readModel);
          } else if (each === "rebuild") await rebuilt(readModel);
          else if ("dropped" in each) {
            position = await record(store, `thing-${each.thing}`, [Dropped.of({})]);
            delete expected[each.thing];
          } else {
            position = await count(store, each.thing, each.amount);
            (expected[each.thing] ??= { history: [] }).history.push(`${position} ${each.amount}`);
          }
        if (position > 0n) await handled(watched, position);
        await watched.processor.stop();
        expect(await rowsOf(readModels, "histories")).to.deep.equal(expected);
        await rebuilt(readModel);
        expect(await rowsOf(readModels, "histories")).to.deep.equal(expected);
      }),
      { numRuns: runs(40, 2_000) },
    );
  });
});

/** The log's methods as fields, so that a test can put its own in the place of one. */
const methodsOf = (store: MemoryEventStore) => ({
  storeId: () => store.storeId(),
  append: store.append.bind(store),
  readStream: store.readStream.bind(store),
  readLog: store.readLog.bind(store),
  readCorrelation: store.readCorrelation.bind(store),
  subscribe: store.subscribe.bind(store),
  head: () => store.head(),
  close: () => store.close(),
});
