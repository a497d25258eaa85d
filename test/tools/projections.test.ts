/** Where read models stand, as the command tells it: of an application that runs, and of one that does not. */

import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openSqliteEventStore } from "../../src/store/index.js";
import { progressBetween, type Sample } from "../../tools/projections/standing.js";
import { commands } from "./command.js";

describe("what two looks at a read model tell", () => {
  const look = { name: "n", kind: "projection", version: 2, servingVersion: 2, isDeclared: true } as const;
  const behind = { lagEvents: 256, hasMore: true, lagSeconds: 60 };
  const upToDate = { lagEvents: 0, hasMore: false, lagSeconds: 0 };
  const sample = (atMs: number, position: bigint, more: object): Sample => ({
    atMs,
    head: 1_000n,
    looks: [{ ...look, ...upToDate, position, ...more }],
  });
  const between = (a: Sample, b: Sample) => progressBetween(a, b)[0]!;

  it("is that it catches up, how fast, and how long that takes", () =>
    expect(between(sample(0, 100n, behind), sample(2_000, 400n, behind))).to.include({
      state: "catching up",
      positionsPerSecond: 150,
      secondsLeft: 4,
    }));

  it("is that it stands still, where there was something to do all along", () =>
    expect(between(sample(0, 100n, behind), sample(2_000, 100n, behind)).state).to.equal("stalled"));

  it("is that it is live, also where something has just come", () => {
    expect(between(sample(0, 100n, upToDate), sample(2_000, 100n, behind)).state).to.equal("live");
    expect(between(sample(0, 100n, behind), sample(2_000, 1_000n, upToDate)).state).to.equal("live");
  });

  it("is that it was never built, or by another version", () => {
    const other = { ...behind, servingVersion: 1, isDeclared: false };
    expect(between(sample(0, 100n, other), sample(2_000, 100n, other)).state).to.equal("outdated");
    const none = { servingVersion: undefined };
    expect(between(sample(0, 0n, none), sample(2_000, 0n, none)).state).to.equal("not built");
  });
});

describe("the projections command", function () {
  this.timeout(60_000);
  const to = commands();

  const place = async (first: number, end: number) => {
    const store = await openSqliteEventStore({ file: join(to.folder, ".rollcall/log.sqlite") });
    for (let n = first; n < end; n++) {
      const placed = { id: `event-${n}`, type: "ordering.OrderPlaced", data: { total: 1, currency: "EUR" } };
      const metadata = { $correlationId: `case-${n}`, schemaVersion: 2 };
      await store.append(`order-${n}`, [{ ...placed, metadata }], { expectedRevision: "no_stream" });
    }
    await store.close();
  };
  const states = async () => {
    const { code, stdout, stderr } = await to.run("projections", ["--interval", "0.2", "--json"]).ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const { readModels } = JSON.parse(stdout) as { readModels: { name: string; state: string }[] };
    return Object.fromEntries(readModels.map(({ name, state }) => [name, state]));
  };

  it("tells what is not built, live, stalled and outdated", async () => {
    await place(0, 5);
    expect(await states()).to.deep.equal({
      "order-summary": "not built",
      "order-to-cash": "not built",
      "loan-applications": "not built",
    });
    expect((await to.end("rebuild", ["--all"])).code).to.equal(0);
    expect((await states())["order-summary"]).to.equal("live");
    await place(5, 10);
    expect((await states())["order-summary"], "nobody works on it").to.equal("stalled");
    const db = new Database(join(to.folder, ".rollcall/read-models.sqlite"));
    db.exec("UPDATE generation SET definition = 'other' WHERE name = 'order-summary'");
    db.close();
    expect((await states())["order-summary"]).to.equal("outdated");
    const { stdout } = await to.end("projections", ["--interval", "0.2"]);
    expect(stdout).to.match(/^The log ends at position 10\.\n\nread model +version +position +lag +rate +state\n/);
    expect(stdout).to.match(/^order-summary +1 +5 +5 events, [\d.]+ s +– +outdated$/m);
  });

  it("pauses and resumes what it is told to, in the process that runs too", async () => {
    await place(0, 3);
    const running = to.run("start", ["--orders", "1", "--json"]);
    await running.prints(/"name":"read-model:order-summary@\d+","state":"live"/);
    const reason = ["--reason", "the provider moves"];
    const paused = await to.end("projections", ["pause", "order-summary", ...reason, "--by", "me"]);
    expect(paused.stdout).to.match(
      /^The projection order-summary is paused: the provider moves\. .*\n.*resume order-summary\n$/,
    );
    await running.prints(/"state":"paused","reason":"the provider moves","by":"me"/);
    expect((await to.end("projections", ["pause", "reactor:request-payment", ...reason])).code).to.equal(0);
    const { stdout } = await to.end("projections", ["--interval", "0.2"]);
    expect(stdout).to.match(/^order-summary .* paused$/m);
    expect(stdout).to.match(/^The projection order-summary is paused since .*Z, by me: the provider moves$/m);
    expect(stdout).to.match(/^The reactor request-payment is paused since .*Z, by .+: the provider moves$/m);
    expect((await states())["order-summary"]).to.equal("paused");
    const resumed = await to.end("projections", ["resume", "order-summary", "--json"]);
    expect(JSON.parse(resumed.stdout)).to.include({ name: "order-summary", paused: false, wasPaused: true });
    await running.prints(/"state":"paused"[^]*"name":"read-model:order-summary@\d+","state":"live"/);
    const again = await to.end("projections", ["resume", "order-summary"]);
    expect(again.stdout).to.equal("The projection order-summary was not paused. Nothing was changed.\n");
  });

  it("lists generations besides those that serve, rolls back and prunes", async () => {
    await place(0, 3);
    const rebuilt = async (...more: string[]) => to.end("rebuild", ["order-summary", ...more]);
    const looked = async () => (await to.end("projections", ["--interval", "0.1"])).stdout;
    await rebuilt();
    expect(await looked()).to.not.include("generation");
    await rebuilt();
    await rebuilt("--until", "1", "--as", "first");
    const listed = await looked();
    expect(listed).to.match(/^order-summary@1 +kept for a rollback +3 /m);
    expect(listed).to.match(/^order-summary@1 +serves +3 /m);
    expect(listed).to.match(/^order-summary@1~first +serves +1 /m);

    await place(3, 5);
    const back = await to.end("projections", ["rollback", "order-summary"]);
    expect(back.stdout, back.stderr).to.match(
      /^order-summary: what served before .* serves again, caught up by 2 events\./,
    );
    const refused = await to.end("projections", ["rollback", "order-to-cash"]);
    expect([refused.code, refused.stderr.split(":")[0]]).to.deep.equal([1, "order-to-cash"]);

    const dryRun = await to.end("projections", ["prune", "--dry-run"]);
    expect(dryRun.stdout.match(/would be dropped$/gm)).to.have.length(2);
    expect((await to.end("projections", ["prune", "order-summary"])).stdout.match(/dropped$/gm)).to.have.length(2);
    expect((await to.end("projections", ["prune"])).stdout).to.equal("There is nothing to drop.\n");
    expect(await looked()).to.not.include("generation");
  });

  it("looks again and again until Ctrl-C", async () => {
    await place(0, 1);
    const watching = to.run("projections", ["--watch", "--interval", "0.1", "--json"]);
    await watching.prints(/\{.*\}\n\{.*\}\n/);
    expect((await watching.interrupt()).code, "that is how it ends").to.equal(0);
  });

  it("refuses wrong usage", async () => {
    expect((await to.end("projections", ["--interval", "soon"])).code).to.equal(2);
    expect((await to.end("projections", ["order-summary"])).code).to.equal(2);
    expect((await to.end("projections", ["pause", "order-summary"])).code, "no reason").to.equal(2);
    await place(0, 1);
    const unknown = await to.end("projections", ["resume", "nothing"]);
    expect(unknown).to.include({ code: 1 });
    expect(unknown.stderr).to.match(
      /^There is no projection, observer, reactor or notification nothing\. Known: order-summary, /,
    );
  });
});
