import { expect } from "chai";
import fc from "fast-check";
import {
  CheckpointMismatch,
  HandlingFailed,
  liveLease,
  MemoryEventStore,
  NotBuilt,
  ReadModelOutdated,
  rebuildRow,
} from "../../src/index.js";
import { runs } from "../runs.js";
import {
  count,
  Dropped,
  readModelOf,
  record,
  rowsOf,
  sumsOf,
  totals,
  totalsOtherwise,
  type Total,
} from "../subscription/things.js";
import { until } from "../until.js";
import { Rebuilding } from "./rebuilding.js";

describe("the rebuild of one row", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
  });
  afterEach(() => to.close());

  const rebuilt = (key: string, readModel = readModelOf(totals()), store = to.store) => {
    const { readModels, clock } = to;
    return rebuildRow(readModel, key, { store, readModels, clock, holder: "operator" });
  };
  /** Writes rows that history does not give. */
  const damage = async (rows: Record<string, object | undefined>) => {
    const generation = (await to.readModels.activeGeneration("totals@1"))!;
    const lease = await to.readModels.seize("damage", "somebody", 1_000);
    await to.readModels.commit(generation, lease, {
      rows: Object.entries(rows),
      checkpoint: generation.checkpoint!,
    });
  };

  it("mends that row, leaves the others, and the live worker goes on with it", async () => {
    await count(to.store, "a", 1, 2);
    await count(to.store, "b", 10);
    const watched = to.start();
    await to.handled(watched, 3n);
    await damage({ a: { total: 99, from: [] }, b: { total: 98, from: [] } });
    const result = await rebuilt("a");
    expect(result).to.deep.include({ name: "totals", key: "a", events: 2, position: 3n, changed: true });
    expect(result.before).to.deep.equal({ total: 99, from: [] });
    expect(result.after).to.deep.equal({ total: 3, from: ["1", "2"] });
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 3, b: 98 });
    await count(to.store, "a", 4);
    await until("it has its lease again", async () => {
      await to.clock.advance(2_000);
      return (await sumsOf(to.readModels))["a"] === 7;
    });
  });

  it("removes a row that history does not give, and makes one that is missing", async () => {
    await count(to.store, "a", 1);
    await count(to.store, "b", 2);
    await record(to.store, "thing-b", [Dropped.of({})]);
    await to.rebuilt();
    await damage({ a: undefined, b: { total: 1, from: [] } });
    expect(await rebuilt("a")).to.include({ changed: true, before: undefined });
    expect(await rebuilt("b")).to.include({ changed: true, after: undefined });
    expect(await rebuilt("a")).to.include({ changed: false });
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 1 });
  });

  it("leaves the row as it is when an event of its key cannot be folded", async () => {
    await count(to.store, "a", 1, 13);
    await to.rebuilt();
    const failing = rebuilt("a", readModelOf(totals({ poison: { amount: 13 } })));
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(HandlingFailed);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 14 });
  });

  it("fences a worker of the same process, whose holder has the same name", async () => {
    await count(to.store, "a", 1);
    await to.rebuilt();
    const worker = (await to.readModels.acquire(liveLease("totals@1"), "operator", 60_000))!;
    await damage({ a: { total: 9, from: [] } });
    await rebuilt("a");
    expect(await to.readModels.renew(worker, 60_000)).to.equal(false);
  });

  it("is refused over rows of other terms, and over another log", async () => {
    await count(to.store, "a", 1);
    await to.rebuilt();
    const otherwise = rebuilt("a", readModelOf(totalsOtherwise()));
    expect(await otherwise.catch((error: unknown) => error)).to.be.instanceOf(ReadModelOutdated);
    const other = rebuilt("a", readModelOf(totals()), new MemoryEventStore({ clock: to.clock }));
    expect(await other.catch((error: unknown) => error)).to.be.instanceOf(CheckpointMismatch);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 1 });
  });

  it("is refused before anything was built", async () => {
    expect(await rebuilt("a").catch((error: unknown) => error)).to.be.instanceOf(NotBuilt);
  });

  it("comes to the row that a whole rebuild makes, wherever the live worker stands, and whatever it does meanwhile", async () => {
    const step = fc.record({ thing: fc.constantFrom("a", "b"), amount: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 30 }),
        async (steps, live) => {
          const own = await Rebuilding.open();
          try {
            const outer = to;
            to = own;
            for (const { thing, amount } of steps.slice(0, live)) await count(own.store, thing, amount);
            await own.rebuilt();
            for (const { thing, amount } of steps.slice(live)) await count(own.store, thing, amount);
            await damage({ a: { total: -5, from: [] } });
            const watched = own.start();
            await rebuilt("a");
            await until("the worker is live again", async () => {
              await own.clock.advance(2_000);
              return watched.state === "live" && watched.processor.status.position === (await own.store.head());
            });
            const mended = await rowsOf<Total>(own.readModels, "totals");
            await own.rebuilt();
            to = outer;
            expect(mended["a"]).to.deep.equal((await rowsOf<Total>(own.readModels, "totals"))["a"]);
          } finally {
            await own.close();
          }
        },
      ),
      { numRuns: runs(15, 500) },
    );
  });
});
