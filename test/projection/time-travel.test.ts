import { expect } from "chai";
import {
  InvalidConfiguration,
  MemoryEventStore,
  MomentNotReached,
  rebuildUntil,
  type Moment,
} from "../../src/index.js";
import { tick } from "../../src/subscription/index.js";
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
      [{ position: 3n }, 7, 3],
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

  it("reaches to the very end of the log, also where that is an event of another type, or a tick", async () => {
    await to.store.append("elsewhere-1", [{ id: "e1", type: "another.Type", data: {}, metadata: {} }], {
      expectedRevision: "any",
    });
    expect(await until({ position: 4n })).to.include({ events: 3, activated: true });
    await tick(to.store, 0);
    expect(await to.store.head()).to.equal(5n);
    expect(await until({ position: 5n })).to.include({ events: 3, activated: true });
    expect(await until({ timeMs: to.clock.now() })).to.include({ events: 3, activated: true });
  });

  it("refuses a moment that is still to come, and leaves what is there under the label", async () => {
    await until({ position: 1n });
    const refusal = async (moment: Moment) => {
      const error = await until(moment).catch((refused: unknown) => refused);
      expect(error).to.be.instanceOf(MomentNotReached);
      return (error as Error).message;
    };
    expect(await refusal({ position: 4n })).to.equal(
      "totals: expected a moment that the log has reached, found position 4, while the log ends at position 3. Name one up to that, or ask again once it is reached.",
    );
    const nowMs = to.clock.now();
    const iso = (timeMs: number) => new Date(timeMs).toISOString();
    expect(await refusal({ timeMs: nowMs + 1 })).to.include(`found ${iso(nowMs + 1)}, while it is ${iso(nowMs)}.`);
    await refusal({ timeMs: Infinity });
    expect(await total("totals@1~then")).to.equal(1);
    to.store = new MemoryEventStore({ clock: to.clock });
    expect(await refusal({ position: 0n })).to.include("the log is empty");
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
