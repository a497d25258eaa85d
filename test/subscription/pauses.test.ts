import { expect } from "chai";
import { LiveReadModel, MemoryEventStore, rebuild, type ReadModelStore } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { charge, Charging, Gates } from "../reactor/charging.js";
import { until } from "../until.js";
import { count, readModelOf, sumsOf, totals, Watched } from "./things.js";

const name = "read-model:totals@1";
const words = { reason: "the disk is moved", by: "ops" };

describe("a subscription that is paused", () => {
  let store: MemoryEventStore;
  let readModels: ReadModelStore;
  let clock: ManualClock;
  const running: Watched[] = [];

  const processor = (holder: string, readModel = readModelOf(totals())) => {
    const watched = new Watched(new LiveReadModel(readModel, store, readModels), store, readModels, { holder, clock });
    running.push(watched);
    watched.processor.start();
    return watched;
  };
  const reaches = (watched: Watched, state: string) => until(`it is ${state}`, () => watched.state === state);
  const folds = (sum: number) => until(`the sum is ${sum}`, async () => (await sumsOf(readModels))["a"] === sum);

  beforeEach(async () => {
    clock = new ManualClock();
    store = new MemoryEventStore();
    readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.processor.stop()));
    await readModels.close();
  });

  it("stands still within a second, gives its lease back, and says who wants it and why", async () => {
    const watched = processor("first");
    await reaches(watched, "live");
    await count(store, "a", 1);
    await folds(1);
    await readModels.pause(name, words);
    await clock.advance(1_000);
    await reaches(watched, "paused");
    expect(watched.processor.status.pause).to.include({ subscription: name, ...words });
    expect(await readModels.acquire(name, "somebody else", 1)).not.to.equal(undefined);
    await clock.advance(1);
    await count(store, "a", 2);
    await clock.advance(60_000);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 1 });
    expect(watched.states).to.deep.equal(["catching-up", "live", "paused"]);
  });

  it("goes on from its checkpoint when it is resumed", async () => {
    const watched = processor("first");
    await reaches(watched, "live");
    await readModels.pause(name, words);
    await clock.advance(1_000);
    await reaches(watched, "paused");
    await count(store, "a", 1, 2);
    await readModels.resume(name);
    await clock.advance(1_000);
    await reaches(watched, "live");
    await folds(3);
    expect(watched.processor.status.pause).to.equal(undefined);
    expect(watched.states).to.deep.equal(["catching-up", "live", "paused", "catching-up", "live"]);
  });

  it("is taken over by no standby; both are paused, and one of them goes on", async () => {
    const [first, second] = [processor("first"), processor("second")];
    await until("one works", () => [first, second].some(({ state }) => state === "live"));
    await readModels.pause(name, words);
    await clock.advance(60_000);
    expect([first.state, second.state]).to.deep.equal(["paused", "paused"]);
    await count(store, "a", 1);
    await readModels.resume(name);
    await clock.advance(2_000);
    await folds(1);
    expect([first.state, second.state].toSorted()).to.deep.equal(["live", "standby"]);
  });

  it("does not begin when it was paused before", async () => {
    await readModels.pause(name, words);
    const watched = processor("first");
    await reaches(watched, "paused");
    expect(await readModels.activeGeneration("totals@1")).to.equal(undefined);
  });

  it("can be rebuilt, and stays paused; it goes on from where the rebuild ended", async () => {
    const watched = processor("first");
    await reaches(watched, "live");
    await readModels.pause(name, words);
    await clock.advance(1_000);
    await reaches(watched, "paused");
    await count(store, "a", 1);
    const { activated } = await rebuild(readModelOf(totals()), { store, readModels, holder: "rebuilder", clock });
    expect(activated).to.equal(true);
    await clock.advance(10_000);
    expect(watched.state).to.equal("paused");
    expect(await sumsOf(readModels)).to.deep.equal({ a: 1 });
    await count(store, "a", 2);
    await readModels.resume(name);
    await clock.advance(1_000);
    await folds(3);
  });
});

describe("a reactor that is paused", () => {
  let charging: Charging;
  beforeEach(async () => {
    charging = await Charging.open();
  });
  afterEach(() => charging.close());

  it("finishes reactions under way, begins no other, and goes on with those when it is resumed", async () => {
    const gates = new Gates();
    const watched = charging.start(async (order, amount) => {
      await gates.pass(`${order}${amount}`);
      return charge(order, amount);
    });
    await charging.order(["a", 1], ["a", 2], ["b", 1]);
    await until("two are under way", () => gates.arrived.length === 2);
    await charging.readModels.pause("reactor:charge", words);
    await charging.clock.advance(1_000);
    await charging.order(["c", 1]);
    gates.open("a1", "b1");
    await until("it is paused", () => watched.state === "paused");
    expect(await charging.charged()).to.have.members(["a 1", "b 1"]);
    expect(gates.arrived).to.deep.equal(["a1", "b1"]);
    gates.open("a2", "c1");
    await charging.readModels.resume("reactor:charge");
    await charging.clock.advance(1_000);
    await charging.reaches(4n);
    expect(await charging.charged()).to.have.members(["a 1", "a 2", "b 1", "c 1"]);
    expect(await charging.charged()).to.have.length(4);
  });

  it("waits ten seconds at most for a reaction that hangs, which is delivered again", async () => {
    const gates = new Gates();
    const watched = charging.start(async () => gates.pass("hangs"));
    await charging.order(["a", 1]);
    await until("it is under way", () => gates.arrived.length === 1);
    await charging.readModels.pause("reactor:charge", words);
    await charging.clock.advance(10_000);
    expect(watched.state).to.equal("live");
    await charging.clock.advance(2_000);
    await until("it is paused", () => watched.state === "paused");
    expect(await charging.position()).to.equal(undefined);
    gates.open("hangs");
  });
});
