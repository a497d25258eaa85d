import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { openSqliteEventStore } from "../../src/store/index.js";
import { commands } from "./command.js";
import { importing } from "./importing.js";
import { contentOf, log, overlappingTraces, trace } from "./xes-file.js";

async function contentOfFile(file: string) {
  const store = await openSqliteEventStore({ file });
  try {
    return await contentOf(store);
  } finally {
    await store.close();
  }
}

describe("the import command", function () {
  this.timeout(30_000);
  const at = commands();
  const to = importing();
  const small = log(trace("1", ["A", "2020-01-01T10:00:00Z"], ["B", "2020-01-01T11:00:00Z"]));
  const logFile = () => join(to.folder.path, "log.db");
  const runCommand = (args: readonly string[]) => at.end("import", args, { ROLLCALL_STORE: logFile() });
  const argsFor = (content: string) => [to.write(content), "--category", "loan", "--store", logFile()];

  it("explains itself, its exit codes included", async () => {
    const { code, stdout } = await runCommand(["--help"]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/Usage: import \[options\] <file>/);
    for (const told of [
      "--category",
      "--type-prefix",
      "--lifecycle",
      "--dry-run",
      "--json",
      "ROLLCALL_STORE",
      "in the future",
    ])
      expect(stdout).to.include(told);
    expect(stdout).to.match(/Exit codes: 0 done, 1 invalid input.*2 usage.*130 interrupted/);
  });

  it("says what it appended, and the second time that everything is there", async () => {
    const args = argsFor(small);
    const first = await runCommand(args);
    expect(first).to.include({ code: 0, stderr: "" });
    expect(first.stdout).to.match(
      /1 traces, 2 events from 2020-01-01T10:00:00.000Z to 2020-01-01T11:00:00.000Z\.\nAppended 2 to /,
    );
    expect(await contentOfFile(logFile())).to.have.length(2);
    const second = await runCommand(args);
    expect(second.stdout).to.include("Nothing to append: all of them are in");
    expect(await contentOfFile(logFile())).to.have.length(2);
  });

  it("takes the store from the environment, and writes JSON alone to stdout when asked", async () => {
    const { code, stdout, stderr } = await runCommand([to.write(small), "--category", "loan", "--json"]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).to.include({ traces: 1, events: 2, appended: 2, alreadyThere: 0 });
    expect(await contentOfFile(logFile())).to.have.length(2);
  });

  it("a dry run makes no store", async () => {
    const { code, stdout } = await runCommand([...argsFor(small), "--dry-run"]);
    expect(code).to.equal(0);
    expect(stdout).to.include("No problem found; nothing was appended");
    expect(existsSync(logFile())).to.equal(false);
  });

  it("invalid input is 1, with its problems but without a stack", async () => {
    const args = argsFor(log(trace("1", ["A", "soon"])));
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(
      /has 1 problem\(s\); nothing was appended:\n {2}1\. 9:7, trace "1", event 0: time:timestamp is "soon"/,
    );
    expect(stderr).to.not.match(/^ +at /m);
    const verbose = await runCommand([...args, "--verbose", "--json"]);
    expect(verbose.stderr).to.match(/^ +at /m);
    expect(JSON.parse(verbose.stdout)).to.have.nested.property("error.code", "INVALID_IMPORT");
    expect(JSON.parse(verbose.stdout)).to.have.nested.property("error.problems.length", 1);
  });

  it("wrong usage is 2", async () => {
    for (const args of [[], ["x.xes"], ["x.xes", "--category", "a-b"], ["x.xes", "--category", "a", "--nope"]]) {
      const { code, stderr } = await runCommand(args);
      expect(code, args.join(" ")).to.equal(2);
      expect(stderr, args.join(" ")).to.not.equal("");
    }
    expect((await runCommand(["x.xes", "--category", "a", "--store", "ftp://x"])).code).to.equal(2);
    const inMemory = await runCommand(["x.xes", "--category", "a", "--store", "memory:"]);
    expect(inMemory.code).to.equal(2);
    expect(inMemory.stderr).to.match(/--store is memory:, expected/);
    expect((await runCommand(["x.xes", "--category", "a", "--in-flight", "0"])).code).to.equal(2);
  });

  it("Ctrl-C stops it after what is under way, says how to go on, and leaves no temporary file", async () => {
    const temporary = join(to.folder.path, "tmp");
    to.folder.folder("tmp");
    const args = [...argsFor(overlappingTraces(5, 400, 20)), "--in-flight", "1"];
    const { child, ended } = at.run("import", args, { TMPDIR: temporary });
    while (!existsSync(`${logFile()}-wal`) && child.exitCode === null) await sleep(2);
    while (child.exitCode === null && (await headOf(logFile())) === 0) await sleep(2);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code).to.equal(130);
    expect(stderr).to.match(
      /^Interrupted\. [\d,]+ of 8,000 events were appended\. Run the same command again to append the rest\.\n$/,
    );
    expect(readdirSync(temporary)).to.deep.equal([]);
    const there = (await contentOfFile(logFile())).length;
    expect(there).to.equal(Number(/([\d,]+) of/.exec(stderr)![1]!.replace(",", "")));
    const resumed = await runCommand(args.slice(0, -2));
    expect(resumed.stdout).to.include(`Appended ${(8000 - there).toLocaleString("en")} to`);
  });

  it("killed at any point and run again it gives the log of an uninterrupted import", async () => {
    const content = overlappingTraces(13, 500, 20);
    await to.load(content);
    const whole = await contentOf(to.store);
    const args = [...argsFor(content), "--in-flight", "1"];
    const reached: number[] = [];
    for (const waitMs of [0, 40, 170, 90, 230]) {
      const { child, ended } = at.run("import", args);
      while (!existsSync(`${logFile()}-wal`) && child.exitCode === null) await sleep(2);
      // Beyond the start, which takes longer on a busy machine: until this run has appended something.
      const before = reached.at(-1) ?? 0;
      while (waitMs > 0 && child.exitCode === null && (await headOf(logFile())) <= before) await sleep(2);
      await sleep(waitMs);
      child.kill("SIGKILL");
      await ended;
      if (child.signalCode === null) break;
      const found = await contentOfFile(logFile());
      expect(found, `after ${waitMs} ms`).to.deep.equal(whole.slice(0, found.length));
      reached.push(found.length);
    }
    const midway = reached.filter((length) => length > 0 && length < whole.length);
    expect(midway.length, `killed at ${reached.join(", ")} of ${whole.length}`).to.be.at.least(3);
    const { code, stdout } = await runCommand([...args.slice(0, -2), "--json"]);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ alreadyThere: reached.at(-1), appended: whole.length - reached.at(-1)! });
    expect(await contentOfFile(logFile())).to.deep.equal(whole);
  });
});

async function headOf(file: string): Promise<number> {
  const store = await openSqliteEventStore({ file });
  try {
    return Number((await store.head()) ?? 0n);
  } finally {
    await store.close();
  }
}
