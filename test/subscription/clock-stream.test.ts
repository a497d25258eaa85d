import { expect } from "chai";
import { MemoryEventStore, randomId, type EventData, type ReadModelStore } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { until } from "../until.js";
import { count, live, readModelOf, sumsOf, totals, type Watched } from "./things.js";

/** As many events of a type that nobody reads as make it worth a tick. */
async function recordUnread(store: MemoryEventStore, total: number): Promise<void> {
  const event = (): EventData => ({ id: randomId(), type: "other.Happened", data: {} });
  for (let left = total; left > 0; left -= 1_000)
    await store.append("other-1", Array.from({ length: Math.min(left, 1_000) }, event), { expectedRevision: "any" });
}

describe("the clock stream", () => {
  let readModels: ReadModelStore;
  const running: Watched[] = [];
  const start = async (store: MemoryEventStore, liveBatch?: number) => {
    const limits = liveBatch === undefined ? {} : { liveBatch };
    const watched = live(readModelOf(totals(), [], limits), store, readModels);
    running.push(watched);
    watched.processor.start();
    await until("it is live", () => watched.state === "live");
    return watched;
  };
  const committed = async () => (await readModels.activeGeneration("totals@1"))?.checkpoint;
  const ticks = async (store: MemoryEventStore, streamName = "rollcall.clock") => {
    const found = [];
    for await (const page of store.readStream(streamName)) found.push(...page);
    return found;
  };

  beforeEach(async () => {
    readModels = await openSqliteReadModelStore({ file: ":memory:" });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ processor }) => processor.stop()));
    await readModels.close();
  });

  it("gets a tick from a subscription that passed over many events, which the next start need not look at", async () => {
    const store = new MemoryEventStore();
    await count(store, "a", 1, 2);
    await recordUnread(store, 10_001);
    const watched = await start(store);
    await until("the tick is committed", async () => (await committed())?.position === 10_004n);
    expect((await ticks(store)).map(({ position, type }) => ({ position, type }))).to.deep.equal([
      { position: 10_004n, type: "observer.ClockTick" },
    ]);
    // Two events were folded; to have passed a tick is no event.
    expect(await committed()).to.include({ handled: 2 });
    expect(watched.state).to.equal("live");
    expect(await sumsOf(readModels)).to.deep.equal({ a: 3 });
  });

  it("gets none for fewer events, and another one after as many again", async () => {
    const store = new MemoryEventStore();
    await count(store, "a", 1);
    await recordUnread(store, 10_000);
    await start(store);
    await count(store, "a", 2);
    await until("it goes on", async () => (await sumsOf(readModels))["a"] === 3);
    expect(await ticks(store)).to.have.length(0);
    for (const wanted of [1, 2]) {
      await recordUnread(store, 10_001);
      await until(`${wanted} ticks`, async () => (await ticks(store)).length === wanted);
    }
  });

  it("begins with the prefix of the store, as every stream that Rollcall itself writes", async () => {
    const store = new MemoryEventStore({ streamPrefix: "shop:" });
    await recordUnread(store, 10_001);
    await start(store);
    await until("a tick", async () => (await ticks(store, "shop:clock")).length === 1);
    expect(await ticks(store)).to.have.length(0);
  });

  it("is passed in the midst of other events, which are folded as without", async () => {
    const store = new MemoryEventStore();
    const tick = (revision: number): EventData => ({ id: `tick-${revision}`, type: "observer.ClockTick", data: {} });
    for (let i = 0; i < 5; i++) {
      await count(store, "a", 1);
      await store.append("rollcall.clock", [tick(i)], { expectedRevision: "any" });
    }
    await start(store, 2);
    await until("all is committed", async () => (await committed())?.position === 10n);
    expect(await committed()).to.include({ handled: 5 });
    expect(await sumsOf(readModels)).to.deep.equal({ a: 5 });
  });
});
