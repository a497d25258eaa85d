/** Parked events from the command line, beside processes that work, stop, and are killed. */

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openSqliteEventStore, randomId } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { until } from "../until.js";
import { commands } from "./command.js";

describe("the parked command", function () {
  this.timeout(60_000);
  const to = commands();
  const app = ["--app", fileURLToPath(new URL("./parked-application.js", import.meta.url))];
  const mails = () => join(to.folder, "mails");
  const environment = { ROLLCALL_LEASE_MS: "600" };
  const parked = (...args: string[]) => to.end("parked", [...args, ...app], environment);
  const start = async () => {
    const running = to.run("start", [...app, "--json"], { ...environment, MAILS: mails() });
    await running.prints(/"kind":"started"/);
    return running;
  };
  const trouble = (what: "refuse" | "die" | "none") =>
    what === "none" ? rmSync(`${mails()}.trouble`, { force: true }) : writeFileSync(`${mails()}.trouble`, what);
  /** Each as stream and revision. */
  const sent = () =>
    existsSync(mails())
      ? readFileSync(mails(), "utf8")
          .trimEnd()
          .split("\n")
          .map((line) => line.split(" ").slice(0, 2).join(" "))
      : [];

  const order = async (...names: string[]) => {
    const store = await openSqliteEventStore({ file: join(to.folder, ".rollcall/log.sqlite") });
    for (const name of names)
      await store.append(`order-${name}`, [{ id: randomId(), type: "shop.Ordered", data: { name } }], {
        expectedRevision: "any",
      });
    await store.close();
  };
  const parkedCount = async () => {
    const readModels = await openSqliteReadModelStore({ file: join(to.folder, ".rollcall/read-models.sqlite") });
    try {
      return (await readModels.parked("reactor:mail")).length;
    } finally {
      await readModels.close();
    }
  };
  /** a0, a1 and b0 are parked. */
  const parkThree = async () => {
    trouble("refuse");
    await order("a", "a", "b");
    const running = await start();
    await until("three are parked", async () => (await parkedCount()) === 3);
    return running;
  };

  it("lists what is parked, and shows one in full with what waits behind it", async () => {
    await parkThree();
    const list = await to.run("parked", ["list", ...app], environment).ended;
    expect(list).to.include({ code: 0, stderr: "" });
    expect(list.stdout).to.match(/^mail \(reactor\) has parked 3 events:\nPOSITION +EVENT +STREAM +ATTEMPTS/);
    expect(list.stdout).to.match(/^1 +shop\.Ordered +order-a@0 +1 +.* +CommandRejected: No such address\.$/m);
    const show = await parked("show", "mail", "1");
    expect(show.stdout).to.match(/ {2}why {9}CommandRejected: No such address\.\n {2}behind it {3}2\n/);
    expect(show.stdout).to.match(/ {2}data {8}\{\n {16}"name": "a"\n/);
    const { event, waiting, data } = JSON.parse((await parked("show", "mail", "1", "--json")).stdout);
    expect(event).to.include({ position: "1", streamName: "order-a", attempts: 1 });
    expect(waiting).to.deep.equal([{ position: "2", eventType: "shop.Ordered", revision: "1" }]);
    expect(data).to.deep.equal({ name: "a" });
  });

  it("delivers again what is named, then all, and tells what failed again", async () => {
    await parkThree();
    const again = await parked("retry", "mail", "3");
    expect(again.code).to.equal(1);
    expect(again.stdout).to.match(/^Failed again: 3: CommandRejected: No such address\. It stays parked/);
    trouble("none");
    const one = await parked("retry", "mail", "3");
    expect(one).to.include({ code: 0, stdout: "Delivered: 3.\n" });
    const all = await parked("retry", "mail", "--all", "--json");
    expect(JSON.parse(all.stdout)).to.deep.include({ outcome: "answered", delivered: ["1", "2"], failed: [] });
    expect(sent()).to.deep.equal(["b 0", "a 0", "a 1"]);
    expect((await parked("list")).stdout).to.equal("mail (reactor) has parked nothing.\n");
  });

  it("drops when it is said twice, keeps on record who did and why, and lets the stream go on", async () => {
    await parkThree();
    const drop = ["drop", "mail", "1", "--reason", "written by hand", "--by", "me"];
    const asked = await parked(...drop);
    expect(asked.stdout).to.match(/^ {2}1 {2}shop\.Ordered .*\nNothing was dropped\. .* say it again with --yes\.\n$/);
    trouble("none");
    const done = await parked(...drop, "--yes");
    expect(done).to.include({ code: 0, stdout: "Delivered: 2.\nDropped, and put on record: 1.\n" });
    expect(sent()).to.deep.equal(["a 1"]);
    const { stdout } = await parked("list", "mail", "--dropped");
    expect(stdout).to.match(/^mail \(reactor\): 1 event dropped:\n/);
    expect(stdout).to.match(
      /^1 +shop\.Ordered +order-a@0 .* me +written by hand +CommandRejected: No such address\.$/m,
    );
    const unknown = await parked(...drop, "--yes");
    expect(unknown.code).to.equal(1);
    expect(unknown.stderr).to.match(/^mail: expected a parked event at position 1, found none\. .*--dropped/);
  });

  it("is answered by the standby when the worker is killed after a delivery and before anybody heard of it", async () => {
    const first = await parkThree();
    const second = await start();
    await second.prints(/"state":"standby"/);
    trouble("die");
    const { stdout, code } = await parked("retry", "mail", "1");
    await first.ended;
    expect(first.child.signalCode).to.equal("SIGKILL");
    expect({ stdout, code }).to.deep.equal({ stdout: "Delivered: 1, 2.\n", code: 0 });
    // Twice with the same key, which is what at least once means; and the order is kept.
    expect(sent()).to.deep.equal(["a 0", "a 0", "a 1"]);
    const keys = readFileSync(mails(), "utf8").split("\n");
    expect(keys[0]).to.equal(keys[1]);
    await order("a");
    await until("the next one is mailed", () => sent().length === 4);
    expect(await parkedCount()).to.equal(1);
  });

  it("tells that nobody works, and leaves nothing behind to be done later", async () => {
    const running = await parkThree();
    await running.interrupt();
    trouble("none");
    const { code, stderr } = await parked("retry", "mail", "--all", "--timeout", "1");
    expect(code).to.equal(1);
    expect(stderr).to.match(/^reactor:mail: expected a process at work, found nobody .* Nothing was done\.\n$/);
    const again = await start();
    await order("c");
    await until("the new one is mailed", () => sent().length === 1);
    await again.interrupt();
    expect(sent()).to.deep.equal(["c 0"]);
  });

  it("refuses wrong usage", async () => {
    await order("a");
    for (const args of [
      ["retry", "mail"],
      ["retry", "mail", "1", "--all"],
      ["show", "mail", "x"],
      ["drop", "mail", "1"],
    ])
      expect((await parked(...args)).code, args.join(" ")).to.equal(2);
    expect((await parked("list", "nobody")).stderr).to.match(
      /^There is no projection, observer, reactor or notification/,
    );
  });
});
