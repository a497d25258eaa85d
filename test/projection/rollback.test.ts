import { expect } from "chai";
import {
  byAggregateId,
  NothingRetained,
  Projection,
  Projects,
  RetainedByOtherCode,
  rollback,
} from "../../src/index.js";
import {
  count,
  Counted,
  Dropped,
  readModelOf,
  sumsOf,
  totals,
  totalsOtherwise,
  type Total,
} from "../subscription/things.js";
import { Rebuilding } from "./rebuilding.js";

/** The terms of `totals`, and another code: what a mistaken fix looks like. */
@Projection<Total>({ name: "totals", version: 1, key: byAggregateId, indexes: ["total"] })
class Mistaken {
  @Projects(Counted)
  counted(): Total {
    return { total: -1, from: [] };
  }

  @Projects(Dropped)
  dropped(_: Dropped, __: Total | undefined): undefined {
    return undefined;
  }
}

describe("a rollback", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
  });
  afterEach(() => to.close());

  const back = (readModel = readModelOf(totals())) => {
    const { store, readModels, clock } = to;
    return rollback(readModel, { store, readModels, holder: "operator", clock });
  };
  const states = async () => (await to.readModels.generations()).map(({ state }) => state);

  it("puts back what served before, with all that came since, and the live worker goes on with it", async () => {
    await count(to.store, "a", 1, 2);
    await to.rebuilt();
    const [first] = await to.readModels.generations();
    await to.rebuilt(readModelOf(Mistaken));
    await count(to.store, "a", 4);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: -1 });
    expect(await back()).to.deep.include({ activated: true, resumed: 2, events: 3, position: 3n });
    expect((await to.readModels.activeGeneration("totals@1"))!.id).to.equal(first!.id);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 7 });
    const watched = to.start();
    await count(to.store, "a", 10);
    await to.handled(watched, 4n);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 17 });
  });

  it("can be taken back, and fences the live worker, which goes on with what serves", async () => {
    await count(to.store, "a", 1);
    await to.rebuilt();
    await to.rebuilt();
    const watched = to.start();
    await to.handled(watched, 1n);
    const [first, second] = await to.readModels.generations();
    const served = async () => (await to.readModels.activeGeneration("totals@1"))!.id;
    await back();
    expect(await served()).to.equal(first!.id);
    await count(to.store, "a", 2);
    await to.handled(watched, 2n);
    await back();
    expect(await served()).to.equal(second!.id);
    await count(to.store, "a", 4);
    await to.handled(watched, 3n);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 7 });
    expect(await states()).to.deep.equal(["retained", "active"]);
  });

  it("is refused to another code of the same version, whose folds would go on with rows that are not theirs", async () => {
    await count(to.store, "a", 1);
    await to.rebuilt();
    await to.rebuilt(readModelOf(Mistaken));
    const refused = back(readModelOf(Mistaken));
    expect(await refused.catch((error: unknown) => error)).to.be.instanceOf(RetainedByOtherCode);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: -1 });
  });

  it("is refused when there is nothing to go back to, or only rows of other terms", async () => {
    await count(to.store, "a", 1);
    await to.rebuilt();
    const refused = async () => (await back().catch((error: unknown) => error)) as Error;
    expect(await refused()).to.be.instanceOf(NothingRetained);
    await to.rebuilt(readModelOf(totalsOtherwise()));
    await to.rebuilt(readModelOf(totalsOtherwise()));
    expect(await states()).to.deep.equal(["retained", "active"]);
    expect((await refused()).message).to.match(/^totals: expected what served before its last rebuild/);
    expect(await states()).to.deep.equal(["retained", "active"]);
  });
});
