import { expect } from "chai";
import { observing, recorder } from "./observed.js";

describe("the observe command", function () {
  this.timeout(60_000);
  const to = observing();

  describe("over a log that was judged", () => {
    beforeEach(async () => {
      await to.history();
      await to.judge();
    });

    it("lists what each observer expects, where it stands and how its cases are", async () => {
      const { code, stdout, stderr } = await to.start(["list"]).ended;
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.include("payments  version 1 (applyTo: new)\n");
      expect(stdout).to.include("  cases: 1 flagged, 1 open, 1 recovered, 1 settled, 0 closed; uncorrelated: 0\n");
      expect(stdout).to.include(
        "  payment: whenever shop.Ordered expect shop.Paid within 10 min, once, unless shop.Cancelled\n",
      );
      expect(stdout).to.include("  serving; stands at position 7, up to date with the log\n");
      expect(stdout).to.include("owner: depot, severity: critical, runbook: https://runbooks.example/deliveries");
      const { result } = await to.json(["list"]);
      const [deliveries, payments] = (result as { observers: Record<string, unknown>[] }).observers;
      expect(deliveries).to.deep.include({ name: "deliveries", applyTo: "all", state: "serving", alarms: 0 });
      expect(payments!["cases"]).to.deep.equal({ flagged: 1, open: 1, recovered: 1, settled: 1, closed: 0 });
    });

    it("lists how many events wait for what their alias means", async () => {
      await to.withLog((log) => recorder(log)("Delivered", "elsewhere", { parcel: "nobody's" }));
      await to.judge("deliveries");
      const { stdout } = await to.run(["list"]);
      expect(stdout).to.include("uncorrelated: 0; waiting for what their alias means: 1\n");
    });

    it("says that an observer is refused whose terms changed without a new version", async () => {
      const { stdout } = await to.run(["list"], { OBSERVED_HOURS: "2" });
      expect(stdout.replace(/\s+/g, " ")).to.include(
        "refused: version 1 was declared with other terms before, and version 1 serves, standing still.",
      );
    });

    it("shows cases as a table, what is amiss first, a page at a time", async () => {
      const { code, stdout } = await to.run(["cases", "payments"]);
      expect(code).to.equal(0);
      const cells = stdout
        .split("\n")
        .slice(2, 6)
        .map((line) =>
          line
            .split(/ {2,}/)
            .slice(0, 4)
            .join("|")
            .replace(/ \(.*\)$/, ""),
        );
      expect(cells).to.deep.equal([
        "missing|flagged|payment MISSING|2026-01-01 00:10:00.000",
        "open|open|payment OPEN|2026-01-01 01:16:00.000",
        "late|recovered|payment RECOVERED|2026-01-01 00:10:00.000",
        "paid|settled|payment MET|2026-01-01 00:10:00.000",
      ]);
      expect(stdout).to.include("npm run observe -- explain missing --observer payments");
      const keys: string[] = [];
      for (let cursor: string[] = []; ;) {
        const { result } = await to.json(["cases", "payments", "--limit", "3", ...cursor]);
        const [page] = (result as { observers: { items: { case: string }[]; nextCursor?: string }[] }).observers;
        keys.push(...page!.items.map((each) => each.case));
        if (page!.nextCursor === undefined) break;
        cursor = ["--cursor", page!.nextCursor];
      }
      expect(keys).to.deep.equal(["missing", "open", "late", "paid"]);
      const flagged = (await to.json(["cases", "--status", "flagged"])).result as {
        observers: { observer: string; items: { case: string }[] }[];
      };
      expect(
        flagged.observers.map(({ observer, items }) => [observer, ...items.map((each) => each.case)]),
      ).to.deep.equal([
        ["deliveries", "order-9"],
        ["payments", "missing"],
      ]);
    });

    it("explains a case as one wants it at three in the morning", async () => {
      const { code, stdout, stderr } = await to.run(["explain", "missing"]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      const told = stdout.replaceAll(/\b[\da-f]{8}-[\da-f-]{27}\b/g, "ID").replaceAll(/\s*\n {11}/g, " ");
      expect(told).to
        .equal(`payments, case missing is FLAGGED, 1 expectation not met, 1 flag. Nobody has acknowledged it.

WHY
  payment  MISSING: shop.Ordered at 2026-01-01 00:00:00.000Z (event ID, order-missing revision 0, position 1) opened it; shop.Paid had to come by 2026-01-01 00:10:00.000Z; log time passed that at 2026-01-01 00:21:00.000Z (flag ID); nothing came since. Nobody has acknowledged it.

RULES OF VERSION 1
  payment  whenever shop.Ordered expect shop.Paid within 10 min, once, unless shop.Cancelled

TIMELINE (UTC, log time)
  2026-01-01
  00:00:00.000  shop.Ordered  [opens payment]  order-missing revision 0, position 1  {}
  00:10:00.000  -- deadline of payment: shop.Paid --
  01:07:00.000  ! Missing payment: the counterpart did not come
  -- judged so far: position 7, log time 01:06:00.000 --

NEXT
  It recovers by itself when what is missing is recorded; the observer need not be told.
  That you have seen it, which stops its escalation alone:
    npm run observe -- ack missing --observer payments --by YOUR-NAME --note "…"
`);
    });

    it("tells in JSON all that it tells", async () => {
      const { result } = await to.json(["explain", "late", "--observer", "payments"]);
      const [{ slots, rules, timeline, ...rest }] = (result as { cases: [Record<string, unknown>] }).cases;
      expect(rest).to.deep.include({ observer: "payments", version: 1, case: "late", status: "recovered" });
      expect((slots as { reason: string }[])[0]!.reason).to.match(/^RECOVERED: .* came 11 min late\.$/);
      expect(rules).to.deep.equal([
        {
          name: "payment",
          trigger: ["shop.Ordered"],
          counterpart: ["shop.Paid"],
          unless: ["shop.Cancelled"],
          withinMs: 600_000,
          max: 1,
        },
      ]);
      const entries = timeline as { kind: string; type?: string; at: string; position?: string }[];
      expect(entries.map(({ kind, type }) => type ?? kind)).to.deep.equal([
        "shop.Ordered",
        "deadline",
        "shop.Paid",
        "observer.Missing",
        "observer.LateArrival",
      ]);
      expect(entries[2]).to.include({ at: "2026-01-01T00:21:00.000Z", position: "6" });
    });

    it("explains a case by an alias, with its runbook, and finds its events by what they say", async () => {
      const { code, stdout } = await to.run(["explain", "parcel-9"]);
      expect(code).to.equal(0);
      expect(stdout).to.match(/^deliveries, case order-9 is FLAGGED.*\n {2}parcel-9 is an alias of it\.\n/);
      expect(stdout).to.include("[opens delivery]  parcel-9 revision 0, position 4");
      expect(stdout).to.match(/it\s+escalates at\s+2026-01-02 01:00:00\.000Z, 1 d after the deadline/);
      expect(stdout).to.include("  What to do: https://runbooks.example/deliveries\n");
    });

    it("says of a key that is none what there is instead", async () => {
      const { code, stdout, stderr } = await to.run(["explain", "order-9-1"]);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
      expect(stderr).to.include('called "order-9-1". Asked: deliveries, payments.');
      expect(stderr).to.include("No event has that correlation id either.");
      const { stderr: known } = await to.run(["explain", "parcel"]);
      expect(known).to.include("There are 1 events with that correlation id (shop.Packed)");
      const { code: failed, result } = await to.json(["explain", "nothing"]);
      expect(failed).to.equal(1);
      expect(result).to.have.nested.property("error.code", "UNKNOWN_CASE");
    });

    it("acknowledges once, says what that stops, and shows who has seen it", async () => {
      const said = ["ack", "parcel-9", "--observer", "deliveries", "--by", "ada", "--note", "on it"];
      const first = await to.run(said);
      expect({ code: first.code, stderr: first.stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(first.stdout).to.include("Acknowledged: deliveries, case order-9, delivery, by ada.");
      expect(first.stdout).to.include("This stops escalation only: the case stays flagged");
      const second = await to.run(said);
      expect(second.code).to.equal(0);
      expect(second.stdout).to.include("It had been acknowledged before");
      const events = await to.events("rollcall.acknowledgements-deliveries-order-9");
      expect(events.map(({ type, data, correlationId }) => [type, data, correlationId])).to.deep.equal([
        // Cases are not keyed by correlation id here.
        ["observer.Acknowledged", { observer: "deliveries", case: "order-9", by: "ada", note: "on it" }, undefined],
      ]);
      await to.judge("deliveries");
      const { stdout } = await to.run(["explain", "order-9"]);
      expect(stdout).to.include("ada has seen it.");
      expect(stdout).to.include('* acknowledged by ada: "on it"');
      expect(stdout).to.not.include("observe -- ack");
      expect((await to.run(["cases", "deliveries"])).stdout).to.match(/order-9 .* ada\n/);
    });

    it("refuses to acknowledge what is not amiss, or no case, and says what it is", async () => {
      const refused: [readonly string[], RegExp][] = [
        [
          ["paid", "--observer", "payments"],
          /expected something MISSING or ORPHAN to acknowledge, found: it is settled, payment is MET/,
        ],
        [
          ["missing", "--observer", "payments", "--slot", "pay"],
          /found: nothing of a slot "pay" in it, but of: payment/,
        ],
        [["nobody", "--observer", "payments"], /payments has no case "nobody"/],
        [["missing", "--observer", "orders"], /Known: deliveries, payments/],
      ];
      for (const [args, message] of refused) {
        const { code, stdout, stderr } = await to.run(["ack", ...args, "--by", "ada"]);
        expect({ code, stdout }, stderr).to.deep.equal({ code: 1, stdout: "" });
        expect(stderr)
          .to.match(message)
          .and.not.match(/^ +at /m);
      }
      expect(await to.events("rollcall.acknowledgements")).to.deep.equal([]);
    });
  });

  it("refuses wrong usage, each with what is wrong, and explains itself", async () => {
    await to.history();
    const refused: [readonly string[], RegExp][] = [
      [["explode"], /unknown command 'explode'/],
      [["explain"], /missing required argument 'case'/],
      [["ack", "x", "--observer", "payments"], /required option '--by <who>' not specified/],
      [["ack", "x", "--observer", "payments", "--by", " "], /Expected text/],
      [["cases", "--status", "fine"], /Allowed choices are flagged, open, recovered, settled, closed/],
      [["cases", "--limit", "0"], /whole number from 1 to 1000/],
      [["verify"], /Name the observers to verify, or say --all/],
      [["reset-clock", "--to", "2026-01-01T00:00:00", "--by", "ada"], /a time with its zone/],
    ];
    const outcomes = await Promise.all(refused.map(([args]) => to.run(args)));
    for (const [i, { code, stderr }] of outcomes.entries()) {
      expect(code, stderr).to.equal(2);
      expect(stderr)
        .to.match(refused[i]![1])
        .and.not.match(/^ +at /m);
    }
    const help = await to.run(["--help"]);
    expect(help.code).to.equal(0);
    for (const told of [
      "list",
      "cases",
      "explain",
      "ack",
      "verify",
      "backfill",
      "reset-clock",
      "--json",
      "ROLLCALL_STORE",
      "Exit codes",
    ])
      expect(help.stdout).to.include(told);
    expect((await to.run(["ack", "--help"])).stdout)
      .to.include("stops its escalation, and nothing else")
      .and.include("--app");
  });

  it("says that nothing was built, and in which folder no log is, and makes none", async () => {
    const { code, stderr } = await to.run(["list"]);
    expect(code).to.equal(2);
    expect(stderr).to.include("ROLLCALL_STORE is .rollcall/log.sqlite, which is not there");
    await to.history();
    expect((await to.run(["list"])).stdout)
      .to.include("not built")
      .and.include("observe -- backfill payments --dry-run");
    expect((await to.run(["cases", "payments"])).stdout).to.include("payments has not been built yet.");
    const ack = await to.run(["ack", "missing", "--observer", "payments", "--by", "ada"]);
    expect(ack.code).to.equal(1);
    expect((await to.run(["explain", "missing"])).stderr).to.include("payments has not been built yet.");
  });
});
