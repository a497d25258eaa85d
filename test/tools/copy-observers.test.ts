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
  const kinds: Record<string, Partial<ObserverOptions>> = {
    "in log time": {},
    "in business time": live,
    "in business time, with a tolerance": { ...live, tolerance: { seconds: 1 } },
  };
  for (const [what, options] of Object.entries(kinds)) {
    it(`${what} comes to the flags that are recorded already, and to the same cases`, async () => {
      await recordAndCopy(options);
      const [flags, cases] = [await source.flags(), await source.cases()];
      expect(flags.map(({ kind, case: name }) => `${kind} ${name}`)).to.have.members([
        "Missing late",
        "Missing never",
        "LateArrival late",
      ]);
      await target.isLive(target.start(options));
      const found = (await target.flags()).map(({ id }) => id);
      expect(found.slice(0, 3)).to.deep.equal(flags.map(({ id }) => id));
      // What was open is overdue by now.
      const { open: _, ...judged } = await target.cases();
      const { open: __, ...before } = cases;
      expect(judged).to.deep.equal(before);
    });

    it(`${what} flags what was open when the log was copied, and goes on`, async () => {
      await recordAndCopy(options);
      const watched = target.start(options);
      await target.isLive(watched);
      // Nobody records anything: it asks for the time itself.
      await target.pass(1_000);
      await target.flagged(4);
      expect(await target.raised()).to.include("Missing open");
      await target.record("Ordered", "new");
      await target.record("Paid", "open");
      await target.pass(withinMs + 1);
      await target.flagged(6);
      expect((await target.raised()).slice(4)).to.have.members(["LateArrival open", "Missing new"]);
      expect(watched.state).to.equal("live");
    });
  }
});
