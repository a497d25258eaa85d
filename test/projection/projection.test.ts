import { expect } from "chai";
import {
  byAggregateId,
  byCorrelationId,
  DomainEvent,
  EventTooNew,
  HandlingFailed,
  LiveReadModel,
  MemoryEventStore,
  Projection,
  Projects,
  ReadModelOutdated,
  upcaster,
  type ReadModelStore,
  type RecordedEvent,
} from "../../src/index.js";
import type { AnyClass } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
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
  totalsOtherwise,
  type Total,
  type Watched,
} from "../subscription/things.js";
import { until } from "../until.js";

describe("a live projection", () => {
  let store: MemoryEventStore;
  let readModels: ReadModelStore;
  const running: Watched[] = [];

  const start = (projection: AnyClass, upcasters: Parameters<typeof readModelOf>[1] = []) => {
    const watched = live(readModelOf(projection, upcasters), store, readModels);
    running.push(watched);
    watched.processor.start();
    return watched;
  };
  const settled = async (watched: Watched) => {
    const head = await store.head();
    await until("it is live", () => watched.state === "live" && watched.processor.status.position === head);
  };
  const stopped = async (watched: Watched) => {
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error).to.be.instanceOf(HandlingFailed);
    return watched.error as HandlingFailed;
  };

  beforeEach(async () => {
    store = new MemoryEventStore();
    readModels = await openSqliteReadModelStore({ file: ":memory:" });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.processor.stop()));
    await readModels.close();
  });

  it("keeps one row for each key, in the order of the log, and follows what is appended", async () => {
    await count(store, "a", 1, 2);
    await count(store, "b", 10);
    const watched = start(totals());
    await settled(watched);
    expect(await rowsOf<Total>(readModels, "totals")).to.deep.equal({
      a: { total: 3, from: ["1", "2"] },
      b: { total: 10, from: ["3"] },
    });
    await count(store, "a", 4);
    await settled(watched);
    expect(await readModels.findRow("totals@1", "a")).to.deep.equal({ total: 7, from: ["1", "2", "4"] });
  });

  it("removes a row for which its fold returns undefined, and begins it anew later", async () => {
    await count(store, "a", 1);
    await count(store, "b", 2);
    const watched = start(totals());
    await settled(watched);
    await record(store, "thing-a", [Dropped.of({})]);
    // Of a thing that was never counted there is nothing to remove.
    await record(store, "thing-c", [Dropped.of({})]);
    await settled(watched);
    expect(await sumsOf(readModels)).to.deep.equal({ b: 2 });
    await count(store, "a", 5);
    await settled(watched);
    expect(await readModels.findRow("totals@1", "a")).to.deep.equal({ total: 5, from: ["5"] });
  });

  it("can be asked for its rows by the fields that are indexed", async () => {
    await count(store, "a", 1);
    await count(store, "b", 2);
    await count(store, "c", 1);
    await settled(start(totals()));
    const { rows } = await readModels.findRows("totals@1", { where: { total: 1 }, limit: 10 });
    expect(rows.map(({ key }) => key)).to.deep.equal(["a", "c"]);
  });

  it("joins streams by correlation id, and stops in sight at an event that has none", async () => {
    @Projection<Total>({ name: "totals", version: 1, key: byCorrelationId })
    class ByProcess {
      @Projects(Counted)
      counted({ amount }: Counted, row: Total = { total: 0, from: [] }): Total {
        return { ...row, total: row.total + amount };
      }
    }
    await record(store, "thing-a", [Counted.of({ amount: 1 })], { $correlationId: "p" });
    await record(store, "thing-b", [Counted.of({ amount: 2 })], { $correlationId: "p" });
    await record(store, "thing-c", [Counted.of({ amount: 4 })]);
    const error = await stopped(start(ByProcess));
    expect(error).to.include({ streamName: "thing-c", revision: 0n, position: 3n });
    expect(error.message).to.include(
      "its key is undefined, expected text, or a list of texts; give the projection a key",
    );
    expect(await sumsOf(readModels)).to.deep.equal({ p: 3 });
  });

  it("shows a fold its row frozen, whether it was just made or loaded, so that it cannot be changed in place", async () => {
    @Projection<{ n: number }>({ name: "changed", version: 1, key: byAggregateId })
    class Changing {
      @Projects(Counted)
      counted({ amount }: Counted, row: { n: number } = { n: 0 }): { n: number } {
        row.n += amount;
        return row;
      }
    }
    await count(store, "a", 1, 2);
    const made = await stopped(start(Changing));
    expect(made.message).to.match(/read only property 'n'/);
    expect(made.revision).to.equal(1n);
    // Started again it loads the row.
    const loaded = await stopped(start(Changing));
    expect(loaded.message).to.match(/read only property 'n'/);
    expect(await rowsOf(readModels, "changed")).to.deep.equal({ a: { n: 1 } });
  });

  it("shows what a row holds frozen as well", async () => {
    @Projection<{ amounts: number[] }>({ name: "deep", version: 1, key: byAggregateId })
    class Deep {
      @Projects(Counted)
      counted({ amount }: Counted, row: { amounts: number[] } = { amounts: [] }): { amounts: number[] } {
        row.amounts.push(amount);
        return row;
      }
    }
    await count(store, "a", 1, 2);
    for (const time of ["just made", "loaded"]) {
      const error = await stopped(start(Deep));
      expect(error.message, time).to.match(/not extensible/);
      expect(await rowsOf(readModels, "deep"), time).to.deep.equal({ a: { amounts: [1] } });
    }
  });

  it("refuses a fold that is async, or returns no row", async () => {
    for (const [i, answer] of [Promise.resolve({}), "text", null, 7].entries()) {
      @Projection<object>({ name: `odd-${i}`, version: 1, key: byAggregateId })
      class Odd {
        @Projects(Counted)
        counted(_: Counted): object {
          return answer as object;
        }
      }
      await count(store, "a", 1);
      const error = await stopped(start(Odd));
      expect(error.message).to.include("the fold returned no row; return an object, or undefined to remove the row");
      expect(await rowsOf(readModels, `odd-${i}`)).to.deep.equal({});
    }
  });

  it("folds old versions of an event in their present shape", async () => {
    class Weighed extends DomainEvent("things.Weighed", { version: 3 }) {
      readonly grams!: number;
    }
    @Projection<{ grams: number }>({ name: "weights", version: 1, key: byAggregateId })
    class Weights {
      @Projects(Weighed)
      weighed({ grams }: Weighed, row: { grams: number } = { grams: 0 }): { grams: number } {
        return { grams: row.grams + grams };
      }
    }
    const append = (schemaVersion: number, data: object) =>
      record(store, "thing-a", [{ kind: "event", type: "things.Weighed", ...data }], { schemaVersion });
    await append(1, { kilos: "2" });
    await append(2, { kilos: 3 });
    await append(3, { grams: 7 });
    const upcasters = [
      upcaster("things.Weighed", { from: 1 }, ({ kilos }: { kilos: string }) => ({ kilos: Number(kilos) })),
      upcaster("things.Weighed", { from: 2 }, ({ kilos }: { kilos: number }) => ({ grams: kilos * 1_000 })),
    ];
    await settled(start(Weights, upcasters));
    expect(await rowsOf(readModels, "weights")).to.deep.equal({ a: { grams: 5_007 } });
  });

  it("stops in sight at an event of a newer schema than it knows", async () => {
    await count(store, "a", 1);
    await record(store, "thing-a", [Counted.of({ amount: 5 })], { schemaVersion: 2 });
    await count(store, "a", 1);
    const watched = start(totals());
    await until("it has stopped", () => watched.state === "stopped");
    const error = watched.error!;
    expect(error).to.be.instanceOf(EventTooNew);
    expect(error.message).to.match(/thing-a, revision 1.*recorded with schema version 2, this process knows up to 1/);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 1 });
  });

  it("is complete once it has caught up, and not when it stops on the way there", async () => {
    await count(store, "a", 1, 2);
    const subscriber = new LiveReadModel(readModelOf(totals()), store, readModels);
    const lease = (await readModels.acquire(subscriber.name, "here", 60_000))!;
    const { signal } = new AbortController();
    await subscriber.open(lease, { signal, fail: () => undefined });
    for await (const page of store.readLog({ filter: subscriber.filter })) await subscriber.handle(page);
    await subscriber.flush();
    const isComplete = async () => (await readModels.activeGeneration("totals@1"))!.isComplete;
    expect(await isComplete()).to.equal(false);
    await subscriber.caughtUp();
    expect(await isComplete()).to.equal(true);
  });

  it("adds a field to filter by at its start", async () => {
    await count(store, "a", 1);
    const fields = (indexes: readonly "n"[]) => {
      @Projection<{ n: number }>({ name: "fields", version: 1, key: byAggregateId, indexes })
      class Fields {
        @Projects(Counted)
        counted(_: Counted, __?: { n: number }): { n: number } {
          return { n: 5 };
        }
      }
      return Fields;
    };
    const before = start(fields([]));
    await settled(before);
    await before.processor.stop();
    await settled(start(fields(["n"])));
    const { rows } = await readModels.findRows("fields@1", { where: { n: 5 }, limit: 1 });
    expect(rows).to.have.length(1);
  });

  it("is built beside another version, which serves on", async () => {
    await count(store, "a", 1, 2);
    const old = start(totals());
    await settled(old);
    await settled(start(totals({ version: 2 })));
    await count(store, "a", 4);
    for (const place of ["totals@1", "totals@2"])
      await until(`${place} has it`, async () => {
        const row = (await readModels.findRow(place, "a")) as Total;
        return row.total === 7;
      });
  });

  it("stands still, and says so, when what it declares has changed and its version has not", async () => {
    await count(store, "a", 1, 2);
    const old = start(totals());
    await settled(old);
    await old.processor.stop();

    const watched = start(totalsOtherwise());
    await until("it says so", () => watched.error instanceof ReadModelOutdated);
    expect(watched.error!.message).to.equal(
      "totals: what it declares has changed since it was built (it folds things.Dropped no more), its version (1) has " +
        "not. Raise the version, or rebuild it: npm run rebuild -- totals. Until then it stands still.",
    );
    await count(store, "a", 4);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 3 });
  });

  it("commits on the way when it has fallen behind, so that a crash loses little", async () => {
    @Projection<{ n: number }>({ name: "long", version: 1, key: byAggregateId })
    class Long {
      @Projects(Counted)
      counted(_: Counted, row: { n: number } = { n: 0 }, { position }: RecordedEvent): { n: number } {
        if (position === 11_001n) throw new Error("killed");
        return { n: row.n + 1 };
      }
    }
    await count(store, "0", 1);
    const first = start(Long);
    await settled(first);
    await first.processor.stop();
    const commits: number[] = [];
    const { commit } = readModels;
    readModels.commit = (generation, lease, change) => {
      commits.push(change.checkpoint.handled);
      return commit.call(readModels, generation, lease, change);
    };
    for (let i = 0; i < 12; i++) await count(store, `${i % 3}`, ...Array.from({ length: 1_000 }, () => 1));
    await stopped(start(Long));
    expect(commits).to.deep.equal([5_001, 10_001, 11_000]);
  });
});
