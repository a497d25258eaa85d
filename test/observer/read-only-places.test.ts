/** The place in a log that is only read at which something counts that the log does not say, live and in a rebuild. */

import { expect } from "chai";
import { controlsFrom, type LocalControl } from "../../src/observer/local-control.js";
import { until } from "../until.js";
import { graceMs, hourMs, ReadingOnly, withinMs } from "./reading-only.js";

describe("the place at which something counts that a log which is only read does not say", () => {
  let to: ReadingOnly;
  beforeEach(async () => {
    to = await ReadingOnly.open();
  });
  afterEach(() => to.close());

  const controls = async (): Promise<LocalControl[]> =>
    controlsFrom(to.readModels, (await to.readModels.activeGeneration("order-watch"))!, 0);
  const places = async () => (await controls()).map(({ after }) => after);
  const position = async () => (await to.readModels.activeGeneration("order-watch"))!.checkpoint!.position;
  const taken = (count: number) => until(`${count} counted`, async () => (await to.state())?.local?.taken === count);
  const expectRebuilt = async () => {
    const [kept, placed, flags] = [await to.kept(), await places(), await to.flags()];
    await to.rebuild();
    expect(await to.kept()).to.deep.equal(kept);
    expect(await places()).to.deep.equal(placed);
    expect(await to.flags()).to.deep.equal(flags);
  };

  it("is for a tick the end of the log, also where the last event does not concern the observer", async () => {
    await to.live();
    await to.record("Ordered", "a");
    await to.record("Reviewed", "a");
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(1);
    await taken(1);
    expect(await places()).to.deep.equal(["2"]);
    expect(await position()).to.equal(2n);
    await expectRebuilt();
  });

  it("is for what operators record the last event that was read, or before the first", async () => {
    await to.live();
    await to.resetClock(to.clock.now() - hourMs);
    await taken(1);
    expect(await controls()).to.have.length(1);
    expect((await controls())[0]).to.not.have.property("after");
    await to.record("Ordered", "a");
    await to.handled(1n);
    await to.record("Reviewed", "a");
    await to.acknowledge("a");
    await taken(2);
    expect(await places()).to.deep.equal([undefined, "1"]);
    expect(await position()).to.equal(1n);
    await expectRebuilt();
  });

  it("is after what was read while the tick looked for the end of the log", async () => {
    await to.live();
    await to.record("Ordered", "a");
    await to.handled(1n);
    const { head } = to.log;
    to.log.head = async () => {
      to.log.head = head;
      const ended = await to.log.head();
      // By a clock so slow that the tick is asked for all the same.
      to.lagMs = 60_000;
      await to.record("Ordered", "b");
      await to.handled(2n);
      return ended;
    };
    await to.pass(withinMs + graceMs + 100);
    await to.flagged(2);
    await taken(1);
    expect(to.log.head).to.equal(head);
    expect(await places()).to.deep.equal(["2"]);
    await expectRebuilt();
  });

  it("is the same in a rebuild, also after events that were recorded since that has read the log", async () => {
    await to.live();
    await to.record("Ordered", "a");
    await to.handled(1n);
    const { readLog } = to.log;
    to.log.readLog = async function* (options) {
      yield* readLog.call(this, options);
      if (!options?.repeatedly) return;
      to.log.readLog = readLog;
      await to.record("Ordered", "b");
      await to.handled(2n);
      await to.pass(withinMs + graceMs + 100);
      await to.flagged(2);
      await taken(1);
    };
    await to.rebuild();
    expect(to.log.readLog).to.equal(readLog);
    expect(await places()).to.deep.equal(["2"]);
    expect(await to.raised()).to.deep.equal(["Missing a (provisional)", "Missing b (provisional)"]);
    expect(Object.keys(((await to.kept()) as { rows: object }).rows)).to.include.members(["case/a", "case/b"]);
    await expectRebuilt();
  });
});
