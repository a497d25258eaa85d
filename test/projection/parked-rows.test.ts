/** Rows that stand still after an event that cannot be folded, while the others go on. */

import { expect } from "chai";
import fc from "fast-check";
import {
  byAggregateId,
  isParked,
  Projection,
  Projects,
  ReadModelOutdated,
  rebuildRow,
  whereParked,
  type RecordedEvent,
  type Row,
} from "../../src/index.js";
import { runs } from "../runs.js";
import { count, Counted, readModelOf, record, rowsOf } from "../subscription/things.js";
import { until } from "../until.js";
import { Rebuilding } from "./rebuilding.js";

interface Sum {
  readonly sum: number;
}

/** Sums what was counted, and cannot fold what is in `poison`. */
function sums({ poison = [13], onFailure = "park-row" as "park-row" | "stop" } = {}) {
  @Projection<Sum>({ name: "sums", version: 1, key: byAggregateId, onFailure })
  class Sums {
    @Projects(Counted)
    counted({ amount }: Counted, row: Sum = { sum: 0 }, _: RecordedEvent): Sum {
      if (poison.includes(amount)) throw new RangeError(`${amount} is no amount`);
      return { sum: row.sum + amount };
    }
  }
  return readModelOf(Sums);
}

describe("a projection that parks rows", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
  });
  afterEach(() => to.close());

  it("lets a row stand still at an event that it cannot fold, says why in the row, and goes on with the others", async () => {
    await count(to.store, "a", 1, 13, 4);
    await count(to.store, "b", 13);
    await count(to.store, "c", 2);
    const watched = to.start(sums());
    await to.handled(watched, 5n);
    const failure = (position: string) => ({ position, type: "things.Counted", error: "RangeError: 13 is no amount" });
    expect(await rowsOf(to.readModels, "sums")).to.deep.equal({
      a: { sum: 1, $state: "parked", $failure: failure("2") },
      b: { $state: "parked", $failure: failure("4") },
      c: { sum: 2 },
    });
    const { rows } = await to.readModels.findRows("sums@1", { where: whereParked, limit: 10 });
    expect(rows.map(({ key }) => key)).to.deep.equal(["a", "b"]);
  });

  it("makes a row anew once the fold is mended", async () => {
    await count(to.store, "a", 1, 13, 4);
    await to.rebuilt(sums());
    const { store, readModels, clock } = to;
    const mended = await rebuildRow(sums({ poison: [] }), "a", { store, readModels, clock, holder: "operator" });
    expect(mended.after).to.deep.equal({ sum: 18 });
    const watched = to.start(sums({ poison: [] }));
    await count(to.store, "a", 2);
    await to.handled(watched, 4n);
    expect(await rowsOf(to.readModels, "sums")).to.deep.equal({ a: { sum: 20 } });
  });

  it("stops at an event of a newer schema all the same", async () => {
    await record(to.store, "thing-a", [Counted.of({ amount: 5 })], { schemaVersion: 2 });
    const watched = to.start(sums());
    await until("it has stopped", () => watched.state === "stopped");
    expect(await rowsOf(to.readModels, "sums")).to.deep.equal({});
  });

  it("is rebuilt when it begins to park rows, or ceases to", async () => {
    const last = await count(to.store, "a", 1);
    await to.handled(to.start(sums({ onFailure: "stop" })), last);
    await to.stopWorkers();
    const watched = to.start(sums());
    await until("it says so", () => watched.error instanceof ReadModelOutdated);
    expect(watched.error!.message).to.include("(it parks rows now)");
  });

  it("comes to the same rows live and rebuilt, and to those that a count gives that knows no folds", async () => {
    const step = fc.record({ thing: fc.constantFrom("a", "b", "c"), amount: fc.constantFrom(1, 2, 13) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), fc.nat(20), async (steps, first) => {
        await to.close();
        to = await Rebuilding.open();
        let last = 0n;
        for (const { thing, amount } of steps.slice(0, first)) last = await count(to.store, thing, amount);
        const watched = to.start(sums());
        if (last > 0n) await to.handled(watched, last);
        for (const { thing, amount } of steps.slice(first)) last = await count(to.store, thing, amount);
        await to.handled(watched, last);
        const live = await rowsOf<Row & Partial<Sum>>(to.readModels, "sums");
        await to.rebuilt(sums());
        expect(await rowsOf(to.readModels, "sums")).to.deep.equal(live);
        for (const thing of ["a", "b", "c"]) {
          const amounts = steps.filter((each) => each.thing === thing).map(({ amount }) => amount);
          const poisoned = amounts.indexOf(13);
          const good = poisoned < 0 ? amounts : amounts.slice(0, poisoned);
          expect(isParked(live[thing]), thing).to.equal(poisoned >= 0);
          const sum = good.length === 0 ? undefined : good.reduce((a, b) => a + b, 0);
          expect(live[thing]?.sum, thing).to.equal(sum);
        }
      }),
      { numRuns: runs(40, 1_000) },
    );
  });
});
