/** Events that belong to several rows, to none, and by another key than others. */

import { expect } from "chai";
import fc from "fast-check";
import {
  byAggregateId,
  DomainEvent,
  HandlingFailed,
  Projection,
  Projects,
  rebuildRow,
  verifyReadModel,
  type ProjectionReadModel,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { projection } from "../../src/testing/index.js";
import { runs } from "../runs.js";
import { readModelOf, record, rowsOf } from "../subscription/things.js";
import { Rebuilding } from "./rebuilding.js";

class Packed extends DomainEvent("parcels.Packed") {
  readonly items!: readonly string[];
}
class Recalled extends DomainEvent("parcels.Recalled") {
  readonly item!: string;
}
class Sealed extends DomainEvent("parcels.Sealed") {}

interface Stock {
  readonly packed: number;
  readonly parcels: readonly string[];
}

const none: Stock = { packed: 0, parcels: [] };

/** How often each item was packed, and into which parcels; a parcel that is sealed has a row of its own. */
@Projection<Stock>({ name: "stock", version: 1, key: byAggregateId })
class StockByItem {
  @Projects(Packed, { key: ({ items }) => items })
  packed({ items }: Packed, row: Stock = none, { aggregateId }: { aggregateId: string }, item: string): Stock {
    const times = items.filter((each) => each === item).length;
    if (item === "poison") throw new RangeError("poison is not packed");
    return { packed: row.packed + times, parcels: [...row.parcels, aggregateId] };
  }

  @Projects(Recalled, { key: ({ item }) => item })
  recalled(_: Recalled, __: Stock | undefined): undefined {
    return undefined;
  }

  @Projects(Sealed)
  sealed(_: Sealed, row: Stock = none): Stock {
    return row;
  }
}

type Step =
  | { readonly kind: "packed"; readonly parcel: string; readonly items: readonly string[] }
  | { readonly kind: "recalled"; readonly parcel: string; readonly item: string };

/** What the rows are, told without folds: of each item what was packed since it was recalled last. */
function expectedRows(steps: readonly Step[]): Record<string, Stock> {
  const items = new Set(steps.flatMap((step) => (step.kind === "packed" ? step.items : [])));
  const rows: Record<string, Stock> = {};
  for (const item of items) {
    const recalled = steps.findLastIndex((step) => step.kind === "recalled" && step.item === item);
    const since = steps.slice(recalled + 1).flatMap((step) => (step.kind === "packed" ? [step] : []));
    const parcels = since.filter((step) => step.items.includes(item)).map(({ parcel }) => parcel);
    const packed = since.flatMap((step) => step.items).filter((each) => each === item).length;
    if (packed > 0) rows[item] = { packed, parcels };
  }
  return rows;
}

describe("an event that belongs to several rows", () => {
  let to: Rebuilding;
  let readModel: ProjectionReadModel;
  beforeEach(async () => {
    to = await Rebuilding.open();
    readModel = readModelOf(StockByItem);
  });
  afterEach(() => to.close());

  const happens = (step: Step) =>
    record(to.store, `parcel-${step.parcel}`, [
      step.kind === "packed" ? Packed.of({ items: step.items }) : Recalled.of({ item: step.item }),
    ]);

  it("is folded into each of them once, and into none when it names none", async () => {
    await happens({ kind: "packed", parcel: "p", items: ["a", "b", "a"] });
    await happens({ kind: "packed", parcel: "q", items: [] });
    await record(to.store, "parcel-q", [Sealed.of({})]);
    await to.rebuilt(readModel);
    expect(await rowsOf(to.readModels, "stock")).to.deep.equal({
      a: { packed: 2, parcels: ["p"] },
      b: { packed: 1, parcels: ["p"] },
      q: none,
    });
  });

  it("gives the rows that an independent count gives: live, rebuilt, by key, and in a sample", async () => {
    const item = fc.constantFrom("a", "b", "ab", "c");
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("packed" as const),
        parcel: fc.constantFrom("p", "q"),
        items: fc.array(item, { maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant("recalled" as const), parcel: fc.constant("p"), item }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        await to.close();
        to = await Rebuilding.open();
        let last = 0n;
        for (const each of steps) last = await happens(each);
        const watched = to.start(readModel);
        await to.handled(watched, last);
        const expected = expectedRows(steps);
        expect(await rowsOf(to.readModels, "stock")).to.deep.equal(expected);
        await to.stopWorkers();

        const { store, readModels, clock } = to;
        const { changed, after } = await rebuildRow(readModel, "a", { store, readModels, clock, holder: "operator" });
        expect({ changed, after }).to.deep.equal({ changed: false, after: expected["a"] });
        const scratch = await openSqliteReadModelStore({ file: ":memory:", clock });
        try {
          const sample = { fraction: 0.5, seed: "x" };
          const verified = await verifyReadModel(readModel, { store, readModels, scratch, sample });
          expect(verified.differences).to.deep.equal([]);
        } finally {
          await scratch.close();
        }
        await to.rebuilt(readModel);
        expect(await rowsOf(to.readModels, "stock")).to.deep.equal(expected);
      }),
      { numRuns: runs(40, 1_000) },
    );
  });

  it("changes none of them when one cannot be folded", async () => {
    await happens({ kind: "packed", parcel: "p", items: ["a"] });
    await happens({ kind: "packed", parcel: "q", items: ["a", "poison"] });
    const watched = to.start(readModel);
    while (watched.state !== "stopped") await to.clock.advance(1);
    expect(watched.error).to.be.instanceOf(HandlingFailed);
    expect(await rowsOf(to.readModels, "stock")).to.deep.equal({ a: { packed: 1, parcels: ["p"] } });
    expect((await to.readModels.activeGeneration("stock@1"))!.checkpoint!.position).to.equal(1n);
  });

  it("stops in sight when its keys are no texts", async () => {
    @Projection<Stock>({ name: "odd", version: 1, key: byAggregateId })
    class Odd {
      @Projects(Packed, { key: () => ["a", 7 as unknown as string] })
      packed(): Stock {
        return none;
      }
    }
    await happens({ kind: "packed", parcel: "p", items: ["a"] });
    const failed = await to.rebuilt(readModelOf(Odd)).catch((error: unknown) => error as HandlingFailed);
    expect((failed as HandlingFailed).message).to.include("expected text, or a list of texts");
  });

  it("tells its story by each of its rows", () => {
    projection(StockByItem)
      .given(
        { event: Packed.of({ items: ["a", "b"] }), streamName: "parcel-p" },
        { event: Recalled.of({ item: "b" }), streamName: "parcel-p" },
      )
      .thenRow("a", { packed: 1, parcels: ["p"] });
  });
});
