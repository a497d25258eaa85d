import { expect } from "chai";
import { readdirSync } from "node:fs";
import { until } from "../until.js";
import { derivedId, flagStream } from "../../src/index.js";
import { observing, recorder } from "./observed.js";

describe("the observe command and history:", function () {
  this.timeout(60_000);
  const to = observing();
  beforeEach(() => to.history());

  describe("verify", () => {
    beforeEach(() => to.judge());

    it("says that history gives what is there, and leaves everything as it was", async () => {
      const { code, stdout, stderr } = await to.run(["verify", "--all"]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.equal(
        [
          "deliveries (version 1): 2 events judged again, up to position 8: 1 flag and 2 cases, all as recorded and as served.",
          "payments (version 1): 6 events judged again, up to position 7: 3 flags and 4 cases, all as recorded and as served.",
          "",
        ].join("\n"),
      );
    });

    it("fails, and names every difference", async () => {
      const [flag] = (await to.events("rollcall.flags-payments")).filter(({ streamName }) =>
        streamName.endsWith("-missing"),
      );
      const { definition: hash } = flag!.data as { definition: string };
      await to.withLog(async (log) => {
        const data = { ...(flag!.data as object), case: "invented" };
        const streamName = flagStream(log, { name: "payments", hash } as never, "invented");
        await log.append(streamName, [{ id: derivedId("invented"), type: "observer.Missing", data }], {
          expectedRevision: "no_stream",
        });
      });
      const { code, stdout, stderr } = await to.run(["verify", "payments"]);
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: "" });
      expect(stdout).to.include("up to position 7: 1 difference.");
      expect(stdout).to.match(/-invented at 0: observer\.Missing payment \(.*\) is recorded, history gives none\./);
      const json = await to.json(["verify", "payments"]);
      expect(json.code).to.equal(1);
      const { results, equal } = json.result as { results: { differences: object[] }[]; equal: boolean };
      expect(equal).to.equal(false);
      expect(results[0]!.differences).to.have.length(1);
      expect(results[0]!.differences[0]).to.include({ kind: "flag-not-derived", case: "invented", revision: "0" });
    });
  });

  describe("backfill", () => {
    it("tells beforehand what it would raise, records nothing, then does it, once", async () => {
      await to.judge("payments");
      const before = (await to.events("rollcall.")).length;
      const dry = await to.run(["backfill", "deliveries", "--dry-run"]);
      expect({ code: dry.code, stderr: dry.stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(dry.stdout).to.include(
        "would judge 2 events and raise 1 flag in 1 case (1 Missing). Nothing was recorded.",
      );
      const { result } = await to.json(["backfill", "deliveries", "--dry-run"]);
      expect(result).to.deep.include({ flags: 1, cases: 1, byKind: { Missing: 1 }, dryRun: true });
      expect(await to.events("rollcall.")).to.have.length(before);
      const done = await to.run(["backfill", "deliveries"]);
      expect({ code: done.code, stderr: done.stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(done.stdout).to.include("has judged 2 events, recorded 1 flag in 1 case (1 Missing), and serves.");
      expect(done.stdout).to.include("marked as backfill, and nobody is notified of them");
      const flags = await to.events("rollcall.flags-deliveries");
      expect(flags.map(({ data }) => (data as { backfill?: boolean }).backfill)).to.deep.equal([true]);
      expect((await to.run(["backfill", "deliveries"])).stdout).to.include(
        "has judged its history already, up to position",
      );
    });

    it("counts what it recorded also where the log is only read", async () => {
      const { code, stdout } = await to.run(["backfill", "deliveries"], { ROLLCALL_READ_ONLY: "true" });
      expect(code).to.equal(0);
      expect(stdout).to.include("has judged 2 events, recorded 1 flag in 1 case (1 Missing), and serves.");
      expect(await to.events("rollcall.")).to.deep.equal([]);
    });

    it("judges anew for a version that was raised, which was outdated until then", async () => {
      await to.judge();
      const raised = { OBSERVED_VERSION: "2" };
      expect((await to.run(["list"], raised)).stdout).to.match(
        /outdated: version 2 is declared, version 1\s+serves and stands still until/,
      );
      expect((await to.run(["verify", "deliveries"], raised)).stderr).to.include(
        "version 2 is declared, version 1 was built",
      );
      const { code, result } = await to.json(["backfill", "deliveries"], raised);
      expect(code).to.equal(0);
      expect(result).to.deep.include({ version: 2, events: 2, dryRun: false });
      expect((await to.run(["verify", "deliveries"], raised)).stdout).to.include("all as recorded and as served");
      const explained = await to.run(["explain", "order-9"], raised);
      expect(explained.stdout).to.include("1 expectation not met, 1 flag.");
      expect(explained.stdout).to.include("! Missing delivery (of version 1): the counterpart did not come");
      expect(explained.stdout).to.include("! Missing delivery: the counterpart did not come");
    });
  });

  describe("reset-clock", () => {
    const to0030 = ["reset-clock", "--to", "2026-01-01T00:30:00Z", "--by", "ada"];
    beforeEach(() => to.judge());

    it("tells what would change, and changes nothing without --yes", async () => {
      const { code, stdout, stderr } = await to.run(to0030);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.match(/payments +log time +2026-01-01 01:06:00\.000Z +2026-01-01 00:30:00\.000Z/);
      expect(stdout).to.match(/deliveries +log time +2026-01-01 01:06:00\.000Z +2026-01-01 00:30:00\.000Z/);
      expect(stdout).to.include("2026-01-01T00:30:00.000Z is").and.include("state the present time");
      expect(stdout).to.include("payments goes back by 36 min, and the deadlines of 1 open case with it.");
      expect(stdout).to.include("Nothing was recorded. To reset to 2026-01-01T00:30:00.000Z, say it again with --yes.");
      expect(await to.events("rollcall.clock")).to.deep.equal([]);
    });

    it("records it, once, and observers go by it", async () => {
      for (const duplicate of [false, true]) {
        const { code, result } = await to.json([...to0030, "--yes"]);
        expect(code).to.equal(0);
        expect(result).to.deep.include({ recorded: true, duplicate, streamName: "rollcall.clock", revision: "0" });
      }
      const [event, ...others] = await to.events("rollcall.clock");
      expect(others).to.deep.equal([]);
      expect(event).to.deep.include({
        type: "observer.ClockReset",
        data: { to: "2026-01-01T00:30:00.000Z", by: "ada" },
      });
    });

    it("refuses a time in the future, and one that would change nothing", async () => {
      const refused: [string, RegExp][] = [
        ["2199-01-01T00:00:00Z", /lies in the future/],
        ["2026-01-01T01:06:00Z", /would change nothing: .*payments stands at 2026-01-01T01:06:00\.000Z/],
      ];
      for (const [time, message] of refused) {
        const { code, stderr } = await to.run(["reset-clock", "--to", time, "--by", "ada", "--yes"]);
        expect(code).to.equal(1);
        expect(stderr).to.match(message);
      }
      expect(await to.events("rollcall.clock")).to.deep.equal([]);
    });
  });

  it("stops at Ctrl-C, and says that nothing was changed", async () => {
    await to.withLog(async (log) => {
      const record = recorder(log);
      for (let i = 0; i < 40_000; i += 1000)
        await Promise.all(Array.from({ length: 1000 }, (_, n) => record("Ordered", `case-${i + n}`)));
    });
    await to.judge("payments");
    const command = to.start(["verify", "payments"], { TMPDIR: to.folder });
    const isAtWork = () => readdirSync(to.folder).some((name) => name.startsWith("rollcall-scratch-"));
    await until("it is at work", () => isAtWork() || command.hasEnded);
    const { code, stdout, stderr } = await command.interrupt();
    expect({ code, stdout }, stderr).to.deep.equal({ code: 130, stdout: "" });
    expect(stderr).to.equal("Interrupted. Nothing was changed.\n");
    expect(isAtWork()).to.equal(false);
  });
});
