import { createHash } from "node:crypto";
import { expect } from "chai";
import { byAggregateId, MemoryEventStore, Projection, Projects, StoreUnavailable } from "../../src/index.js";
import { count, Counted, readModelOf, sumsOf, totals } from "../subscription/things.js";
import { Rebuilding } from "./rebuilding.js";

const batch = 500;
/** Commits after every page. */
const totalsInBatches = () => readModelOf(totals(), [], { rebuildBatch: batch });

describe("a rebuild that was left unfinished", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
    for (let i = 0; i < 3; i++) await count(to.store, `${i}`, ...Array.from({ length: batch }, () => 1));
  });
  afterEach(() => to.close());

  /** Begins a rebuild that ends without a word after its first commit, as when it is killed. */
  const killed = async (readModel = totalsInBatches()) => {
    const { store, readModels, clock } = to;
    const { commit, drop } = readModels;
    let commits = 0;
    readModels.commit = async (...args) => {
      if (++commits > 1) throw new Error("killed");
      await commit.apply(readModels, args);
    };
    readModels.drop = async () => {};
    await to.rebuilt(readModel, { store, clock }).catch(() => undefined);
    Object.assign(readModels, { commit, drop });
  };

  it("goes on where it was, and does at most one batch again", async () => {
    await killed();
    const read: bigint[] = [];
    const result = await to.rebuilt(totalsInBatches(), {
      store: to.readAs(async function* (options) {
        for await (const page of to.store.readLog(options)) {
          read.push(page[0]!.position);
          yield page;
        }
      }),
    });
    expect(result).to.deep.include({ events: 3 * batch, resumed: batch, activated: true });
    expect(read[0]).to.equal(BigInt(batch + 1));
    expect(await sumsOf(to.readModels)).to.deep.equal({ 0: batch, 1: batch, 2: batch });
  });

  it("goes on after it was stopped by its signal, or the store was away", async () => {
    const abort = new AbortController();
    const stopped = await to.rebuilt(totalsInBatches(), { signal: abort.signal, onProgress: () => abort.abort() });
    expect(stopped).to.include({ activated: false, events: batch });
    const away = to.readAs(async function* (options) {
      for await (const page of to.store.readLog(options)) {
        yield page;
        throw new StoreUnavailable("away");
      }
    });
    const failed = await to.rebuilt(totalsInBatches(), { store: away }).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(StoreUnavailable);
    expect(await to.rebuilt(totalsInBatches())).to.include({ resumed: 2 * batch, activated: true });
  });

  it("begins anew when that is asked for, and when the code has changed", async () => {
    await killed();
    expect(await to.rebuilt(totalsInBatches(), { fresh: true })).to.include({ resumed: 0, events: 3 * batch });
    await killed();
    @Projection<object>({ name: "totals", version: 1, key: byAggregateId })
    class Other {
      @Projects(Counted)
      counted(_: Counted): object {
        return { of: "other code" };
      }
    }
    expect(await to.rebuilt(readModelOf(Other))).to.include({ resumed: 0, events: 3 * batch });
  });

  it("begins anew when what its class inherits has changed, however far up", async () => {
    class Once {
      protected of(amount: number): number {
        return amount;
      }
    }
    class Twice extends Once {
      protected override of(amount: number): number {
        return 2 * amount;
      }
    }
    const inheriting = (base: typeof Once) => {
      class Amounts extends base {}
      @Projection<{ total: number }>({ name: "totals", version: 1, key: byAggregateId, indexes: ["total"] })
      class Totals extends Amounts {
        @Projects(Counted)
        counted({ amount }: Counted, row = { total: 0 }): { total: number } {
          return { total: row.total + this.of(amount) };
        }
      }
      return readModelOf(Totals, [], { rebuildBatch: batch });
    };
    await killed(inheriting(Once));
    expect(await to.rebuilt(inheriting(Once))).to.include({ resumed: batch });
    await killed(inheriting(Once));
    expect(await to.rebuilt(inheriting(Twice))).to.include({ resumed: 0, events: 3 * batch });
    expect(await sumsOf(to.readModels)).to.deep.equal({ 0: 2 * batch, 1: 2 * batch, 2: 2 * batch });
  });

  it("knows the code of a class that inherits nothing by the digest by which it always did", () => {
    const type = totals();
    const code = createHash("sha256").update(`${type.toString()}\n${byAggregateId.toString()}`).digest("hex");
    expect(readModelOf(type).declaration.code).to.equal(code);
  });

  it("begins anew when an event could not be folded: what was wrong may concern those before it", async () => {
    const poison = { amount: 7 };
    await count(to.store, "x", 7);
    const failing = readModelOf(totals({ poison }), [], { rebuildBatch: batch });
    await to.rebuilt(failing).catch(() => undefined);
    poison.amount = -1;
    expect(await to.rebuilt(failing)).to.include({ resumed: 0, activated: true });
  });

  it("begins anew over another log, and over one that ends before", async () => {
    for (const storeId of [await to.store.storeId(), "another"]) {
      await killed();
      const whole = to.store;
      to.store = new MemoryEventStore({ clock: to.clock, storeId });
      await count(to.store, "a", 5);
      expect(await to.rebuilt(totalsInBatches())).to.include({ resumed: 0, events: 1, activated: true });
      expect(await sumsOf(to.readModels)).to.deep.equal({ a: 5 });
      to.store = whole;
    }
  });
});
