import { expect } from "chai";
import { MemoryEventStore, ReadModelOutdated, rebuild, type ReadModelStore } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { until } from "../until.js";
import { count, live, readModelOf, sumsOf, totals, totalsOtherwise, type Watched } from "./things.js";

const leaseTtlMs = 3_000;
const projectionOf = { old: totals, new: totalsOtherwise };

describe("a processor whose terms are not those that serve", () => {
  let store: MemoryEventStore;
  let readModels: ReadModelStore;
  let clock: ManualClock;
  const running: Watched[] = [];
  /** Holders that took a lease, one entry for each time. */
  let taken: string[];

  const serving = async () => (await readModels.activeGeneration("totals@1"))?.id;
  const start = (holder: string, terms: "old" | "new", options: object = { serving }) => {
    const watched = live(readModelOf(projectionOf[terms]()), store, readModels, {
      holder,
      clock,
      leaseTtlMs,
      ...options,
    });
    running.push(watched);
    watched.processor.start();
    return watched;
  };
  const comesTo = (watched: Watched, state: string) =>
    until(`it is ${state}, not ${watched.state}`, () => watched.state === state);
  const look = () => clock.advance(leaseTtlMs / 3);
  const rebuildAs = (terms: "old" | "new") =>
    rebuild(readModelOf(projectionOf[terms]()), { store, readModels, holder: "tool", clock });

  beforeEach(async () => {
    clock = new ManualClock();
    store = new MemoryEventStore({ clock });
    readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
    taken = [];
    const acquire = readModels.acquire.bind(readModels);
    readModels.acquire = async (name, holder, ttlMs) => {
      const lease = await acquire(name, holder, ttlMs);
      if (lease) taken.push(holder);
      return lease;
    };
    const old = start("old", "old");
    await comesTo(old, "live");
    await count(store, "a", 1, 2);
    await until("it is folded", async () => (await sumsOf(readModels))["a"] === 3);
    await old.processor.stop();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.processor.stop()));
    await readModels.close();
  });

  for (const [how, options] of [
    ["told what serves", undefined],
    ["not told what serves", {}],
  ] as const)
    it(`stays in sight with the error, and goes on by itself once it was rebuilt (${how})`, async () => {
      const watched = start("new", "new", options);
      await comesTo(watched, "outdated");
      expect(watched.error).to.be.instanceOf(ReadModelOutdated);
      for (let i = 0; i < 5; i++) await look();
      expect(watched.states, "it says so once").to.deep.equal(["catching-up", "outdated"]);
      await rebuildAs("new");
      await look();
      await comesTo(watched, "live");
      expect(watched.error).to.equal(undefined);
      await count(store, "a", 4);
      await until("it is folded", async () => (await sumsOf(readModels))["a"] === 7);
    });

  it("never takes the lease meanwhile: one of the right terms works, also one that comes later", async () => {
    const early = start("early", "new");
    await comesTo(early, "outdated");
    const looked = taken.length;
    for (let i = 0; i < 5; i++) await look();
    expect(taken.length).to.equal(looked);
    const right = start("right", "old");
    await comesTo(right, "live");
    await count(store, "a", 4);
    await until("it is folded", async () => (await sumsOf(readModels))["a"] === 7);
    for (let i = 0; i < 5; i++) await look();
    expect(right.states).to.deep.equal(["catching-up", "live"]);
    expect(early.state).to.equal("outdated");
    await right.processor.stop();
    expect(early.state, "nobody works, but it may not").to.equal("outdated");
  });

  it("does not say that it stands by when it cannot tell whether it may", async () => {
    const early = start("early", "new", {});
    await comesTo(early, "outdated");
    const right = start("right", "old", {});
    await comesTo(right, "live");
    for (let i = 0; i < 3; i++) await look();
    expect(early.states).to.deep.equal(["catching-up", "outdated"]);
    expect(right.states).to.deep.equal(["catching-up", "live"]);
  });

  it("changes places in a rolling deploy: the old ones are outdated, of the new ones one works and one stands by", async () => {
    const olds = [start("old-1", "old"), start("old-2", "old")];
    await until("one works", () => olds.some(({ state }) => state === "live"));
    const news = [start("new-1", "new"), start("new-2", "new")];
    for (const each of news) await comesTo(each, "standby");
    await Promise.all(olds.map(({ processor }) => processor.stop()));
    for (let i = 0; i < 3; i++) await look();
    for (const each of news) await comesTo(each, "outdated");
    for (const { processor } of olds) processor.start();
    await until("one works", () => olds.some(({ state }) => state === "live"));

    await rebuildAs("new");
    await count(store, "a", 4); // whoever worked finds out that it is fenced
    for (let i = 0; i < 3; i++) await look();
    const states = (each: readonly Watched[]) => each.map(({ state }) => state).toSorted();
    await until("one works", () => news.some(({ state }) => state === "live"));
    expect(states(news)).to.deep.equal(["live", "standby"]);
    expect(olds.some(({ state }) => state === "outdated")).to.equal(true);
    const { length } = taken;
    for (let i = 0; i < 9; i++) await look();
    expect(taken.length, "nobody takes it from the one that works").to.equal(length);
    expect(states(news)).to.deep.equal(["live", "standby"]);
    await until("it is folded", async () => (await sumsOf(readModels))["a"] === 7);
  });

  it("can be stopped while it waits", async () => {
    const watched = start("new", "new");
    await comesTo(watched, "outdated");
    await watched.processor.stop();
    expect(watched.state).to.equal("idle");
  });
});
