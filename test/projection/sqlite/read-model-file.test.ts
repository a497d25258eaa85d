/** What is particular to read models in a SQLite file: the file itself, its lock, its indexes and what is left in it. */

import { expect } from "chai";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { Fenced, IncompatibleStore, StoreClosed, StoreUnavailable } from "../../../src/errors.js";
import type { ReadModelStore, Row } from "../../../src/projection/read-model-store.js";
import { openSqliteReadModelStore } from "../../../src/projection/sqlite/read-model-store.js";
import type { Lease } from "../../../src/subscription/checkpoint-store.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";

const declaration = {
  name: "orders",
  version: 1,
  place: "orders",
  definition: "first",
  indexes: ["status", "Status", "dueMs"],
};
const checkpoint = { storeId: "log-1", position: 1n, handled: 1, recordedAtMs: 0 };

describe("A SQLite file of read models", () => {
  let folder: string;
  let file: string;
  let opened: ReadModelStore[];
  let raw: Sqlite.Database | undefined;

  beforeEach(() => {
    folder = join(tmpdir(), `rollcall-read-model-file-${randomUUID()}`);
    mkdirSync(folder);
    file = join(folder, "read-models.sqlite");
    opened = [];
    raw = undefined;
  });

  afterEach(async () => {
    raw?.close();
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (options: { file?: string; clock?: ManualClock; busyDeadlineMs?: number } = {}) => {
    const store = await openSqliteReadModelStore({ file, ...options });
    opened.push(store);
    return store;
  };
  const look = () => (raw ??= new Sqlite(file));
  const rowTables = () =>
    look().prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'rows%'").pluck().all();
  const failure = async (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => expect.fail("it was to fail"),
      (error: Error) => error,
    );

  const rebuild = async (store: ReadModelStore, rows: Iterable<readonly [string, Row]>): Promise<Lease> => {
    const lease = (await store.acquire("rebuild:orders", "a", 1000))!;
    const generation = await store.createBuilding(declaration, lease);
    await store.commit(generation, lease, { rows, checkpoint });
    await store.activate(generation, lease, { workerLease: "live:orders" });
    return lease;
  };

  it("is created together with its folder, and found again", async () => {
    file = join(folder, "deep", "er", "read-models.sqlite");
    await rebuild(await open(), [["a", { n: 1 }]]);
    await opened.pop()!.close();
    expect(existsSync(file)).to.equal(true);
    expect(await (await open()).findRow("orders", "a")).to.deep.equal({ n: 1 });
    expect(look().pragma("journal_mode", { simple: true })).to.equal("wal");
  });

  it("may be opened by several at once while it is new", async () => {
    const stores = await Promise.all([open(), open(), open()]);
    await rebuild(stores[0]!, [["a", { n: 1 }]]);
    expect(await stores[2]!.findRow("orders", "a")).to.deep.equal({ n: 1 });
  });

  it("is refused, and left as it is, when it is no database", async () => {
    writeFileSync(file, "position;event\n".repeat(500));
    const before = readFileSync(file);
    const error = await failure(open());
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message).to.contain(file).and.to.contain("no SQLite database").and.to.contain("another file");
    expect(readFileSync(file).equals(before)).to.equal(true);
  });

  it("is refused, and left as it is, when another program wrote it", async () => {
    for (const applicationId of [0, 7]) {
      const foreign = new Sqlite(file);
      foreign.exec(`CREATE TABLE IF NOT EXISTS generation (id); PRAGMA application_id = ${applicationId}`);
      foreign.close();
      const before = readFileSync(file);
      const error = await failure(open());
      expect(error).to.be.instanceOf(IncompatibleStore);
      expect(error.message).to.contain("another program").and.to.contain(`${applicationId}`);
      expect(readFileSync(file).equals(before)).to.equal(true);
    }
  });

  it("is refused when a newer version wrote it", async () => {
    await (await open()).close();
    look().pragma("user_version = 99");
    const error = await failure(open());
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message).to.contain("99").and.to.contain("newer version").and.to.contain("rebuild");
  });

  it("makes a writer wait, without blocking the process, until another transaction has ended", async () => {
    const store = await open();
    look().exec("BEGIN IMMEDIATE");
    let acquired: Lease | undefined;
    const acquiring = store.acquire("live:orders", "a", 1000).then((lease) => (acquired = lease));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(acquired).to.equal(undefined);
    expect(await store.activeGeneration("orders")).to.equal(undefined);
    look().exec("COMMIT");
    expect((await acquiring)?.holder).to.equal("a");
  });

  it("is unavailable when another transaction goes on beyond the deadline", async () => {
    const clock = new ManualClock();
    const store = await open({ clock, busyDeadlineMs: 500 });
    look().exec("BEGIN IMMEDIATE");
    const failed = failure(store.acquire("live:orders", "a", 1000));
    while (clock.sleeping === 0) await clock.advance(0);
    await clock.advance(499);
    expect(clock.sleeping).to.equal(1);
    await clock.advance(100);
    const error = await failed;
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message).to.contain(file).and.to.contain("500 ms").and.to.contain("Retry");
    look().exec("COMMIT");
    expect((await store.acquire("live:orders", "a", 1000))?.token).to.equal(1);
  });

  it("answers who waits for the lock that it was closed", async () => {
    const store = await open({ clock: new ManualClock() });
    look().exec("BEGIN IMMEDIATE");
    const failed = failure(store.acquire("live:orders", "a", 1000));
    await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    expect(await failed).to.be.instanceOf(StoreClosed);
  });

  it("finds rows by an index after a rebuild, and in a generation that has caught up, or was asked before", async () => {
    const store = await open();
    await rebuild(store, [["a", { status: "x" }]]);
    const lease = (await store.acquire("live:live", "a", 1000))!;
    await store.complete(await store.openActive({ ...declaration, name: "live", place: "live" }, lease), lease);
    await store.openActive(
      { ...declaration, name: "asked", place: "asked" },
      (await store.acquire("live:asked", "a", 1000))!,
    );
    await store.findRows("asked", { where: { Status: "x" }, limit: 1 });
    for (const table of rowTables() as string[]) {
      const plan = look()
        .prepare(
          `EXPLAIN QUERY PLAN SELECT doc FROM ${table}
           WHERE json_extract(doc, '$."Status"') = 'x' AND key > 'a' ORDER BY key`,
        )
        .all() as { detail: string }[];
      expect(plan.map(({ detail }) => detail)).to.deep.equal([
        `SEARCH ${table} USING INDEX ${table}_1 (<expr>=? AND key>?)`,
      ]);
    }
    expect(rowTables()).to.have.length(3);
  });

  it("keeps one table for a read model however often it is rebuilt", async () => {
    const store = await open();
    for (let i = 0; i < 3; i++) await rebuild(store, [["a", { i }]]);
    expect(rowTables()).to.have.length(1);
    expect(look().prepare("SELECT count(*) FROM generation").pluck().get()).to.equal(1);
  });

  it("loses what a killed process left behind when the next generation is opened or begun", async () => {
    const store = await open();
    const lease = await rebuild(store, [["a", { n: 1 }]]);
    const orphan = () =>
      look().exec(
        `INSERT INTO generation (id, name, version, place, definition, state, is_complete, created_at_ms, indexes)
         VALUES (77, 'orders', 1, 'orders', '', 'retired', 1, 0, '[]');
         CREATE TABLE rows_77 (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID`,
      );
    orphan();
    await store.openActive(declaration, lease);
    expect(rowTables()).to.have.length(1);
    orphan();
    await store.drop(await store.createBuilding(declaration, lease), lease);
    expect(rowTables()).to.have.length(1);
    expect(await store.findRow("orders", "a")).to.deep.equal({ n: 1 });
  });

  it("takes a generation that waits to be dropped for gone", async () => {
    const store = await open();
    const lease = (await store.acquire("rebuild:orders", "a", 1000))!;
    const generation = await store.createBuilding(declaration, lease);
    look().exec("UPDATE generation SET state = 'retired'");
    const commit = { rows: [["a", {}]] as const, checkpoint };
    for (const attempt of [
      store.commit(generation, lease, commit),
      store.rows(generation, ["a"]),
      store.rowsInOrder(generation, "dueMs", { limit: 1 }),
      store.activate(generation, lease, { workerLease: "live:orders" }),
    ])
      expect(await failure(attempt)).to.be.instanceOf(Fenced);
  });

  it("never gives a generation the number of one that is gone", async () => {
    const store = await open();
    const lease = (await store.acquire("rebuild:orders", "a", 1000))!;
    const first = await store.createBuilding(declaration, lease);
    await store.drop(first, lease);
    const second = await store.createBuilding(declaration, lease);
    expect(second.id).to.be.greaterThan(first.id);
    expect(await failure(store.commit(first, lease, { rows: [], checkpoint }))).to.be.instanceOf(Fenced);
  });

  it("keeps keys and values with a NUL character", async () => {
    const store = await open();
    await rebuild(store, [
      ["a\0b", { status: "x\0y" }],
      ["a", { status: "x" }],
    ]);
    expect(await store.findRow("orders", "a\0b")).to.deep.equal({ status: "x\0y" });
    const { rows } = await store.findRows("orders", { limit: 10, where: { status: "x\0y" } });
    expect(rows.map(({ key }) => key)).to.deep.equal(["a\0b"]);
    const found = await store.rows((await store.activeGeneration("orders"))!, ["a\0b"]);
    expect([...found.keys()]).to.deep.equal(["a\0b"]);
  });

  it("may be in memory, for one process", async () => {
    const store = await open({ file: ":memory:" });
    await rebuild(store, [["a", { n: 1 }]]);
    expect(await store.findRow("orders", "a")).to.deep.equal({ n: 1 });
    expect(existsSync(":memory:")).to.equal(false);
  });
});
