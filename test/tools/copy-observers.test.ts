import { expect } from "chai";
import type { ObserverOptions } from "../../src/index.js";
import { copyLog } from "../../tools/copy/copy-log.js";
import { Watching, withinMs } from "../observer/watching.js";
import { until } from "../until.js";

describe("an observer of a copied log", () => {
  let source: Watching;
  let target: Watching;

  beforeEach(async () => {
    [source, target] = [await Watching.open(), await Watching.open()];
  });
  afterEach(() => Promise.all([source.close(), target.close()]));

  /** Cases of every outcome, and one that is open when the log is copied, an hour later. */
  async function recordAndCopy(options: Partial<ObserverOptions>): Promise<void> {
    const watched = source.start(options);
    await source.isLive(watched);
    for (const order of ["timely", "late", "never", "cancelled"]) await source.record("Ordered", order);
    await source.pass(withinMs / 2);
    await source.record("Paid", "timely");
    await source.record("Cancelled", "cancelled");
    await source.pass(withinMs);
    await source.flagged(2);
    await source.record("Paid", "late");
    await source.flagged(3);
    await source.record("Ordered", "open");
    await until("it has read all", () => watched.processor.status.recordedAtMs === source.clock.now());
    await watched.processor.stop();
    await target.clock.advance(source.clock.now() - target.clock.now() + 3_600_000);
    await copyLog({ from: source.store, to: target.store });
  }

  const live = { timeBase: "occurred", live: true } as const;

  it("in business time comes to the flags that are recorded already, and to the same cases", async () => {
    await recordAndCopy(live);
    const [flags, cases] = [await source.flags(), await source.cases()];
    expect(flags.map(({ kind, case: name }) => `${kind} ${name}`)).to.have.members([
      "Missing late",
      "Missing never",
      "LateArrival late",
    ]);
    await target.isLive(target.start(live));
    expect((await target.flags()).map(({ id }) => id)).to.deep.equal(flags.map(({ id }) => id));
    expect(await target.cases()).to.deep.equal(cases);
  });

  it("in business time flags what was open when the log was copied, once the log goes on", async () => {
    await recordAndCopy(live);
    const watched = target.start(live);
    await target.isLive(watched);
    await target.record("Ordered", "new");
    await target.flagged(4);
    expect(await target.raised()).to.include("Missing open");
    await target.pass(withinMs + 1);
    await target.flagged(5);
    expect(await target.raised()).to.include("Missing new");
    expect(watched.state).to.equal("live");
  });

  it("in log time takes the time of the copy for its own, and stops rather than contradict what is recorded", async () => {
    await recordAndCopy({});
    const watched = target.start({});
    await target.isLive(watched);
    expect((await target.cases())["late"]!.status, "in time, by the copy's clock").to.equal("settled");
    await target.pass(withinMs + 1);
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.processor.status.error).to.have.property("code", "DIVERGENCE");
    const recorded = (await source.flags()).map(({ id }) => id);
    expect((await target.flags()).slice(0, recorded.length).map(({ id }) => id)).to.deep.equal(recorded);
  });

  it("that judged log time before judges the copy alike in business time, as a new version", async () => {
    await recordAndCopy({});
    await target.isLive(target.start({ ...live, version: 2 }));
    await target.flagged(6);
    const flags = (await target.flags()).map(({ kind, case: name, deadlineMs }) => `${kind} ${name} ${deadlineMs}`);
    expect(flags.slice(3)).to.have.members(flags.slice(0, 3));
  });
});
