import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { openSqliteEventStore, type EventStore } from "../../src/index.js";
import { until } from "../until.js";
import { commands } from "./command.js";
import { append, contentOf, event } from "./copying.js";

describe("the copy command", function () {
  this.timeout(60_000);
  const at = commands();
  const file = (name: string) => join(at.folder, name);
  const from = () => file("from.sqlite");
  const to = () => file("to.sqlite");

  async function inFile<T>(path: string, work: (store: EventStore) => Promise<T>): Promise<T> {
    const store = await openSqliteEventStore({ file: path });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** Streams take turns, so that no two events go in one append. */
  const writeLog = (events: number, firstStream = 0) =>
    inFile(from(), async (store) => {
      const all = Array.from({ length: events }, (_, i) => ({ streamName: `s-${firstStream + (i % 7)}`, i }));
      await Promise.all(
        all.map(({ streamName, i }) =>
          store.append(streamName, [event({ metadata: { $correlationId: `c-${i % 50}` } })], {
            expectedRevision: i < 7 ? "no_stream" : BigInt(Math.floor(i / 7) - 1),
          }),
        ),
      );
    });

  const copy = (...args: string[]) => at.end("copy", args);

  it("explains itself, its exit codes and what becomes of observers and reactors included", async () => {
    const { code, stdout } = await copy("--help");
    expect(code).to.equal(0);
    expect(stdout).to.match(/Usage: copy \[options\] <from> <to>/);
    for (const told of ["--verify", "--leave-out", "--in-flight", "--json", "occurredAt", "Observers", "Reactors"])
      expect(stdout).to.include(told);
    expect(stdout).to.match(/Exit codes: 0 done, 1 invalid input.*2 usage.*3 the store.*130 interrupted/);
  });

  it("says what it copied, the second time that everything is there, and compares when asked", async () => {
    await writeLog(500);
    const first = await copy(from(), to());
    expect(first).to.include({ code: 0, stderr: "" });
    expect(first.stdout).to.match(
      /from\.sqlite: 500 events in 7 streams\.\nCopied 500 to \S+to\.sqlite\. Compared: all of them are there, unchanged\.\nDigest ([0-9a-f]{64})\./,
    );
    const [digest] = /[0-9a-f]{64}/.exec(first.stdout)!;
    const again = await copy(from(), to());
    expect(again).to.include({ code: 0, stderr: "" });
    expect(again.stdout).to.match(/Nothing to copy: all of them are in \S+ already, unchanged\.\n/);
    expect(again.stdout).to.include(digest);
    const compared = await copy("--verify", from(), to());
    expect(compared).to.include({ code: 0, stderr: "" });
    expect(compared.stdout).to.match(/from\.sqlite: 500 events\. \S+to\.sqlite holds all of them, unchanged\.\n/);
    expect(compared.stdout).to.include(digest);
  });

  it("writes JSON alone to stdout when asked", async () => {
    await writeLog(20);
    await inFile(from(), (store) => append(store, "$system", event()));
    const { code, stdout, stderr } = await copy(from(), to(), "--json", "--leave-out", "s-3");
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).to.include({ from: from(), to: to(), copied: 17, events: 17, leftOut: 4, streams: 6 });
    const verified = await copy("--verify", from(), to(), "--json");
    expect(verified).to.include({ code: 1 });
    expect(JSON.parse(verified.stdout)).to.have.nested.property("error.code", "COPY_DIFFERS");
    expect(JSON.parse(verified.stdout)).to.have.nested.property("error.differences[0].revision", "0");
  });

  it("a difference is 1, with its stream and revision but without a stack", async () => {
    await writeLog(20);
    await copy(from(), to());
    await inFile(from(), (store) => append(store, "s-2", event()));
    const { code, stdout, stderr } = await copy("--verify", from(), to());
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(/^The logs differ in 1 place\(s\)[^\n]*:\n {2}1\. s-2, revision 3: is missing[^\n]*\n$/);
    const verbose = await copy("--verify", from(), to(), "--verbose");
    expect(verbose.stderr).to.match(/^ +at /m);
  });

  it("a target that holds something else is 1, and stays as it is", async () => {
    await writeLog(20);
    await inFile(to(), (store) => append(store, "other-1", event()));
    const { code, stderr } = await copy(from(), to());
    expect(code).to.equal(1);
    expect(stderr).to.match(/^The target holds something else than the source: s-0, revision 0: /);
    expect(await inFile(to(), contentOf)).to.have.length(1);
  });

  it("wrong usage is 2, and makes no file", async () => {
    await writeLog(1);
    for (const args of [
      [from()],
      [from(), to(), "--nope"],
      [from(), "memory:"],
      ["memory:", to()],
      [file("missing.sqlite"), to()],
      ["--verify", from(), file("missing.sqlite")],
      [from(), "esdb://127.0.0.1:1?tls=false", "--in-flight", "2"],
      [from(), from()],
    ]) {
      const { code, stdout, stderr } = await copy(...args);
      expect({ code, stdout }, args.join(" ")).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr, args.join(" ")).to.not.equal("");
      expect(stderr, args.join(" ")).to.not.match(/^ +at /m);
    }
    expect(existsSync(file("missing.sqlite"))).to.equal(false);
  });

  it("calls what is wrong as the user did", async () => {
    await writeLog(1);
    const refused: [string, string, RegExp][] = [
      ["esdb://u:p@127.0.0.1:1?tls=false", to(), /FROM has tls=false/],
      [from(), "esdb://u:p@127.0.0.1:1?tls=false", /TO has tls=false/],
      [from(), "esdb://127.0.0.1:1?tlsCAFile=/nope", /TO: tlsCaFile cannot be read/],
      [from(), "memory:", /TO is memory:, expected/],
    ];
    for (const [source, target, problem] of refused) {
      const { stderr } = await copy(source, target);
      expect(stderr)
        .to.match(problem)
        .and.not.match(/ROLLCALL_STORE\b/);
    }
  });

  it("shows no password", async () => {
    await writeLog(1);
    const { stdout, stderr } = await copy(from(), "esdb://someone:secret-word@127.0.0.1:1?tls=false", "--json");
    expect(stdout + stderr).to.not.include("secret-word");
  });

  it("Ctrl-C stops it after what is under way, says how to go on, and the next run does", async () => {
    await writeLog(8_000);
    const running = at.run("copy", [from(), to(), "--in-flight", "1"]);
    await until("some events are copied", async () => existsSync(to()) && (await inFile(to(), headOf)) > 100);
    const { code, stdout, stderr } = await running.interrupt();
    expect({ code, stdout }).to.deep.equal({ code: 130, stdout: "" });
    expect(stderr).to.match(
      /Interrupted\. [\d,]+ of 8,000 events were copied\. Run the same command again to copy the rest\.\n$/,
    );
    const there = await inFile(to(), headOf);
    expect(there).to.equal(Number(/([\d,]+) of 8,000/.exec(stderr)![1]!.replace(",", "")));
    const resumed = await copy(from(), to());
    expect(resumed.stdout).to.include(`Copied ${(8_000 - there).toLocaleString("en")} to`);
    expect(resumed.stdout).to.include(`${there.toLocaleString("en")} were there already`);
  });

  it("killed at any point and run again it makes the log of an uninterrupted copy", async () => {
    await writeLog(6_000);
    expect(await copy(from(), file("whole.sqlite"))).to.include({ code: 0 });
    const whole = await inFile(file("whole.sqlite"), contentOf);
    const reached: number[] = [];
    for (const inFlight of ["1", "1", "50"]) {
      const before = reached.at(-1) ?? 0;
      const running = at.run("copy", [from(), to(), "--in-flight", inFlight]);
      await until(
        "it goes on",
        async () => running.hasEnded || (existsSync(to()) && (await inFile(to(), headOf)) > before),
      );
      await running.interrupt("SIGKILL");
      const found = await inFile(to(), contentOf);
      expect(found).to.deep.equal(whole.slice(0, found.length));
      reached.push(found.length);
    }
    expect(reached.filter((length) => length < whole.length).length, reached.join(", ")).to.be.at.least(1);
    expect(await copy(from(), to())).to.include({ code: 0 });
    expect(await inFile(to(), contentOf)).to.deep.equal(whole);
    expect(readdirSync(at.folder).filter((name) => !/sqlite/.test(name))).to.deep.equal([]);
  });
});

const headOf = async (store: EventStore) => Number((await store.head()) ?? 0n);
