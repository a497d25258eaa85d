import { expect } from "chai";
import fc from "fast-check";
import { byAggregateId, MemoryEventStore, Projection, Projects, type RecordedEvent } from "../../src/index.js";
import { runs } from "../runs.js";
import {
  count,
  Counted,
  Dropped,
  readModelOf,
  record,
  rowsOf,
  sumsOf,
  totals,
  type Total,
} from "../subscription/things.js";
import { until } from "../until.js";
import { Rebuilding } from "./rebuilding.js";

describe("a rebuild takes the place of what serves", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
  });
  afterEach(() => to.close());

  it("goes on beside a live worker, which is fenced by the switch and goes on with the new generation", async () => {
    const last = await count(to.store, "a", 1, 2);
    const watched = to.start();
    await to.handled(watched, last);
    const before = await to.readModels.activeGeneration("totals@1");
    await to.rebuilt();
    const after = await to.readModels.activeGeneration("totals@1");
    expect(after!.id).to.not.equal(before!.id);
    await count(to.store, "a", 4);
    await to.handled(watched, last + 1n);
    expect(watched.states).to.deep.equal(["catching-up", "live", "catching-up", "live"]);
    expect((await rowsOf<Total>(to.readModels, "totals"))["a"]).to.deep.equal({ total: 7, from: ["1", "2", "3"] });
    expect((await to.readModels.activeGeneration("totals@1"))!.id).to.equal(after!.id);
  });

  it("catches up with what is appended, and made live, while it reads", async () => {
    await count(to.store, "a", 1);
    const watched = to.start();
    await to.handled(watched, 1n);
    let rounds = 0;
    const result = await to.rebuilt(readModelOf(totals()), {
      store: to.readAs(async function* (options) {
        yield* to.store.readLog(options);
        // The log grows, and the live worker is faster, just before the switch.
        if (++rounds > 3) return;
        const position = await count(to.store, "b", rounds);
        await to.handled(watched, position);
      }),
    });
    expect(rounds).to.equal(4);
    expect(result).to.include({ activated: true, events: 4 });
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 1, b: 6 });
  });

  it("of terms that read fewer types takes its place, though the old one has come further", async () => {
    @Projection<{ n: number }>({ name: "totals", version: 1, key: byAggregateId })
    class CountedOnly {
      @Projects(Counted)
      counted(_: Counted, row: { n: number } = { n: 0 }): { n: number } {
        return { n: row.n + 1 };
      }
    }
    await count(to.store, "a", 1);
    await record(to.store, "thing-a", [Dropped.of({})]);
    await to.handled(to.start(), 2n);
    expect(await to.rebuilt(readModelOf(CountedOnly))).to.include({ activated: true, events: 1 });
    expect(await rowsOf(to.readModels, "totals")).to.deep.equal({ a: { n: 1 } });
    await to.stopWorkers();
    const watched = to.start(readModelOf(CountedOnly));
    await count(to.store, "a", 1);
    await to.handled(watched, 3n);
    expect(await rowsOf(to.readModels, "totals")).to.deep.equal({ a: { n: 2 } });
  });

  it("mends a checkpoint beyond the end of the log, and one of another log, as those errors advise", async () => {
    await count(to.store, "a", 1, 2, 3);
    await to.handled(to.start(), 3n);
    await to.stopWorkers();
    const original = to.store;
    to.store = new MemoryEventStore({ clock: to.clock, storeId: await original.storeId() });
    await count(to.store, "a", 10);
    const restored = to.start();
    await until("it has stopped", () => restored.state === "stopped");
    expect(await to.rebuilt()).to.include({ activated: true, events: 1 });
    restored.processor.start();
    await count(to.store, "a", 20);
    await to.handled(restored, 2n);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 30 });
    await to.stopWorkers();

    to.store = new MemoryEventStore({ clock: to.clock });
    await count(to.store, "b", 5);
    expect(await to.rebuilt()).to.include({ activated: true });
    expect(await sumsOf(to.readModels)).to.deep.equal({ b: 5 });
    await to.handled(to.start(), 1n);
  });

  it("of an empty log empties the read model, be it this log or another", async () => {
    for (const storeId of [await to.store.storeId(), "another"]) {
      await count(to.store, "a", 1);
      const watched = to.start();
      await to.handled(watched, 1n);
      await to.stopWorkers();
      const full = to.store;
      to.store = new MemoryEventStore({ clock: to.clock, storeId });
      const result = { name: "totals", events: 0, position: undefined, resumed: 0, activated: true };
      expect(await to.rebuilt()).to.deep.equal(result);
      expect(await sumsOf(to.readModels)).to.deep.equal({});
      to.store = full;
      await to.rebuilt();
      expect(await sumsOf(to.readModels)).to.deep.equal({ a: 1 });
      to.store = new MemoryEventStore({ clock: to.clock });
      await to.rebuilt();
    }
  });

  it("stays correct when more rows change than it keeps, and rows come back after they were written", async () => {
    const limits = { rebuildRows: 20 };
    for (let round = 0; round < 5; round++)
      for (let i = 0; i < 400; i++) {
        await count(to.store, `${(i * 7) % 400}`, 1 + round);
        if (i % 17 === round) await record(to.store, `thing-${i}`, [Dropped.of({})]);
      }
    await to.rebuilt();
    const unspilled = await rowsOf<Total>(to.readModels, "totals");
    const commits = to.watchCommits();
    await to.rebuilt(readModelOf(totals(), [], limits));
    // Every page has more rows than fit.
    expect(commits.length).to.be.at.least(4);
    expect(await rowsOf<Total>(to.readModels, "totals")).to.deep.equal(unspilled);
  });

  it("writes on the way although no row changes, so that what is not there takes no memory without bound", async () => {
    await count(to.store, "a", ...Array.from({ length: 30 }, () => 1));
    for (let i = 0; i < 30; i++) await count(to.store, `a${i}`, 1);
    for (let i = 0; i < 2_500; i++) await record(to.store, `thing-${i}`, [Dropped.of({})]);
    const handledAt = to.watchCommits();
    await to.rebuilt(readModelOf(totals(), [], { rebuildRows: 20 }));
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
        to.store = new MemoryEventStore({ clock: to.clock });
        const expected: Record<string, { history: string[] }> = {};
        await to.rebuilt(readModel);
        let watched = to.start(readModel);
        let position = 0n;
        for (const each of steps)
          if (each === "restart") {
            await to.stopWorkers();
            watched = to.start(readModel);
          } else if (each === "rebuild") await to.rebuilt(readModel);
          else if ("dropped" in each) {
            position = await record(to.store, `thing-${each.thing}`, [Dropped.of({})]);
            delete expected[each.thing];
          } else {
            position = await count(to.store, each.thing, each.amount);
            (expected[each.thing] ??= { history: [] }).history.push(`${position} ${each.amount}`);
          }
        if (position > 0n) await to.handled(watched, position);
        await watched.processor.stop();
        expect(await rowsOf(to.readModels, "histories")).to.deep.equal(expected);
        await to.rebuilt(readModel);
        expect(await rowsOf(to.readModels, "histories")).to.deep.equal(expected);
      }),
      { numRuns: runs(40, 2_000) },
    );
  });
});
