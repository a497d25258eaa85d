/** What the doctor finds, and what it says to do. */

import { join } from "node:path";
import { expect } from "chai";
import { openSqliteEventStore } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { examine } from "../../tools/doctor/examination.js";
import type { Finding } from "../../tools/doctor/finding.js";
import type { Looks, Patient } from "../../tools/doctor/looks.js";
import { diskFinding, nodeFinding } from "../../tools/doctor/machine.js";
import { commands } from "./command.js";

const nowMs = Date.UTC(2026, 0, 1);
const lag = (events: number) => ({ events, more: false, seconds: events });
const lease = { name: "reactor:charge", holder: "there:1", expiresInMs: 4_000 };
const reactor: Patient = {
  kind: "reactor",
  name: "charge",
  subscription: "reactor:charge",
  status: { name: "charge", kind: "reactor", state: "elsewhere", position: "7", lag: lag(0), parked: 0 },
  moved: false,
  hadLag: false,
  lease,
};
const orders: Patient = {
  ...reactor,
  kind: "projection",
  name: "orders",
  subscription: "read-model:orders@2",
  status: { ...reactor.status, name: "orders", kind: "projection" },
  standing: {
    name: "orders",
    kind: "projection",
    version: 2,
    servingVersion: 2,
    isDeclared: true,
    lagEvents: 0,
    hasMore: false,
    lagSeconds: 0,
    state: "live",
  },
};

describe("the doctor", () => {
  const looks = (changes: Partial<Looks>): Looks => ({
    storeId: "log-1",
    head: 7n,
    patients: [],
    leases: [],
    generations: [],
    tickAtMs: nowMs - 1_000,
    ...changes,
  });
  const find = (changes: Partial<Looks>, subject: string): Finding =>
    examine(looks(changes), nowMs).find((each) => each.subject === subject)!;
  const examined = (patient: Patient) => find({ patients: [patient] }, `${patient.kind} ${patient.name}`);
  const behind = { hadLag: true, status: { ...orders.status, lag: lag(9) } };

  it("is content with what is live, or moves", () => {
    expect(examined(orders)).to.include({ level: "ok", found: "live at position 7" });
    expect(examined({ ...orders, ...behind, moved: true })).to.include({
      level: "ok",
      found: "catches up: 9 events behind",
    });
  });

  it("says of what stands still whether nobody works on it, somebody died, or somebody is there", () => {
    const still = { ...orders, ...behind };
    const nobody = examined({ ...still, lease: undefined });
    expect(nobody).to.include({ level: "problem", found: "stalled, 9 events behind: nobody works on it" });
    expect(nobody.remedy).to.match(/^Start a process that has the role projection .* says why it stopped\.$/);
    const dead = examined({ ...still, lease: { ...lease, expiresInMs: -90_000 } });
    expect(dead.found).to.match(/there:1, which worked on it, fell silent .* ago$/);
    expect(examined(still)).to.include({
      level: "problem",
      found: "stalled, 9 events behind, although there:1 holds its lease",
    });
    expect(examined({ ...reactor, ...behind }).level, "a delivery may take long").to.equal("warning");
  });

  it("names the remedy for what is paused, outdated, not built, or of another log", () => {
    const pause = { reason: "the provider moves", by: "me", since: "2026-01-01T00:00:00.000Z" };
    const paused = examined({ ...reactor, ...behind, status: { ...reactor.status, pause } });
    expect(paused.level).to.equal("warning");
    expect(paused.remedy).to.match(/resume charge$/);
    const standing = (state: "outdated" | "not built") => ({ ...orders.standing!, state, servingVersion: 1 });
    expect(examined({ ...orders, standing: standing("outdated") })).to.include({
      level: "problem",
      remedy: "npm run rebuild -- orders",
    });
    const unbuilt = { ...orders, standing: standing("not built") };
    expect(examined(unbuilt).level).to.equal("warning");
    expect(examined({ ...unbuilt, lease: undefined })).to.include({ level: "problem" });
    expect(examined({ ...unbuilt, lease: undefined }).found).to.equal(
      "nothing was built yet, nothing serves, and nobody works on it",
    );
    const mismatch = "orders: its checkpoint is of log a, this log is b. Rebuild it from this log.";
    expect(examined({ ...orders, mismatch })).to.deep.equal({
      level: "problem",
      subject: "projection orders",
      found: mismatch,
    });
  });

  it("says of what is paused before it was built that nothing serves, or which version does, and how to build it", () => {
    const pause = { reason: "the provider moves", by: "me", since: "2026-01-01T00:00:00.000Z" };
    const { servingVersion: _, ...standing } = { ...orders.standing!, state: "not built" as const };
    const unbuilt = { ...orders, standing, status: { ...orders.status, pause }, lease: undefined };
    const found = examined(unbuilt);
    expect(found).to.include({
      level: "problem",
      found: "nothing was built yet, nothing serves; paused since 2026-01-01T00:00:00.000Z, by me: the provider moves",
    });
    expect(found.remedy).to.match(/npm run rebuild -- orders\. Or, .* resume orders$/);
    const answered = examined({ ...unbuilt, status: { ...unbuilt.status, version: 1 } });
    expect(answered.level).to.equal("warning");
    expect(answered.found).to.match(/^version 2 is declared and was not built, version 1 serves; paused since /);
  });

  it("warns of what nobody works on, and of parked events, which are a problem at the bound", () => {
    expect(examined({ ...orders, lease: undefined }).level).to.equal("warning");
    const parked = (count: number) =>
      find({ patients: [{ ...reactor, status: { ...reactor.status, parked: count } }] }, "parked by reactor charge");
    expect(parked(3)).to.include({ level: "warning", found: "3 events" });
    expect(parked(3).remedy).to.match(/retry charge --all$/);
    expect(parked(1_000).level).to.equal("problem");
  });

  it("finds rebuilds that were left unfinished, and leases that nobody gave back", () => {
    const generation = {
      id: 3,
      name: "orders",
      version: 2,
      place: "orders@2",
      definition: "",
      isComplete: false,
      indexes: [],
    };
    const generations = [{ ...generation, state: "building" as const, createdAtMs: nowMs, checkpoint: undefined }];
    const rebuild = { name: "rebuild:orders@2", holder: "there:2", expiresInMs: 1_000 };
    expect(find({ generations, leases: [rebuild] }, "rebuild of orders@2").level).to.equal("ok");
    const died = { ...rebuild, expiresInMs: -1_000 };
    expect(find({ generations, leases: [died] }, "rebuild of orders@2").remedy).to.match(
      /rebuild -- orders; or drop it/,
    );
    expect(find({ leases: [died] }, "lease rebuild:orders@2").level).to.equal("warning");
    expect(find({ leases: [rebuild] }, "lease rebuild:orders@2")).to.equal(undefined);
  });

  it("compares the clock with the newest tick: one from the future is amiss, an old one is not", () => {
    const clock = (tickAtMs: number | undefined) => find({ tickAtMs }, "clock").level;
    expect([clock(undefined), clock(nowMs - 1e9), clock(nowMs + 1_000)]).to.deep.equal(["ok", "ok", "ok"]);
    expect([clock(nowMs + 5_000), clock(nowMs + 90_000)]).to.deep.equal(["warning", "problem"]);
  });

  it("knows which Node it runs on, and how much room there is", () => {
    const levels = ["20.18.9", "20.19.0", "21.0.0", "22.13.0", "22.14.0", "23.9.0", "24.0.0", "26.1.0"].map(
      (version) => nodeFinding(version).level === "ok",
    );
    expect(levels).to.deep.equal([false, true, false, false, true, false, true, true]);
    const room = [5e9, 5e8, 5e7].map((bytes) => diskFinding("log.sqlite", bytes).level);
    expect(room).to.deep.equal(["ok", "warning", "problem"]);
  });
});

describe("the doctor command", function () {
  this.timeout(60_000);
  const to = commands();
  const doctor = async () => {
    const { code, stdout } = await to.run("doctor", ["--json", "--interval", "0.5"]).ended;
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
    const levels = Object.fromEntries(findings.map(({ subject, level }) => [subject, level]));
    return { code, ok, levels, findings };
  };

  it("ends with 1 where there are problems, each with its remedy, and with 0 where there are none", async () => {
    const nothing = await doctor();
    expect(nothing).to.include({ code: 1, ok: false });
    expect(nothing.findings.at(-1)!.found).to.match(/ROLLCALL_STORE is .* which is not there\. Name a log/);
    const store = await openSqliteEventStore({ file: join(to.folder, ".rollcall/log.sqlite") });
    const placed = { id: "event-1", type: "ordering.OrderPlaced", data: { total: 1, currency: "EUR" } };
    const metadata = { $correlationId: "case-1", schemaVersion: 2 };
    await store.append("order-1", [{ ...placed, metadata }], { expectedRevision: "no_stream" });
    await store.close();
    const idle = await doctor();
    expect(idle.code).to.equal(1);
    expect(idle.levels).to.include({ log: "ok", "read-model store": "ok", "projection order-summary": "problem" });
    expect(idle.levels).to.include({ "reactor request-payment": "problem" });

    const running = to.run("start", ["--orders", "1", "--json"]);
    await running.prints(/"name":"read-model:order-summary@\d+","state":"live"/);
    const readModels = await openSqliteReadModelStore({ file: join(to.folder, ".rollcall/read-models.sqlite") });
    await readModels.pause("reactor:ask-again", { reason: "r", by: "b" });
    await readModels.close();
    const live = await doctor();
    expect(live.levels).to.include({ "projection order-summary": "ok", "reactor ask-again": "warning" });
    expect(live).to.include({ code: 0, ok: true });
    const { stdout } = await to.end("doctor", ["--interval", "0.5"]);
    expect(stdout).to.match(/^ok {7}projection order-summary +live at position \d+$/m);
    expect(stdout).to.match(
      /^warning {2}reactor ask-again +paused since .*\n +→ When that is over: .* resume ask-again$/m,
    );
    expect(stdout).to.match(/\n0 problems, \d+ warnings?, \d+ ok\n$/);
  });

  it("refuses wrong usage", async () => expect((await to.end("doctor", ["order-summary"])).code).to.equal(2));
});
