import { expect } from "chai";
import { MemoryEventStore, StoreUnavailable } from "../../src/index.js";
import { LocalTicker, type LocalTick } from "../../src/observer/local-ticker.js";
import { Ticker } from "../../src/observer/ticker.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { FaultyStore } from "../subscription/faulty-store.js";

describe("whoever awaits a deadline", () => {
  let own: ManualClock;
  let startMs: number;
  let store: FaultyStore;
  let end: AbortController;
  let failures: unknown[];
  beforeEach(() => {
    own = new ManualClock();
    startMs = own.now();
    store = new FaultyStore(new MemoryEventStore({ clock: own }));
    end = new AbortController();
    failures = [];
  });
  afterEach(() => end.abort());

  describe("in a log that it may write", () => {
    const started = () => new Ticker(store, own, end.signal, (error) => failures.push(error));
    /** When each tick was recorded, from the start. */
    const ticks = async () => {
      const at: number[] = [];
      for await (const page of store.inner.readStream("rollcall.clock"))
        at.push(...page.map(({ recordedAtMs }) => recordedAtMs - startMs));
      return at;
    };

    it("has the log ticked once its own clock has passed it, and not again until it is awaited anew", async () => {
      const ticker = started();
      ticker.await(startMs + 1_000, startMs);
      await own.advance(1_000);
      expect(await ticks()).to.deep.equal([]);
      await own.advance(10_000);
      expect(await ticks()).to.deep.equal([1_001]);
      expect(own.sleeping).to.equal(0);
      ticker.await(startMs + 11_500, startMs + 1_001);
      await own.advance(1_000);
      expect(await ticks()).to.deep.equal([1_001, 11_501]);
      expect(failures).to.deep.equal([]);
    });

    it("awaits the last one that it was told, or none any more", async () => {
      const ticker = started();
      ticker.await(startMs + 1_000, startMs);
      ticker.await(startMs + 1_000, startMs);
      expect(own.sleeping, "the same again changes nothing").to.equal(1);
      ticker.await(startMs + 2_000, startMs);
      await own.advance(1_500);
      expect(await ticks()).to.deep.equal([]);
      await own.advance(1_000);
      expect(await ticks()).to.deep.equal([2_001]);
      ticker.await(startMs + 3_000, startMs + 2_001);
      ticker.await(undefined, startMs + 2_001);
      await own.advance(5_000);
      expect(await ticks()).to.deep.equal([2_001]);
      ticker.await(startMs + 9_000, startMs + 2_001);
      end.abort();
      ticker.await(startMs + 1, startMs + 2_001);
      await own.advance(5_000);
      expect(await ticks()).to.deep.equal([2_001]);
      expect(own.sleeping).to.equal(0);
    });

    it("ticks at most ten times a second, and ever more seldom while that moves nothing", async () => {
      // The log's own clock stands still before the deadline.
      store = new FaultyStore(new MemoryEventStore({ clock: new ManualClock(startMs + 40) }));
      const asked: number[] = [];
      store.beforeAppend = async () => void asked.push(own.now() - startMs);
      const ticker = started();
      const awaits = async (forMs: number, nowMs: (passedMs: number) => number) => {
        for (let passedMs = 0; passedMs < forMs; passedMs += 10) {
          ticker.await(startMs + 50, startMs + nowMs(passedMs));
          await own.advance(10);
        }
        return asked.splice(0).map((at, i, all) => (i === 0 ? at : at - all[i - 1]!));
      };
      expect(await awaits(4_500, () => 40)).to.deep.equal([51, 100, 200, 400, 800, 1_000, 1_000]);
      const moving = await awaits(1_000, (passedMs) => 41 + passedMs / 1_000);
      expect(moving.slice(1).every((gap) => gap === 100)).to.equal(true);
      expect(failures).to.deep.equal([]);
    });

    it("tries again while the log is away, and fails with what else it says", async () => {
      const ticker = started();
      const tried: number[] = [];
      store.beforeAppend = async () => {
        tried.push(own.now() - startMs);
        throw new StoreUnavailable("it is down");
      };
      ticker.await(startMs + 999, startMs);
      await own.advance(30_000);
      expect(tried).to.deep.equal([1_000, 1_100, 1_300, 1_700, 2_500, 4_100, 7_300, 13_700, 23_700]);
      const refused = new Error("it is refused");
      store.beforeAppend = () => Promise.reject(refused);
      await own.advance(10_000);
      expect(failures).to.deep.equal([refused]);
    });
  });

  describe("in a log that it may only read", () => {
    const filter = { eventTypes: ["a"] };
    let position: bigint | undefined;
    let told: (LocalTick & { readonly nowMs: number })[];
    const started = () => {
      position = undefined;
      told = [];
      return new LocalTicker({
        store,
        filter,
        clock: own,
        signal: end.signal,
        fail: (error) => failures.push(error),
        position: () => position,
        onTick: async (tick) => void told.push({ ...tick, nowMs: own.now() }),
      });
    };
    const record = (type: string) =>
      store.inner.append("s", [{ id: crypto.randomUUID(), type, data: {} }], { expectedRevision: "any" });

    it("is told once its own clock has passed it by five seconds, and all was read", async () => {
      const ticker = started();
      await record("a");
      await record("other");
      ticker.await(startMs + 1_000);
      ticker.await(startMs + 1_000);
      expect(own.sleeping).to.equal(1);
      await own.advance(6_000);
      expect(told).to.deep.equal([]);
      await own.advance(1_000);
      expect(told, "something is on its way").to.deep.equal([]);
      position = 1n;
      await own.advance(2_000);
      const [{ after, atMs, nowMs }, ...others] = told as [(typeof told)[0]];
      expect(others).to.deep.equal([]);
      expect(after).to.equal(2n);
      expect(nowMs - atMs).to.equal(5_000);
      expect(nowMs).to.be.within(startMs + 7_000, startMs + 8_100);
      // The same deadline is awaited anew once it was told.
      ticker.await(startMs + 1_000);
      await own.advance(1);
      expect(told).to.have.length(2);
      expect(failures).to.deep.equal([]);
    });

    it("looks again while the log is away, and fails with what else it says", async () => {
      const ticker = started();
      store.goDown();
      ticker.await(startMs);
      await own.advance(20_000);
      expect(told).to.deep.equal([]);
      store.comeBack();
      await own.advance(1_000);
      expect(told).to.have.length(1);
      const refused = new Error("it is refused");
      store.head = () => Promise.reject(refused);
      ticker.await(startMs + 1);
      await own.advance(2_000);
      expect(failures).to.deep.equal([refused]);
    });

    it("awaits the last one that it was told, or none any more", async () => {
      const ticker = started();
      ticker.await(startMs + 1_000);
      ticker.await(startMs + 3_000);
      await own.advance(7_999);
      expect(told).to.deep.equal([]);
      ticker.await(undefined);
      expect(own.sleeping).to.equal(0);
      await own.advance(5_000);
      ticker.await(startMs + 60_000);
      end.abort();
      ticker.await(startMs + 1);
      await own.advance(60_000);
      expect(told).to.deep.equal([]);
      expect(own.sleeping).to.equal(0);
    });
  });
});
