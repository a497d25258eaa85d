import { expect } from "chai";
import {
  CheckpointMismatch,
  HandlingFailed,
  MemoryEventStore,
  StoreUnavailable,
  type Checkpoint,
  type Page,
  type ReadModelStore,
  type Subscriber,
  type SubscriberControl,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { until } from "../until.js";
import { warningsOf } from "../warnings.js";
import { FaultyStore } from "./faulty-store.js";
import { count, live, readModelOf, rowsOf, sumsOf, totals, Watched, type Total } from "./things.js";

describe("a processor", () => {
  let log: MemoryEventStore;
  let store: FaultyStore;
  let readModels: ReadModelStore;
  let clock: ManualClock;
  const running: Watched[] = [];

  const started = (watched: Watched) => {
    running.push(watched);
    watched.processor.start();
    return watched;
  };
  const start = (projection = totals(), options = {}) =>
    started(live(readModelOf(projection), store, readModels, { clock, ...options }));
  const isLive = (watched: Watched) => until("it is live", () => watched.state === "live");
  const isStopped = (watched: Watched) => until("it has stopped", () => watched.state === "stopped");
  const checkpoint = async () => (await readModels.activeGeneration("totals@1"))?.checkpoint;

  beforeEach(async () => {
    clock = new ManualClock();
    log = new MemoryEventStore({ clock });
    store = new FaultyStore(log);
    readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.processor.stop()));
    await readModels.close();
  });

  it("says each state once, in order, with where it stands", async () => {
    const last = await count(log, "a", 1, 2, 3);
    const watched = start();
    expect(watched.state).to.equal("idle");
    await isLive(watched);
    await count(log, "a", 4);
    await until("the event is handled", () => watched.processor.status.position === last + 1n);
    await watched.processor.stop();
    expect(watched.states).to.deep.equal(["catching-up", "live", "idle"]);
    expect(watched.said[1]).to.include({
      name: "read-model:totals@1",
      position: last,
      recordedAtMs: clock.now(),
    });
    expect(watched.said.every(({ error }) => error === undefined)).to.equal(true);
  });

  it("retries with backoff while the log does not answer, and is live when it does", async () => {
    const watched = start();
    await isLive(watched);
    store.goDown();
    await until("it retries", () => watched.state === "retrying");
    expect(watched.error).to.be.instanceOf(StoreUnavailable);
    // Half of the first delay at the least, so nothing can have been tried in between.
    await clock.advance(49);
    expect(watched.states.filter((state) => state === "catching-up")).to.have.length(1);
    await clock.advance(10_000);
    const attempts = watched.said.filter(({ state }) => state === "retrying").length;
    // Ten seconds of doubling delays: seven or eight attempts, not a hundred.
    expect(attempts).to.be.within(6, 9);
    expect(watched.states.includes("stopped")).to.equal(false);
    expect(watched.state, "in sight for as long as it lasts").to.equal("retrying");
    store.comeBack();
    await count(log, "a", 5);
    await clock.advance(10_000);
    await isLive(watched);
    expect(watched.error).to.equal(undefined);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 5 });
  });

  it("spreads its retries as it is told, so that a run can be repeated", async () => {
    const waits: number[] = [];
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (durationMs, signal) => (waits.push(durationMs), sleep(durationMs, signal));
    store.goDown();
    const spread = [0, 1, 0.5];
    const watched = start(totals(), { random: () => spread.shift() ?? 0 });
    await until("it retries", () => watched.state === "retrying");
    await clock.advance(50 + 200);
    const lookingMs = [5_000 / 3, 1_000];
    expect(waits.filter((ms) => !lookingMs.includes(ms))).to.deep.equal([50, 200, 300]);
  });

  it("begins its backoff anew once it has made progress", async () => {
    const watched = start();
    await isLive(watched);
    store.goDown();
    await until("it retries", () => watched.state === "retrying");
    await clock.advance(60_000);
    store.comeBack();
    await clock.advance(10_000);
    await isLive(watched);
    store.goDown();
    await until("it retries again", () => watched.state === "retrying");
    store.comeBack();
    await clock.advance(101);
    await isLive(watched);
  });

  it("stops in sight at an event that cannot be handled; what came before is committed", async () => {
    await count(log, "a", 1, 2);
    await count(log, "b", 7, 13, 8);
    const watched = start(totals({ poison: { amount: 13 } }));
    await isStopped(watched);
    expect(watched.error).to.be.instanceOf(HandlingFailed);
    expect(watched.error).to.include({
      subscription: "totals",
      streamName: "thing-b",
      revision: 1n,
      position: 4n,
      eventType: "things.Counted",
    });
    expect(watched.error!.message).to.match(
      /^totals: could not handle things\.Counted \(thing-b, revision 1, position 4\): 13 is no amount\. The checkpoint stays before it/,
    );
    expect(await checkpoint()).to.include({ position: 3n, handled: 3 });
    expect(await sumsOf(readModels)).to.deep.equal({ a: 3, b: 7 });
    expect(watched.states).to.deep.equal(["catching-up", "stopped"]);
    await clock.advance(60_000);
    expect(watched.states).to.deep.equal(["catching-up", "stopped"]);
  });

  it("goes on from there when it is started again after the handler was mended", async () => {
    const poison = { amount: 13 };
    await count(log, "a", 1, 13, 2);
    const watched = start(totals({ poison }));
    await isStopped(watched);
    await watched.processor.stop();
    expect(watched.state, "stopping it does not hide that it failed").to.equal("stopped");
    poison.amount = Number.NaN;
    watched.processor.start();
    await isLive(watched);
    expect(watched.error).to.equal(undefined);
    expect((await rowsOf<Total>(readModels, "totals"))["a"]).to.deep.equal({ total: 16, from: ["1", "2", "3"] });
  });

  it("gives the lease back when it stops, so that a mended one need not wait", async () => {
    await count(log, "a", 13);
    await isStopped(start(totals({ poison: { amount: 13 } })));
    await isLive(start(totals(), { holder: "there" }));
  });

  it("refuses a checkpoint of another log", async () => {
    await count(log, "a", 1);
    const first = start();
    await isLive(first);
    await first.processor.stop();
    const other = new FaultyStore(new MemoryEventStore({ clock }));
    await count(other, "a", 1);
    const watched = started(live(readModelOf(totals()), other, readModels, { clock }));
    await isStopped(watched);
    expect(watched.error).to.be.instanceOf(CheckpointMismatch);
    expect(watched.error!.message).to.equal(
      `read-model:totals@1: its checkpoint is of log ${await log.storeId()}, this log is ${await other.storeId()}. ` +
        "Rebuild it from this log, or point it at the log that its checkpoint belongs to.",
    );
  });

  it("refuses a checkpoint beyond the end of its log", async () => {
    await count(log, "a", 1, 2, 3);
    const first = start();
    await isLive(first);
    await first.processor.stop();
    const restored = new MemoryEventStore({ clock, storeId: await log.storeId() });
    const empty = started(live(readModelOf(totals()), restored, readModels, { clock }));
    await isStopped(empty);
    expect(empty.error!.message).to.match(/its checkpoint is at position 3, the log ends at nothing/);
    await count(restored, "a", 1, 2);
    const shorter = started(live(readModelOf(totals()), restored, readModels, { clock }));
    await isStopped(shorter);
    expect(shorter.error).to.be.instanceOf(CheckpointMismatch);
    expect(shorter.error!.message).to.match(/at position 3, the log ends at 2 \(was it restored from a backup\?\)/);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 6 });
    await count(restored, "a", 3);
    await isLive(started(live(readModelOf(totals()), restored, readModels, { clock })));
  });

  it("loses nothing when it is stopped during a page", async () => {
    // A subscriber that keeps what it did until flush, as its contract allows.
    class Slow implements Subscriber {
      readonly name = "slow";
      readonly filter = { eventTypes: ["things.Counted"] };
      position: bigint | undefined;
      readonly committed: bigint[] = [];
      private kept: bigint[] = [];
      release: () => void = () => undefined;
      entered = false;

      async open(): Promise<Checkpoint | undefined> {
        this.kept = [];
        const position = this.committed.at(-1);
        const storeId = await log.storeId();
        return position === undefined ? undefined : { storeId, position, handled: 0, recordedAtMs: undefined };
      }
      async handle(events: Page): Promise<void> {
        this.entered = true;
        await new Promise<void>((resolve) => (this.release = resolve));
        this.kept.push(...events.map(({ position }) => position));
      }
      async flush(): Promise<void> {
        this.committed.push(...this.kept.splice(0));
      }
      async close(): Promise<void> {
        this.kept = [];
      }
    }
    await count(log, "a", 1, 2, 3);
    const slow = new Slow();
    const watched = started(new Watched(slow, store, readModels, { clock }));
    await until("a page is under way", () => slow.entered);
    const stopping = watched.processor.stop();
    slow.release();
    await stopping;
    expect(slow.committed).to.deep.equal([1n, 2n, 3n]);
    expect(watched.states).to.deep.equal(["catching-up", "idle"]);
  });

  it("stops in sight at a failure between two pages", async () => {
    let control: SubscriberControl | undefined;
    let closed = 0;
    const idler: Subscriber = {
      name: "idler",
      filter: { eventTypes: ["things.Counted"] },
      position: undefined,
      open: async (_, given) => void (control = given) as undefined,
      handle: async () => undefined,
      flush: async () => undefined,
      close: async () => void closed++,
    };
    const watched = started(new Watched(idler, store, readModels, { clock }));
    await isLive(watched);
    control!.fail(new TypeError("a timer of its own failed"));
    await isStopped(watched);
    expect(watched.error).to.be.instanceOf(TypeError);
    expect(control!.signal.aborted).to.equal(true);
    expect(closed).to.equal(1);
  });

  for (const [how, hook] of [
    [
      "throws",
      () =>
        void (() => {
          throw new Error("the logger is full");
        })(),
    ],
    ["is rejected", () => Promise.reject(new Error("the logger is full"))],
  ] as const) {
    it(`goes on although whoever is told of its states ${how}, and hands over what was thrown`, async () => {
      const errors: unknown[] = [];
      const watched = start(totals(), { onChange: hook, onError: (error: unknown) => errors.push(error) });
      await isLive(watched);
      await count(log, "a", 5);
      await until("it is folded", async () => (await sumsOf(readModels))["a"] === 5);
      expect(errors.map(String)).to.deep.equal(["Error: the logger is full", "Error: the logger is full"]);
    });

    it(`warns the process of a hook that ${how} when nobody else listens, or the listener throws too`, async () => {
      const warnings = await warningsOf(async (warned) => {
        const onError = () => {
          throw new Error("so is the mail");
        };
        await isLive(start(totals(), { onChange: hook }));
        await isLive(start(totals(), { onChange: hook, onError, holder: "here" }));
        await until("it warned", () => warned.length >= 4);
      });
      expect(new Set(warnings.map(String))).to.deep.equal(
        new Set([
          "RollcallWarning: A hook failed: Error: the logger is full",
          "RollcallWarning: A hook failed: Error: so is the mail",
        ]),
      );
    });
  }

  it("can be stopped while it retries, and while it stands by", async () => {
    store.goDown();
    const retrying = start();
    await until("it retries", () => retrying.state === "retrying");
    await retrying.processor.stop();
    expect(retrying.state).to.equal("idle");
    store.comeBack();
    await isLive(start(totals(), { holder: "one" }));
    const second = start(totals(), { holder: "two" });
    await until("it stands by", () => second.state === "standby");
    await second.processor.stop();
    expect(second.state).to.equal("idle");
  });
});
