/** Several read models are rebuilt by one read of the log: each becomes what it would have become alone. */

import { expect } from "chai";
import fc from "fast-check";
import {
  byAggregateId,
  DomainEvent,
  MemoryEventStore,
  Projection,
  Projects,
  randomId,
  rebuild,
  rebuildTogether,
  RebuildInProgress,
  type EventStore,
  type ReadModel,
  type RebuildResult,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { rowsOf, readModelOf } from "../subscription/things.js";

const types = ["a", "b", "c", "d"] as const;
const events = types.map((type) => class extends DomainEvent(`together.${type}`) {});

/** Counts the events of some types, stream by stream; one that is poison cannot be folded. */
function counting(name: string, wanted: readonly number[], poison?: string): ReadModel {
  @Projection<{ readonly count: number; readonly last: string }>({ name, version: 1, key: byAggregateId })
  class Counts {}
  const prototype = Counts.prototype as unknown as Record<string, unknown>;
  for (const n of wanted) {
    prototype[`on${n}`] = (_: object, row: { count: number } = { count: 0 }, { id }: { id: string }) => {
      if (id === poison) throw new RangeError(`${id} is poison`);
      return { count: row.count + 1, last: id };
    };
    Projects(events[n]!)(
      Counts.prototype as never,
      `on${n}` as never,
      {
        value: prototype[`on${n}`],
      } as never,
    );
  }
  return readModelOf(Counts);
}

/** Counts how often, and how much of, the log is read. */
class CountedReads extends MemoryEventStore {
  reads = 0;
  pages = 0;

  override async *readLog(...args: Parameters<EventStore["readLog"]>) {
    this.reads++;
    for await (const page of super.readLog(...args)) {
      this.pages++;
      yield page;
    }
  }
}

async function logOf(history: readonly number[]): Promise<CountedReads> {
  const store = new CountedReads();
  for (const [i, n] of history.entries())
    await store.append(`thing-${i % 5}`, [{ id: `event-${i}`, type: `together.${types[n]}`, data: {} }], {
      expectedRevision: "any",
    });
  return store;
}

const outcome = (settled: PromiseSettledResult<RebuildResult>) =>
  settled.status === "fulfilled" ? settled.value : (settled.reason as Error);

describe("read models that are rebuilt together", () => {
  it("become what each would have become alone, whatever the history and their events", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3 }), { maxLength: 60 }),
        fc.array(fc.uniqueArray(fc.nat({ max: 3 }), { minLength: 1 }), { minLength: 1, maxLength: 4 }),
        async (history, wanted) => {
          const store = await logOf(history);
          const readModels = wanted.map((each, i) => counting(`model-${i}`, each));
          const [together, alone] = [
            await openSqliteReadModelStore({ file: ":memory:" }),
            await openSqliteReadModelStore({ file: ":memory:" }),
          ];
          const outcomes = await rebuildTogether(readModels, { store, readModels: together, holder: "test" });
          for (const [i, readModel] of readModels.entries()) {
            const { name } = readModel.declaration;
            const expected = await rebuild(readModel, { store, readModels: alone, holder: "test" });
            expect(outcome(outcomes[i]!)).to.deep.equal(expected);
            expect(await rowsOf(together, name)).to.deep.equal(await rowsOf(alone, name));
          }
          await Promise.all([together.close(), alone.close()]);
        },
      ),
      { numRuns: 50 },
    ));

  it("read the log once", async () => {
    const store = await logOf(Array.from({ length: 1_000 }, (_, i) => i % 4));
    const readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const wanted = [counting("one", [0]), counting("two", [1, 2]), counting("three", [0, 3])];
    const alone = await openSqliteReadModelStore({ file: ":memory:" });
    await rebuild(counting("all", [0, 1, 2, 3]), { store, readModels: alone, holder: "test" });
    const [reads, pages] = [store.reads, store.pages];
    await rebuildTogether(wanted, { store, readModels, holder: "test" });
    expect([store.reads - reads, store.pages - pages]).to.deep.equal([reads, pages]);
    await Promise.all([readModels.close(), alone.close()]);
  });

  it("leave the others alone when one fails, before it reads or on the way", async () => {
    const store = await logOf(Array.from({ length: 600 }, (_, i) => i % 4));
    const readModels = await openSqliteReadModelStore({ file: ":memory:" });
    await readModels.acquire("rebuild:taken@1", "another", 60_000);
    const wanted = [
      counting("good", [0, 1]),
      counting("poisoned", [0, 2], "event-300"),
      counting("taken", [1]),
      counting("also-good", [3]),
    ];
    const outcomes = (await rebuildTogether(wanted, { store, readModels, holder: "test" })).map(outcome);
    expect(outcomes[0]).to.include({ name: "good", events: 300, activated: true });
    expect(String(outcomes[1])).to.include("event-300 is poison");
    expect(outcomes[2]).to.be.instanceOf(RebuildInProgress);
    expect(outcomes[3]).to.include({ name: "also-good", events: 150, activated: true });
    expect(await readModels.activeGeneration("poisoned@1")).to.equal(undefined);
    await readModels.close();
  });

  it("fail all when the log cannot be read, and stop all when they are told to", async () => {
    const store = await logOf(Array.from({ length: 600 }, (_, i) => i % 4));
    const readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const wanted = [counting("one", [0]), counting("two", [1])];
    const read = store.readLog.bind(store);
    store.readLog = async function* (...args) {
      for await (const page of read(...args)) {
        yield page;
        throw new Error(`the disk is gone ${randomId()}`);
      }
    };
    const failed = (await rebuildTogether(wanted, { store, readModels, holder: "test" })).map(outcome);
    for (const error of failed) expect(String(error)).to.include("the disk is gone");
    store.readLog = read;
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    const { signal } = abort;
    const stopped = await rebuildTogether(wanted, { store, readModels, holder: "test", signal, onProgress });
    expect(stopped.map(outcome).map((each) => (each as RebuildResult).activated)).to.deep.equal([false, false]);
    await readModels.close();
  });
});
