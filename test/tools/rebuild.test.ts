import { availableParallelism } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { openSqliteEventStore } from "../../src/store/index.js";
import { until } from "../until.js";
import { commands } from "./command.js";

describe("the rebuild command", function () {
  this.timeout(60_000);
  const to = commands();
  const log = () => join(to.folder, ".rollcall/log.sqlite");
  const readModels = () => openSqliteReadModelStore({ file: join(to.folder, ".rollcall/read-models.sqlite") });

  const idOfActive = async (name: string) => {
    const store = await readModels();
    const generation = await store.activeGeneration(name);
    await store.close();
    return generation?.id;
  };
  /** Orders without payment, one case each. */
  const placeOrders = async (first: number, end: number) => {
    const store = await openSqliteEventStore({ file: log() });
    for (let from = first; from < end; from += 500)
      await Promise.all(
        Array.from({ length: Math.min(500, end - from) }, (_, i) =>
          store.append(
            `order-${from + i}`,
            [
              {
                id: `event-${from + i}`,
                type: "ordering.OrderPlaced",
                data: { total: 1, currency: "EUR" },
                metadata: { $correlationId: `case-${from + i}`, schemaVersion: 2 },
              },
            ],
            { expectedRevision: "no_stream" },
          ),
        ),
      );
    await store.close();
  };

  it("rebuilds by name while the application runs, which goes on with the new rows", async () => {
    const running = to.run("start", ["--json", "--rate", "20"]);
    await running.prints(/"kind":"started"/);
    const url = running.lines("started")[0]!["url"] as string;
    const rows = async () =>
      ((await (await fetch(`${url}/read-models/order-summary?limit=1000`)).json()) as { items: unknown[] }).items
        ?.length;
    await until("there are rows", async () => (await rows()) > 5);
    const before = await idOfActive("order-summary@1");
    const { code, stdout, stderr } = await to.end("rebuild", ["order-summary"]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(stdout).to.match(/^order-summary: rebuilt from [\d,]+ events in \d+\.\d s \([\d,]+\/s\), and serving\.\n$/);
    expect(await idOfActive("order-summary@1")).to.not.equal(before);
    const then = await rows();
    await until("more rows", async () => (await rows()) > then);
    expect(running.lines("subscription").some(({ state }) => state === "stopped")).to.equal(false);
    expect((await running.interrupt()).code).to.equal(0);
  });

  it("rebuilds all, and tells in JSON what it did", async () => {
    await placeOrders(0, 20);
    const { code, stdout, stderr } = await to.end("rebuild", ["--all", "--json"]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const results = JSON.parse(stdout) as { elapsedMs: number; position?: string; events: number; name: string }[];
    expect(results.map(({ elapsedMs: _, position: __, ...rest }) => rest)).to.deep.equal([
      { name: "order-summary", events: 20, resumed: 0, activated: true },
      { name: "order-to-cash", events: 20, resumed: 0, activated: true },
      { name: "loan-applications", events: 0, resumed: 0, activated: true },
    ]);
    expect(results[0]!.position).to.equal("20");
    for (const { elapsedMs } of results) expect(elapsedMs).to.be.above(0);
  });

  it("refuses an unknown name, before it rebuilds those that it knows", async () => {
    await placeOrders(0, 3);
    const { code, stdout, stderr } = await to.end("rebuild", ["order-summary", "order-sumary"]);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.equal(
      "There is no read model order-sumary. Known: order-summary, order-to-cash, loan-applications.\n",
    );
    expect(await idOfActive("order-summary@1")).to.equal(undefined);
    const json = await to.end("rebuild", ["nope", "--json"]);
    expect(json.code).to.equal(1);
    expect(JSON.parse(json.stdout)).to.have.nested.property("error.code", "UNKNOWN_READ_MODEL");
  });

  it("refuses wrong usage: nothing named, names and --all, options that are none", async () => {
    const refused: [readonly string[], RegExp][] = [
      [[], /Name what to rebuild, or say --all \(and not both\)/],
      [["order-summary", "--all"], /Name what to rebuild, or say --all \(and not both\)/],
      [["--everything"], /unknown option '--everything'/],
      [["order-summary", "--until", "yesterday", "--as", "then"], /Expected a position of the log, or a time such as/],
      [["order-summary", "--until", "5"], /Say --until and --as together/],
      [["order-summary", "--key", "a", "--dry-run"], /Say one of --dry-run, --key/],
      [["--all", "--key", "a"], /Name one projection with --key/],
      [["order-summary", "--diff"], /Say --diff with --dry-run/],
      [["order-summary", "--workers", "17"], /Expected a whole number from 1 to 16/],
      [["--all", "--workers", "2"], /Name the projections with --workers: --all is observers too/],
      [["order-summary", "--workers", "2", "--fresh"], /Say one of --fresh, --workers/],
    ];
    const outcomes = await Promise.all(refused.map(([args]) => to.end("rebuild", args)));
    for (const [i, { code, stderr }] of outcomes.entries()) {
      expect(code, stderr).to.equal(2);
      expect(stderr).to.match(refused[i]![1]);
      expect(stderr).to.not.match(/^ +at /m);
    }
    const help = await to.end("rebuild", ["--help"]);
    expect(help.code).to.equal(0);
    for (const told of ["--all", "--workers", "--json", "--app", "ROLLCALL_READ_MODELS", "Ctrl-C", "Exit codes"])
      expect(help.stdout).to.include(told);
  });

  it("rebuilds projections by several workers, each in turn, and refuses observers", async () => {
    await placeOrders(0, 50);
    const { code, stdout, stderr } = await to.end("rebuild", ["order-summary", "--workers", "3"]);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^order-summary: rebuilt from 50 events in \d+\.\d s \([\d,]+\/s\), and serving\.\n$/);
    const cores = availableParallelism();
    const hint = `3 workers are more than there are cores, ${cores}.\n`;
    expect(stderr.startsWith(hint)).to.equal(cores < 3);
    const verified = await to.end("verify", ["order-summary"]);
    expect(verified.code, verified.stdout + verified.stderr).to.equal(0);
    const both = await to.end("rebuild", ["order-summary", "order-to-cash", "--workers", "2", "--json"]);
    expect(both.code).to.equal(1);
    expect(JSON.parse(both.stdout)).to.have.nested.property("error.code", "REBUILD_FAILED");
    expect(both.stderr).to.match(
      /^1 could not be rebuilt.*\n {2}order-to-cash: order-to-cash is an observer: there is /,
    );
  });

  it("ends its workers when it is interrupted", async () => {
    await placeOrders(0, 10);
    const command = to.run("rebuild", ["order-summary", "--workers", "2"]);
    const store = await readModels();
    await until("it has begun", async () => (await store.generations()).length > 0 || command.hasEnded);
    const { code, stdout, stderr } = await command.interrupt();
    expect({ code, stdout }, stderr).to.deep.equal({ code: 130, stdout: "" });
    expect(stderr).to.equal("Interrupted. order-summary serves as before.\n");
    expect(await store.generations()).to.deep.equal([]);
    await store.close();
  });

  it("builds a projection as it was, and makes one row anew", async () => {
    await placeOrders(0, 10);
    expect((await to.end("rebuild", ["order-summary"])).code).to.equal(0);
    const then = await to.end("rebuild", ["order-summary", "--until", "4", "--as", "then"]);
    expect(then.stdout, then.stderr).to.equal(
      "order-summary: built from 4 events, up to position 4. Ask for it at /read-models/order-summary~then; " +
        "npm run projections -- prune order-summary drops it.\n",
    );
    const never = await to.end("rebuild", ["order-summary", "--until", "2001-01-01", "--as", "never", "--json"]);
    expect(JSON.parse(never.stdout)).to.deep.equal({
      name: "order-summary",
      events: 0,
      resumed: 0,
      label: "never",
      path: "/read-models/order-summary~never",
    });
    const late = await to.end("rebuild", ["order-summary", "--until", "11", "--as", "then"]);
    expect(late.code).to.equal(1);
    expect(late.stderr).to.match(
      /^order-summary: expected .* found position 11, while the log ends at position 10\. /m,
    );
    const store = await readModels();
    try {
      const rows = async (place: string) => (await store.findRows(place, { limit: 100 })).rows.length;
      expect(await Promise.all(["@1", "@1~then", "@1~never"].map((at) => rows(`order-summary${at}`)))).to.deep.equal([
        10, 4, 0,
      ]);
      const generation = (await store.activeGeneration("order-summary@1"))!;
      const lease = await store.seize("damage", "test", 1_000);
      const { checkpoint } = generation;
      await store.commit(generation, lease, { rows: [["case-3", undefined]], checkpoint: checkpoint! });
      const mended = await to.end("rebuild", ["order-summary", "--key", "case-3"]);
      expect(mended.stdout, mended.stderr).to.match(
        /^order-summary "case-3": from 1 event, made, because it was missing\.\n  before: undefined\n  after:  \{/,
      );
      expect(await rows("order-summary@1")).to.equal(10);
    } finally {
      await store.close();
    }
    const observer = await to.end("rebuild", ["order-to-cash", "--key", "case-3"]);
    expect([observer.code, observer.stderr.split(":")[0]]).to.deep.equal([1, "order-to-cash is an observer"]);
  });

  it("leaves what serves as it was when it is interrupted", async () => {
    await placeOrders(0, 10);
    expect((await to.end("rebuild", ["order-summary"])).code).to.equal(0);
    const before = await idOfActive("order-summary@1");
    await placeOrders(10, 20_000);
    const command = to.run("rebuild", ["--all"]);
    const store = await readModels();
    // As soon as it has begun: the lease says so.
    await until("it has begun", async () => {
      const lease = await store.acquire("rebuild:order-summary@1", "test", 1);
      if (lease) await store.release(lease);
      return lease === undefined || command.hasEnded;
    });
    await store.close();
    const { code, stdout, stderr } = await command.interrupt();
    expect({ code, stdout }, stderr).to.deep.equal({ code: 130, stdout: "" });
    expect(stderr).to.equal("Interrupted. order-summary, order-to-cash, loan-applications serve as before.\n");
    expect(await idOfActive("order-summary@1")).to.equal(before);
  });
});
