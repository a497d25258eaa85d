import { expect } from "chai";
import { StoreUnavailable } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { Gate } from "../reactor/charging.js";
import { until } from "../until.js";
import { Watching, withinMs } from "./watching.js";

describe("a live observer asks the log for the time", () => {
  let watching: Watching;
  beforeEach(async () => {
    watching = await Watching.open();
  });
  afterEach(() => watching.close());

  /** A clock of the observer's own, so much ahead of the log's. */
  const ownClock = (aheadMs: number) => new ManualClock(watching.clock.now() + aheadMs);

  it("and flags on an idle log as soon as the deadline has passed, not at the deadline itself", async () => {
    await watching.isLive(watching.start());
    const orderedAtMs = watching.clock.now();
    await watching.record("Ordered", "a");
    await watching.pass(withinMs);
    expect(await watching.ticks()).to.deep.equal([]);
    expect(await watching.flags()).to.deep.equal([]);
    await watching.pass(1);
    await watching.flagged(1);
    expect(await watching.ticks()).to.deep.equal([orderedAtMs + withinMs + 1]);
    const [flag] = await watching.flags();
    expect(flag).to.include({ kind: "Missing", case: "a", slot: "payment", deadlineMs: orderedAtMs + withinMs });
    expect(flag!.recordedAtMs).to.equal(orderedAtMs + withinMs + 1);
  });

  it("and writes nothing where all is well, nor on an empty log, but its definition once", async () => {
    const watched = watching.start();
    await watching.isLive(watched);
    await watching.pass(60_000);
    expect(await watching.store.head()).to.equal(1n);
    await watching.record("Ordered", "a");
    await watching.record("Ordered", "b");
    await watching.pass(withinMs);
    // In the last moment at which they are in time.
    await watching.record("Paid", "a");
    await watching.record("Cancelled", "b");
    await watching.pass(60_000);
    expect(await watching.store.head()).to.equal(5n);
    expect((await watching.cases())["a"]?.status).to.equal("settled");
    expect((await watching.cases())["b"]?.status).to.equal("settled");
    expect(watched.state).to.equal("live");
  });

  it("once, where several observers want to know the same", async () => {
    const [first, second] = [watching.start(), watching.start({ name: "second-watch" })];
    await Promise.all([watching.isLive(first), watching.isLive(second)]);
    await watching.record("Ordered", "a");
    await watching.pass(withinMs + 1);
    await watching.flagged(2);
    expect(await watching.raised()).to.deep.equal(["Missing a", "Missing a"]);
    expect(await watching.ticks()).to.have.length(1);
  });

  it("once, where deadlines lie close together", async () => {
    await watching.isLive(watching.start());
    for (let i = 0; i < 60; i++) {
      await watching.record("Ordered", `order${i}`);
      await watching.clock.advance(1);
    }
    await watching.pass(withinMs + 200);
    await watching.flagged(60);
    // The first deadline, and all others within the shortest time between two ticks.
    expect((await watching.ticks()).length).to.be.at.most(2);
  });

  it("again, where a deadline had passed already when it was set", async () => {
    await watching.isLive(watching.start({ timeBase: "occurred", live: true }));
    await watching.record("Ordered", "a");
    await watching.pass(withinMs + 1);
    await watching.flagged(1);
    // The tick that there is was recorded after the deadline, and was read before the order.
    const occurredAt = new Date(watching.clock.now() - withinMs - 1).toISOString();
    await watching.record("Ordered", "b", { $correlationId: "b", occurredAt });
    await watching.pass(1_000);
    await watching.flagged(2);
    expect(await watching.raised()).to.deep.equal(["Missing a", "Missing b"]);
    expect(await watching.ticks()).to.have.length(2);
  });

  it("too early with a clock that is fast: extra ticks, but no wrong flag", async () => {
    const own = ownClock(3_000);
    await watching.isLive(watching.start({}, own));
    await watching.record("Ordered", "late");
    await watching.record("Ordered", "timely");
    await watching.pass(withinMs, own);
    expect((await watching.ticks()).length, "it asked before").to.be.within(1, 5);
    expect(await watching.flags()).to.deep.equal([]);
    // Its own clock is three seconds past the deadline; the log's is at it.
    await watching.record("Paid", "timely");
    await watching.pass(1_000, own);
    await watching.flagged(1);
    expect(await watching.raised()).to.deep.equal(["Missing late"]);
    const [flag] = await watching.flags();
    expect(flag!.recordedAtMs - flag!.deadlineMs).to.be.at.most(200);
  });

  it("late with a clock that is slow: a later flag, no wrong one and none that is lost", async () => {
    const own = ownClock(-3_000);
    await watching.isLive(watching.start({}, own));
    await watching.record("Ordered", "a");
    await watching.record("Ordered", "b");
    await watching.pass(5_000, own);
    await watching.record("Paid", "b");
    await watching.pass(5_000 + 2_900, own);
    expect(await watching.flags()).to.deep.equal([]);
    await watching.pass(300, own);
    await watching.flagged(1);
    expect(await watching.raised()).to.deep.equal(["Missing a"]);
    const [flag] = await watching.flags();
    expect(flag!.recordedAtMs - flag!.deadlineMs).to.be.within(3_000, 3_200);
  });

  it("again, but not often, while the log's clock stands still", async () => {
    const own = ownClock(0);
    await watching.isLive(watching.start({}, own));
    await watching.record("Ordered", "a");
    await watching.clock.advance(withinMs - 50);
    await own.advance(withinMs - 50);
    // Fifty milliseconds before the deadline the log's clock stops.
    for (let i = 0; i < 100; i++) await own.advance(100);
    const ticks = await watching.ticks();
    expect(ticks.length).to.be.within(2, 100);
    expect(await watching.flags()).to.deep.equal([]);
    // The longest time between two ticks while they move nothing, and a little.
    await watching.pass(1_300, own);
    await watching.flagged(1);
  });

  it("ever more seldom while the log's clock, set back, catches up with what the log has reached", async () => {
    await watching.isLive(watching.start({}, ownClock(0)));
    const own = ownClock(0);
    const wild = watching.start({ name: "wild-watch" }, own);
    await watching.isLive(wild);
    await watching.record("Ordered", "a");
    // The observer's own clock goes on, the log's stands still for a while: no tick can move it.
    for (let passed = 0; passed < withinMs + 40_000; passed += 50) await own.advance(50);
    expect((await watching.ticks()).length).to.be.within(2, 50);
    expect(await watching.flags()).to.deep.equal([]);
  });

  it("again when the tick was read before it was acknowledged and came too early", async () => {
    const own = ownClock(2_000);
    const acknowledged = new Gate();
    await watching.isLive(watching.start({}, own));
    await watching.record("Ordered", "a");
    watching.store.afterAppend = async (streamName) => {
      if (streamName === "rollcall.clock") await acknowledged.opened;
    };
    await watching.pass(withinMs - 1_000, own);
    await until("the first tick", async () => (await watching.ticks()).length === 1);
    await watching.pass(500, own);
    watching.store.afterAppend = async () => undefined;
    acknowledged.open();
    await watching.pass(2_000, own);
    await watching.flagged(1);
    const [flag] = await watching.flags();
    expect(flag!.recordedAtMs - flag!.deadlineMs).to.be.at.most(200);
  });

  it("and is not deceived by other events that it reads while a tick is under way", async () => {
    const own = ownClock(2_000);
    const acknowledged = new Gate();
    await watching.record("Ordered", "a");
    await watching.isLive(watching.start({}, own));
    // The tick hangs before it reaches the log; meanwhile the log tells nothing new about the time.
    watching.store.beforeAppend = async (streamName) => {
      if (streamName === "rollcall.clock") await acknowledged.opened;
    };
    await watching.pass(withinMs - 1_900, own);
    await watching.store.inner.append("other-1", [{ id: "1", type: "other.Thing", data: {} }], {
      expectedRevision: "any",
    });
    await watching.pass(100, own);
    watching.store.beforeAppend = async () => undefined;
    acknowledged.open();
    await watching.pass(2_500, own);
    await watching.flagged(1);
    const [flag] = await watching.flags();
    expect(flag!.recordedAtMs - flag!.deadlineMs).to.be.at.most(200);
  });

  it("by ticks alone where business time decides and events may be late: after the lateness too has passed", async () => {
    await watching.isLive(watching.start({ timeBase: "occurred", live: true, lateness: { milliseconds: 30_000 } }));
    await watching.record("Ordered", "a");
    await watching.record("Ordered", "b");
    await watching.pass(withinMs);
    const [occurredAt, $correlationId] = [new Date(watching.clock.now()).toISOString(), "b"];
    await watching.pass(29_000);
    // In time, by when it occurred.
    await watching.record("Paid", "b", { $correlationId, occurredAt });
    await watching.pass(900);
    expect(await watching.flags()).to.deep.equal([]);
    await watching.pass(400);
    await watching.flagged(1);
    expect(await watching.raised()).to.deep.equal(["Missing a"]);
    expect((await watching.ticks()).length).to.be.at.most(3);
  });

  it("again and again while the log does not answer, and flags when it does", async () => {
    await watching.isLive(watching.start());
    await watching.record("Ordered", "a");
    let refused = 0;
    watching.store.beforeAppend = async (streamName) => {
      if (streamName !== "rollcall.clock") return;
      refused++;
      throw new StoreUnavailable("the log does not answer");
    };
    await watching.pass(withinMs + 5_000);
    expect(refused).to.be.within(3, 10);
    watching.store.beforeAppend = async () => undefined;
    await watching.pass(5_000);
    await watching.flagged(1);
  });
});
