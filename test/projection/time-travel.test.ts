import { expect } from "chai";
import { InvalidConfiguration, rebuildUntil, type Moment } from "../../src/index.js";
import { count, readModelOf, totals } from "../subscription/things.js";
import { Rebuilding } from "./rebuilding.js";

describe("a projection as it was", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
    await to.clock.advance(1_000);
    for (const amount of [1, 2, 4]) {
      await count(to.store, "a", amount);
      await to.clock.advance(1_000);
    }
  });
  afterEach(() => to.close());

  const until = (moment: Moment, label = "then") => {
    const { store, readModels, clock } = to;
    return rebuildUntil(readModelOf(totals()), moment, label, { store, readModels, clock, holder: "operator" });
  };
  const total = async (place: string) =>
    ((await to.readModels.findRow(place, "a")) as { total: number } | undefined)?.total;

  it("is built up to a position or a time, that included, beside what serves", async () => {
    const watched = to.start();
    await to.handled(watched, 3n);
    const second = (await to.store.readLog({ after: 1n }).next()).value![0]!;
    for (const [moment, expected, events] of [
      [{ position: 2n }, 3, 2],
      [{ position: 99n }, 7, 3],
      [{ position: 0n }, undefined, 0],
      [{ timeMs: second.recordedAtMs }, 3, 2],
      [{ timeMs: second.recordedAtMs - 1 }, 1, 1],
    ] as const) {
      expect(await until(moment)).to.include({ name: "totals", events, activated: true });
      expect(await total("totals@1~then")).to.equal(expected);
      expect(await total("totals@1")).to.equal(7);
    }
    expect(watched.states).to.deep.equal(["catching-up", "live"]);
  });

  it("stays as it is while what serves goes on, under as many labels as are wanted", async () => {
    await until({ position: 1n }, "first");
    await until({ position: 2n }, "second");
    await count(to.store, "a", 8);
    await to.handled(to.start(), 4n);
    expect(await Promise.all(["totals@1~first", "totals@1~second", "totals@1"].map(total))).to.deep.equal([1, 3, 15]);
  });

  it("is there at every moment while it is built again, up to an earlier one too", async () => {
    await until({ position: 3n });
    const { readModels } = to;
    const activate = readModels.activate.bind(readModels);
    const before: unknown[] = [];
    readModels.activate = async (...args) => {
      before.push(await total("totals@1~then"));
      return activate(...args);
    };
    await until({ position: 1n });
    expect(before).to.deep.equal([7]);
    expect(await total("totals@1~then")).to.equal(1);
  });

  it("refuses a label that no path could carry", async () => {
    for (const label of ["", "a/b", "~", "x".repeat(41)])
      expect(await until({ position: 1n }, label).catch((error: unknown) => error)).to.be.instanceOf(
        InvalidConfiguration,
      );
  });
});
