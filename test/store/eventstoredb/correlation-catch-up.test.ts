/** How the index by correlation id follows the log: for many readers, beside other processes, and when it is interrupted. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { StoreClosed } from "../../../src/errors.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { runs } from "../../runs.js";
import { until } from "../../until.js";
import { append, correlated, CorrelationServer, idsOf, indexed } from "./correlation-server.js";
import { closeAll, rejection, storeOf } from "./stores.js";

const count = runs(2_500, 5_000);

describe("The index by correlation id of a log of thousands of events", function () {
  // How long thousands of events take is the machine's affair.
  this.timeout(60_000);
  let server: CorrelationServer;
  let folder: string;
  let file: string;
  let store: EventStoreDbEventStore;
  /** Of each correlation, c0 to c9. */
  let ids: Record<string, string[]>;

  const open = () =>
    storeOf(
      { connectionString: server.server.connectionString },
      { correlationIndexFile: file, readTimeoutMs: 20_000 },
    );
  const through = () => {
    try {
      return indexed(file)?.through ?? 0;
    } catch {
      return 0; // not there yet
    }
  };
  const begun = () => until("some of the log is indexed", () => through() > 0);

  before(async function () {
    this.timeout(120_000);
    server = await CorrelationServer.start();
    const filling = open();
    const events = Array.from({ length: count }, (_, i) => correlated(`c${i % 10}`, { data: "x".repeat(500) }));
    for (let i = 0; i < count; i += 500) await append(filling, `a-${i % 3}`, ...events.slice(i, i + 500));
    ids = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`c${n}`, events.filter((_each, i) => i % 10 === n).map(({ id }) => id)]),
    );
    await closeAll();
  });
  after(() => server.server.remove());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-correlations-"));
    file = join(folder, "index.sqlite");
    store = open();
    server.reads.length = 0;
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  it("is made once for all that read at the same time", async () => {
    const read = Object.keys(ids).map(async (name) => [name, await idsOf(store.readCorrelation(name))] as const);
    expect(Object.fromEntries(await Promise.all(read))).to.deep.equal(ids);
    expect(server.subscribedFrom).to.deep.equal([undefined]);
  });

  it("serves each reader up to the head as of its call, while others append", async () => {
    const name = `while-${process.hrtime.bigint()}`;
    const written: string[] = [];
    const read = async () => {
      const before = [...written];
      const found = await idsOf(store.readCorrelation(name));
      expect(found.slice(0, before.length)).to.deep.equal(before);
      expect(written.slice(0, found.length)).to.deep.equal(found);
    };
    const reads: Promise<void>[] = [];
    for (let i = 0; i < 30; i++) {
      reads.push(read());
      const next = correlated(name);
      written.push(next.id);
      await append(store, "while-1", next);
      // What is not acknowledged yet may be found all the same, so only now it counts.
    }
    await Promise.all(reads);
    expect(await idsOf(store.readCorrelation(name))).to.deep.equal(written);
  });

  it("is shared by stores and processes that make it at the same time", async () => {
    const script = `
      import { openEventStoreDb } from ${JSON.stringify(new URL("../../../src/store/eventstoredb/index.js", import.meta.url).href)};
      const [connectionString, correlationIndexFile, name] = process.argv.slice(1);
      const store = await openEventStoreDb({ connectionString, correlationIndexFile });
      for await (const page of store.readCorrelation(name)) for (const { id } of page) console.log(id);
      await store.close();
    `;
    const inProcess = async (name: string) => {
      const given = ["--input-type=module", "-e", script, server.server.connectionString, file, name];
      const child = spawn(process.execPath, given, { stdio: ["ignore", "pipe", "inherit"] });
      let printed = "";
      child.stdout.on("data", (chunk) => (printed += String(chunk)));
      const code = await new Promise((resolve) => child.on("exit", resolve));
      expect(code).to.equal(0);
      return printed.trimEnd().split("\n");
    };
    const other = open();
    const found = await Promise.all([
      inProcess("c1"),
      inProcess("c2"),
      idsOf(store.readCorrelation("c3")),
      idsOf(other.readCorrelation("c4")),
    ]);
    expect(found).to.deep.equal([ids["c1"], ids["c2"], ids["c3"], ids["c4"]]);
  });

  it("waits for a lock of another process", async () => {
    await idsOf(store.readCorrelation("unknown"));
    const [last] = await append(store, "locked-1", correlated("locked"));
    const db = new Database(file);
    db.exec("BEGIN IMMEDIATE");
    const reading = idsOf(store.readCorrelation("locked"));
    await until("it looks at the log", () => server.subscribedFrom.length === 2);
    db.exec("COMMIT");
    db.close();
    expect(await reading).to.deep.equal([last]);
  });

  it("keeps what it has when the store is closed, and goes on from there", async () => {
    const reading = rejection(idsOf(store.readCorrelation("c5")));
    await begun();
    await store.close();
    expect(await reading).to.be.instanceOf(StoreClosed);
    const kept = through();
    expect(kept).to.be.greaterThan(0).and.lessThan(count);
    server.reads.length = 0;
    expect(await idsOf(open().readCorrelation("c5"))).to.deep.equal(ids["c5"]);
    expect(server.subscribedFrom).to.deep.equal([String(kept)]);
  });

  it("ends when its only reader leaves, and goes on for the next one", async () => {
    const leaving = store.readCorrelation("c6")[Symbol.asyncIterator]();
    const waiting = leaving.next();
    await begun();
    await leaving.return!();
    expect((await waiting).done).to.equal(true);
    expect(await idsOf(store.readCorrelation("c6"))).to.deep.equal(ids["c6"]);
    expect(server.subscribedFrom).to.have.length(2);
    expect(Number(server.subscribedFrom[1])).to.be.greaterThan(0).and.lessThan(count);
  });

  it("goes on for the others when one of several readers leaves", async () => {
    const leaving = store.readCorrelation("c7")[Symbol.asyncIterator]();
    const waiting = leaving.next();
    const staying = idsOf(store.readCorrelation("c8"));
    await begun();
    await leaving.return!();
    expect((await waiting).done).to.equal(true);
    expect(await staying).to.deep.equal(ids["c8"]);
    expect(server.subscribedFrom).to.deep.equal([undefined]);
  });

  it("may be left while its events are read, by the reader and by the store", async () => {
    for await (const page of store.readCorrelation("c9")) {
      expect(ids["c9"]!.slice(0, page.length)).to.deep.equal(page.map(({ id }) => id));
      break;
    }
    const read = async () => {
      for await (const page of store.readCorrelation("c9")) if (page.length > 0) await store.close();
    };
    expect(await rejection(read())).to.be.instanceOf(StoreClosed);
  });

  it("goes on over a restart of the server", async () => {
    const reading = idsOf(store.readCorrelation("c1"));
    await begun();
    await server.server.kill();
    await server.server.start();
    expect(await reading).to.deep.equal(ids["c1"]);
  });
});
