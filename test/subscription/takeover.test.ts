import { expect } from "chai";
import { LiveReadModel, MemoryEventStore, type ReadModelStore } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { until } from "../until.js";
import { count, readModelOf, sumsOf, totals, Watched } from "./things.js";

const leaseTtlMs = 3_000;

/** Two processes that share a log and read models, each with a clock of its own: one that stands still is stalled. */
describe("two processors of one subscription", () => {
  let store: MemoryEventStore;
  let readModels: ReadModelStore;
  let time: ManualClock;
  const running: Watched[] = [];

  const processor = (holder: string, clock: ManualClock) => {
    const readModel = new LiveReadModel(readModelOf(totals()), store, readModels);
    const watched = new Watched(readModel, store, readModels, { holder, clock, leaseTtlMs });
    running.push(watched);
    watched.processor.start();
    return watched;
  };
  const isLive = (watched: Watched) => until("it is live", () => watched.state === "live");
  const standsBy = (watched: Watched) => until("it stands by", () => watched.state === "standby");

  beforeEach(async () => {
    time = new ManualClock();
    store = new MemoryEventStore();
    readModels = await openSqliteReadModelStore({ file: ":memory:", clock: time });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.processor.stop()));
    await readModels.close();
  });

  it("work one at a time: the second stands by for as long as the first renews its lease", async () => {
    const first = processor("first", time);
    await isLive(first);
    const second = processor("second", time);
    await standsBy(second);
    await time.advance(20 * leaseTtlMs);
    await count(store, "a", 1, 2);
    await until("the events are folded", async () => (await sumsOf(readModels))["a"] === 3);
    expect(second.states).to.deep.equal(["standby"]);
    expect(first.states).to.deep.equal(["catching-up", "live"]);
  });

  it("hand over as soon as the holder is stopped, and the other goes on where it ended", async () => {
    const first = processor("first", time);
    await isLive(first);
    await count(store, "a", 1);
    await until("the event is folded", async () => (await sumsOf(readModels))["a"] === 1);
    const second = processor("second", time);
    await standsBy(second);
    await first.processor.stop();
    expect(first.state).to.equal("idle");
    await count(store, "a", 2);
    // A third of the lease's time is how often it asks, and far from its end.
    await time.advance(leaseTtlMs / 3);
    await isLive(second);
    await until("the other event is folded", async () => (await sumsOf(readModels))["a"] === 3);
    expect(second.states).to.deep.equal(["standby", "catching-up", "live"]);
    expect(first.states).to.deep.equal(["catching-up", "live", "idle"]);
  });

  it("take over from a holder that fell silent when its lease has expired, and not before", async () => {
    const stalled = new ManualClock();
    const first = processor("first", stalled);
    await isLive(first);
    const second = processor("second", time);
    await standsBy(second);
    await time.advance(leaseTtlMs - 1);
    expect(second.state).to.equal("standby");
    await time.advance(leaseTtlMs / 3 + 1);
    await isLive(second);
  });

  it("fence the stalled holder: it writes nothing when it wakes, stands by, and is live again when it may", async () => {
    const stalled = new ManualClock();
    const first = processor("first", stalled);
    await isLive(first);
    await count(store, "a", 1);
    await until("the event is folded", async () => (await sumsOf(readModels))["a"] === 1);
    const second = processor("second", time);
    await standsBy(second);
    await time.advance(2 * leaseTtlMs);
    await isLive(second);

    // Both get it; the first has not noticed yet that it has lost the lease.
    await count(store, "a", 10);
    await standsBy(first);
    await until("the event is folded", async () => (await sumsOf(readModels))["a"] === 11);
    expect(first.states).to.deep.equal(["catching-up", "live", "standby"]);
    expect(second.state).to.equal("live");

    await second.processor.stop();
    await count(store, "a", 100);
    await stalled.advance(leaseTtlMs);
    await isLive(first);
    await until("the last event is folded", async () => (await sumsOf(readModels))["a"] === 111);
    const generation = await readModels.activeGeneration("totals@1");
    expect(generation?.checkpoint).to.include({ position: 3n, handled: 3 });
  });

  it("notice a lost lease by renewing it, without an event", async () => {
    const stalled = new ManualClock();
    const first = processor("first", stalled);
    await isLive(first);
    const second = processor("second", time);
    await standsBy(second);
    await time.advance(2 * leaseTtlMs);
    await isLive(second);
    expect(first.state).to.equal("live");
    await stalled.advance(leaseTtlMs / 3);
    await standsBy(first);
    await time.advance(leaseTtlMs);
    expect(second.state).to.equal("live");
  });
});
