import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { openSqliteEventStore } from "../../src/store/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { until } from "../until.js";
import { commands, type RunningCommand } from "./command.js";
import { stopwatch } from "../stopwatch.js";

/** Every request is lost, so that every order is flagged. */
const allLost = { ROLLCALL_DEMO: JSON.stringify({ lost: 1 }) };

describe("the start command", function () {
  this.timeout(60_000);
  const to = commands();

  const urlOf = async (command: RunningCommand) => {
    await command.prints(/"kind":"started"/);
    return command.lines("started")[0]!["url"] as string;
  };
  const statusOf = async (url: string) =>
    (await (await fetch(`${url}/status`)).json()) as {
      head?: string;
      subscriptions: { name: string; state: string; position?: string }[];
    };
  const flagIds = async () => {
    const store = await openSqliteEventStore({ file: join(to.folder, ".rollcall/log.sqlite") });
    const flags: string[] = [];
    for await (const page of store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
      flags.push(...page.map(({ streamName, type }) => `${streamName} ${type}`));
    await store.close();
    return flags;
  };

  /** Three orders without payment; nobody was there to watch, so their deadlines pass while the log is read. */
  const logOfAMinuteAgo = async () => {
    const clock = new ManualClock(Date.now() - 60_000);
    const store = await openSqliteEventStore({ file: join(to.folder, "log.sqlite"), clock });
    const append = (id: string, type: string, schemaVersion: number) =>
      store.append(`order-${id}`, [{ id, type, data: {}, metadata: { $correlationId: id, schemaVersion } }], {
        expectedRevision: "no_stream",
      });
    for (const id of ["a", "b", "c"]) await append(id, "ordering.OrderPlaced", 2);
    await clock.advance(30_000);
    await append("d", "ordering.OrderCancelled", 1);
    await store.close();
  };

  it("says where to ask, answers there, shows flags as they are raised, and goes on after a restart", async () => {
    const first = to.run("start", ["--json", "--rate", "20", "--orders", "10"], allLost);
    const url = await urlOf(first);
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    await until("all is live", async () => (await statusOf(url)).subscriptions.every(({ state }) => state === "live"));
    // Five seconds after the first orders.
    await until("flags are shown", () => first.lines("flag").length >= 3);
    const [flag] = first.lines("flag");
    expect(flag).to.include({ kind: "flag", flag: "Missing", observer: "order-to-cash", slot: "payment", sequence: 0 });
    const caseOfFlag = await fetch(`${url}/observers/order-to-cash/cases/${String(flag!["case"])}`);
    expect(caseOfFlag.status).to.equal(200);
    expect(((await caseOfFlag.json()) as { status: string }).status).to.equal("flagged");
    const before = BigInt((await statusOf(url)).head!);

    const tookMs = stopwatch();
    const { code, stderr } = await first.interrupt();
    expect(tookMs(), "it stops within two seconds").to.be.below(2_000);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(first.lines("stopped")).to.have.length(1);

    // What became due while it was down is flagged, and shown, although it happened before anybody looked.
    const second = to.run("start", ["--json", "--no-demo"], allLost);
    const secondUrl = await urlOf(second);
    await until("every order is flagged or cancelled", async () => {
      const open = await (await fetch(`${secondUrl}/observers/order-to-cash/cases?status=open`)).json();
      return (open as { items: unknown[] }).items.length === 0;
    });
    expect(BigInt((await statusOf(secondUrl)).head!) >= before).to.equal(true);
    expect((await second.interrupt("SIGTERM")).code).to.equal(0);
    const flags = await flagIds();
    expect(new Set(flags).size, "no flag is doubled").to.equal(flags.length);
    const shown = [...first.lines("flag"), ...second.lines("flag")].map((each) => String(each["case"]));
    for (const streamName of flags.filter((each) => each.endsWith("Missing")))
      expect(
        shown.some((name) => streamName.includes(name)),
        streamName,
      ).to.equal(true);
  });

  it("shows what was raised while it caught up, before it could be asked", async () => {
    await logOfAMinuteAgo();
    const environment = { ROLLCALL_STORE: "log.sqlite", ROLLCALL_ROLES: "observer" };
    const command = to.run("start", ["--json", "--no-demo"], environment);
    await until("they are shown", () => command.lines("flag").length === 3);
    expect(command.lines("flag").map((each) => `${String(each["flag"])} ${String(each["case"])}`)).to.have.members([
      "Missing a",
      "Missing b",
      "Missing c",
    ]);
    const { code, stderr } = await command.interrupt();
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
  });

  it("speaks to people unless told otherwise", async () => {
    await logOfAMinuteAgo();
    const command = to.run("start", ["--rate", "20"], { ...allLost, ROLLCALL_STORE: "log.sqlite" });
    const [, url] = await command.prints(/Query it at (http:\S+), for example:/);
    expect(command.stdout).to.include(`curl ${url}/status`);
    expect(command.stdout).to.include("read-models/order-summary?limit=3");
    expect(command.stdout).to.include("observers/order-to-cash/cases?status=flagged");
    expect(command.stdout).to.include("Demo: 20 orders a second");
    await command.prints(
      /Missing\s+order-to-cash\/payment: the counterpart did not come \(due [\d:.]+\)\s+http\S+\/correlations\/\S+/,
    );
    const { code, stdout, stderr } = await command.interrupt();
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(stdout.trimEnd().endsWith("Stopped. The next start goes on from here.")).to.equal(true);
  });

  /** An application whose gateway hangs for half a minute, whatever its signal says, and whose orders of "bad" are refused. */
  const applicationThatHangs = async () => {
    const src = new URL("../../src/index.js", import.meta.url).href;
    writeFileSync(
      join(to.folder, "app.mjs"),
      `import { application, CommandRejected, domain, DomainEvent, Reactor, ReactsTo } from ${JSON.stringify(src)};
      class Ordered extends DomainEvent("shop.Ordered") {}
      class Charge {
        async react(_, { aggregateId }) {
          if (aggregateId === "bad") throw new CommandRejected("no such card");
          console.log("hangs");
          await new Promise((resolve) => setTimeout(resolve, 30_000));
        }
      }
      ReactsTo(Ordered)(Charge.prototype, "react", Object.getOwnPropertyDescriptor(Charge.prototype, "react"));
      Reactor({ name: "charge" })(Charge);
      export default application({ domains: [domain({ name: "till", reactors: [Charge] })] });`,
    );
    const store = await openSqliteEventStore({ file: join(to.folder, "log.sqlite") });
    for (const id of ["bad", "good"])
      await store.append(`order-${id}`, [{ id, type: "shop.Ordered", data: {} }], { expectedRevision: "no_stream" });
    await store.close();
  };

  it("ends within two seconds although a gateway ignores its signal, and all that it said was read", async () => {
    await applicationThatHangs();
    const command = to.run("start", ["--app", "app.mjs"], { ROLLCALL_STORE: "log.sqlite" });
    await command.prints(/hangs/);
    const tookMs = stopwatch();
    const { code, stdout } = await command.interrupt();
    expect(tookMs()).to.be.below(2_000);
    expect(code).to.equal(0);
    expect(stdout.endsWith("Stopped. The next start goes on from here.\n")).to.equal(true);
  });

  it("prints a line when a reactor parks an event, for people and as JSON", async () => {
    await applicationThatHangs();
    const json = to.run("start", ["--app", "app.mjs", "--json"], { ROLLCALL_STORE: "log.sqlite" });
    await until("it is parked", () => json.lines("parked").length === 1);
    const [{ parkedAt, ...event }] = json.lines("parked") as [Record<string, unknown>];
    expect(event).to.deep.equal({
      kind: "parked",
      subscription: "reactor:charge",
      position: "1",
      streamName: "order-bad",
      revision: "0",
      eventId: "bad",
      eventType: "shop.Ordered",
      attempts: 1,
      error: "CommandRejected: no such card",
    });
    expect(String(parkedAt)).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await json.interrupt()).stderr).to.equal("");
    const environment = { ROLLCALL_STORE: "log.sqlite", ROLLCALL_READ_MODELS: "others.sqlite" };
    const words = to.run("start", ["--app", "app.mjs"], environment);
    await until("it is said", () => words.stderr.includes("\n"));
    expect(words.stderr).to.equal(
      "reactor:charge has parked shop.Ordered (order-bad, revision 0, position 1) after 1 attempt: CommandRejected: no such card\n",
    );
  });

  it("promises only what this process does", async () => {
    const welcomeOf = async (roles: string) => {
      const command = to.run("start", [], { ROLLCALL_ROLES: roles, ROLLCALL_STORE: `${roles}.sqlite` });
      await command.prints(/Ctrl-C stops\./);
      const { stdout } = await command.interrupt();
      return stdout;
    };
    const [billing, orders, observer] = await Promise.all(["billing", "ordering", "observer"].map(welcomeOf));
    expect(billing).to.not.match(/Demo|Flags|Query/);
    expect(orders)
      .to.match(/Demo: 2 orders a second\.\n/)
      .and.not.match(/Flags|Query/);
    expect(observer)
      .to.match(/Flags appear here as they are raised\. Ctrl-C/)
      .and.not.match(/Demo|Query/);
  });

  it("starts again and again with a log in memory: its read models are there too unless stated", async () => {
    for (let i = 0; i < 2; i++) {
      const command = to.run("start", ["--no-demo", "--json"], { ROLLCALL_STORE: "memory:" });
      const url = await urlOf(command);
      await until("all is live", async () =>
        (await statusOf(url)).subscriptions.every(({ state }) => state === "live"),
      );
      expect((await command.interrupt()).code).to.equal(0);
    }
    expect(readdirSync(to.folder)).to.deep.equal([]);
  });

  it("says which port is in use, without a stack, and leaves no store locked", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await to.run("start", ["--no-demo"], { ROLLCALL_PORT: String(port) }).ended;
    expect(code).to.equal(2);
    expect(stderr).to.match(new RegExp(`cannot listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE`));
    expect(stderr).to.not.match(/^ +at /m);
    expect(stdout).to.not.include("Query it at");
    other.close();
    const readModels = await openSqliteReadModelStore({
      file: join(to.folder, ".rollcall/read-models.sqlite"),
      busyDeadlineMs: 0,
    });
    expect(await readModels.acquire("read-model:order-to-cash", "test", 1_000), "the lease was given back").to.include({
      holder: "test",
    });
    await readModels.close();
    const again = to.run("start", ["--no-demo", "--json"]);
    const url = await urlOf(again);
    expect((await fetch(`${url}/live`)).status).to.equal(200);
  });

  it("refuses wrong usage, wrong settings and applications that are none: 2, and all that is wrong", async () => {
    const elsewhere = (content: string) => {
      writeFileSync(join(to.folder, "app.mjs"), content);
      return ["--app", "app.mjs"];
    };
    const refused: [readonly string[], NodeJS.ProcessEnv, RegExp][] = [
      [["--rate", "0"], {}, /Expected a number above 0/],
      [["--nope"], {}, /unknown option '--nope'/],
      [["extra"], {}, /too many arguments/],
      [["--app", "missing.js"], {}, /1\. --app missing\.js cannot be loaded: .*missing\.js/],
      [elsewhere("export default 7;"), {}, /1\. --app app\.mjs has no default export that is an application/],
      [[], { ROLLCALL_PORT: "http", ROLLCALL_LEASE_MS: "1" }, /1\. ROLLCALL_PORT is "http"[^]*2\. ROLLCALL_LEASE_MS/],
      [[], { ROLLCALL_ROLES: "biling" }, /1\. ROLLCALL_ROLES names "biling"\. Known roles: ordering, billing, /],
      [[], { ROLLCALL_DEMO: "{lost" }, /1\. ROLLCALL_DEMO is no JSON object: /],
    ];
    const outcomes = await Promise.all(refused.map(([args, environment]) => to.end("start", args, environment)));
    for (const [i, { code, stderr }] of outcomes.entries()) {
      expect(stderr).to.match(refused[i]![2]);
      expect(code, stderr).to.equal(2);
      expect(stderr).to.not.match(/^ +at /m);
    }
  });

  it("explains itself: options, settings, exit codes", async () => {
    const { code, stdout } = await to.end("start", ["--help"]);
    expect(code).to.equal(0);
    for (const told of [
      "--app",
      "--no-demo",
      "--rate",
      "--orders",
      "--json",
      "ROLLCALL_STORE",
      "ROLLCALL_ROLES",
      "Ctrl-C",
    ])
      expect(stdout).to.include(told);
    expect(stdout).to.match(/Exit codes: 0 stopped on request, /);
  });
});
