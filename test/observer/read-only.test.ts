import { expect } from "chai";
import { CheckpointMismatch, DefinitionChanged, LiveReadModel, LogIsReadOnly } from "../../src/index.js";
import { Gate } from "../reactor/charging.js";
import { Watched } from "../subscription/things.js";
import { until } from "../until.js";
import { graceMs, hourMs, ReadingOnly, withinMs } from "./reading-only.js";

describe("an observer that may only read the log", () => {
  let to: ReadingOnly;
  beforeEach(async () => {
    to = await ReadingOnly.open();
  });
  afterEach(() => to.close());

  it("flags on an idle log what is missing, provisionally, once the grace has passed, and writes nothing there", async () => {
    await to.live();
    await to.record("Ordered", "a");
    const orderedAtMs = to.clock.now();
    await to.pass(withinMs + graceMs);
    expect(await to.raised()).to.deep.equal([]);
    await to.pass(100);
    await to.flagged(1);
    expect(await to.raised()).to.deep.equal(["Missing a (provisional)"]);
    expect((await to.flags())[0]!.recordedAtMs).to.equal(orderedAtMs + withinMs + graceMs + 1);
    expect(await to.written.head()).to.equal(1n);
  });

  it("proves it by the next event of the log where there is traffic", async () => {
    await to.live();
    await to.record("Ordered", "a");
    await to.pass(withinMs + 100);
    await to.record("Ordered", "b");
    await to.flagged(1);
    expect(await to.raised()).to.deep.equal(["Missing a"]);
    await to.record("Paid", "a");
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(3);
    expect(await to.raised()).to.deep.equal(["Missing a", "LateArrival a", "Missing b (provisional)"]);
  });

  it("takes what comes within the grace for what the log says of it", async () => {
    await to.live();
    for (const order of ["late", "timely"]) await to.record("Ordered", order);
    await to.pass(withinMs);
    await to.record("Paid", "timely");
    await to.pass(graceMs - 1_000);
    await to.record("Paid", "late");
    await to.pass(hourMs, 60_000);
    await to.flagged(2);
    expect(await to.raised()).to.deep.equal(["Missing late", "LateArrival late"]);
  });

  it("waits for what is recorded, and on its way", async () => {
    await to.live();
    await to.record("Ordered", "a");
    await to.record("Ordered", "b");
    await to.handled(2n);
    const held = (to.log.held = new Gate());
    await to.pass(withinMs - 100);
    await to.record("Paid", "a");
    await to.pass(10 * graceMs);
    expect(await to.raised()).to.deep.equal([]);
    to.log.held = undefined;
    held.open();
    await to.pass(graceMs);
    await to.flagged(1);
    expect(await to.raised()).to.deep.equal(["Missing b (provisional)"]);
  });

  it("is rebuilt to what it is, and goes on from there", async () => {
    const live = await to.live();
    for (const order of ["a", "b", "c"]) {
      await to.record("Ordered", order);
      await to.pass(4_000);
    }
    await to.pass(withinMs + graceMs);
    await to.flagged(3);
    await to.record("Paid", "b");
    await to.pass(hourMs, 60_000);
    await to.flagged(6);
    const flags = await to.flags();
    expect(flags.map(({ said }) => said)).to.have.members([
      "Missing a",
      "Missing b",
      "Missing c",
      "LateArrival b",
      "Escalated a",
      "Escalated c",
    ]);
    expect(flags.filter(({ provisional }) => !provisional).map(({ said }) => said)).to.deep.equal(["LateArrival b"]);
    const kept = await to.kept();
    await live.processor.stop();
    await to.rebuild();
    expect(await to.kept()).to.deep.equal(kept);
    expect(await to.flags()).to.deep.equal(flags);
    // Of the new generation too, and by whoever works on it.
    await to.live();
    await to.rebuild();
    expect(await to.kept()).to.deep.equal(kept);
    await to.pass(3 * hourMs + 20_000, 60_000);
    await to.flagged(8);
    expect((await to.flags()).map(({ said }) => said).slice(6)).to.have.members(["Escalated a", "Escalated c"]);
    expect(await to.written.head()).to.equal(4n);
  });

  it("stops escalating what somebody has acknowledged, also in a rebuild", async () => {
    await to.live();
    await to.record("Ordered", "a");
    await to.record("Ordered", "b");
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(2);
    await to.acknowledge("a");
    await to.pass(2 * hourMs, 60_000);
    await to.flagged(3);
    await to.record("Paid", "a");
    await to.flagged(4);
    const flags = await to.flags();
    expect(flags.map(({ said }) => said)).to.deep.equal(["Missing a", "Missing b", "Escalated b", "LateArrival a"]);
    const kept = await to.kept();
    await to.rebuild();
    expect(await to.kept()).to.deep.equal(kept);
    await to.pass(5 * hourMs, 60_000);
    expect((await to.raised()).slice(4)).to.deep.equal(["Escalated b (provisional)"]);
  });

  it("takes the reset of a wild clock", async () => {
    await to.live();
    const sound = to.clock.now();
    await to.record("Ordered", "a");
    await to.handled(1n);
    await to.resetClock(sound - hourMs);
    await until("the reset has counted", async () => (await to.state())?.offsetMs !== undefined);
    // The deadline went back with the clock, and has passed by our own.
    await to.pass(1_000);
    await to.flagged(1);
    const kept = await to.kept();
    await to.rebuild();
    expect(await to.kept()).to.deep.equal(kept);
  });

  it("goes on where it stopped, whoever stopped it when", async () => {
    const first = await to.live();
    await to.record("Ordered", "a");
    await to.record("Ordered", "b");
    await to.handled(2n);
    // The tick is kept, but no flag gets out.
    to.own.beforeAppend = async () => {
      throw new Error("the disk is full");
    };
    await to.pass(withinMs + graceMs + 1_000);
    await until("it has stopped in sight", () => first.state === "stopped");
    to.own.beforeAppend = async () => undefined;
    // In time, if only by a clock that is slow: but what was kept counts first, or the flags would be others.
    to.lagMs = 60_000;
    await to.record("Paid", "a");
    await to.live();
    await to.flagged(3);
    expect(await to.raised()).to.have.members(["Missing a (provisional)", "Missing b (provisional)", "LateArrival a"]);
    const kept = await to.kept();
    await to.rebuild();
    expect(await to.kept()).to.deep.equal(kept);
  });

  it("hands over to another instance, and each flag is raised once", async () => {
    const first = await to.live();
    const second = to.start();
    await until("the second stands by", () => second.state === "standby");
    await to.record("Ordered", "a");
    await to.pass(withinMs + graceMs + 1_000);
    await to.flagged(1);
    await to.record("Ordered", "b");
    await first.processor.stop();
    await to.pass(withinMs + graceMs + 10_000);
    await to.flagged(2);
    expect(second.state).to.equal("live");
    expect(await to.raised()).to.deep.equal(["Missing a (provisional)", "Missing b (provisional)"]);
  });

  it("begins where it was started first, and marks as backfill what came before, also after a rebuild", async () => {
    await to.record("Ordered", "before");
    await to.record("Ordered", "open");
    await to.pass(withinMs + 100);
    await to.record("Paid", "before");
    await to.pass(graceMs + 60_000, 1_000);
    await to.record("Ordered", "last");
    const now = () => to.readModel({ from: "now" });
    const watched = await to.live(now());
    await to.record("Ordered", "a");
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(1);
    const [kept, flags] = [await to.kept(), await to.flags()];
    expect(flags.map(({ said, backfill }) => [said, backfill])).to.deep.equal([["Missing a", false]]);
    await watched.processor.stop();
    await to.rebuild(now());
    // What came before is not even read.
    expect((await to.readModels.activeGeneration("order-watch"))!.checkpoint!.handled).to.equal(1);
    expect([await to.kept(), await to.flags()]).to.deep.equal([kept, flags]);
  });

  it("marks as backfill what the log had said before it was defined, and nothing else", async () => {
    await to.record("Ordered", "a");
    await to.pass(withinMs + 100);
    await to.record("Ordered", "b");
    await to.live();
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(2);
    expect((await to.flags()).map(({ said, backfill }) => [said, backfill])).to.deep.equal([
      ["Missing a", true],
      ["Missing b", false],
    ]);
  });

  it("refuses other terms under the same version, and is rebuilt for a raised one", async () => {
    const first = await to.live();
    await to.record("Ordered", "a");
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(1);
    await first.processor.stop();
    const changed = to.start(to.readModel({}, 2 * withinMs));
    await until("it is refused", () => changed.state === "stopped");
    expect(changed.error).to.be.instanceOf(DefinitionChanged);
    const second = () => to.readModel({ version: 2 }, withinMs - 1_000);
    const raised = to.start(second());
    await until("it is outdated", () => raised.state === "outdated");
    await to.rebuild(second());
    await to.pass(5_000);
    await to.isLive(raised);
    // What moved time on for the first version does so for the second.
    await to.flagged(2);
    expect(await to.raised()).to.deep.equal(["Missing a (provisional)", "Missing a (provisional)"]);
  });

  it("is not mistaken for one that writes", async () => {
    const live = await to.live();
    await to.record("Ordered", "a");
    await to.handled(1n);
    await live.processor.stop();
    const { written, readModels, clock } = to;
    const subscriber = new LiveReadModel(to.readModel(), written, readModels);
    const writing = new Watched(subscriber, written, readModels, { clock });
    writing.processor.start();
    await until("it is refused", () => writing.state === "stopped");
    expect(writing.error).to.be.instanceOf(CheckpointMismatch);
    await writing.processor.stop();
  });

  it("lets nobody append to the log", async () => {
    const event = { id: "1", type: "Ordered", data: {} };
    const refused = await to.store.append("order-a", [event], { expectedRevision: "any" }).catch((error) => error);
    expect(refused).to.be.instanceOf(LogIsReadOnly);
    expect(refused.message)
      .to.match(/order-a/)
      .and.match(/ROLLCALL_READ_ONLY/);
    expect(await to.written.head()).to.equal(undefined);
  });
});
