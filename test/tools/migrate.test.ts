/** The migrate command, on files of every schema that there was. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { newSchema, postgresServer } from "../projection/postgres/shared-server.js";
import { commands } from "./command.js";

/** What the first version of the schema held of a projection and of an observer. */
const firstSchema = `
  CREATE TABLE generation (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, version INTEGER NOT NULL,
    definition TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retired')), indexes TEXT NOT NULL,
    store_id TEXT, position INTEGER, handled INTEGER, recorded_at_ms INTEGER, checkpoint_state TEXT);
  CREATE UNIQUE INDEX generation_one_of_a_state ON generation (name, state) WHERE state <> 'retired';
  CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT, token INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE checkpoint (subscription TEXT PRIMARY KEY, store_id TEXT NOT NULL, position INTEGER, handled INTEGER NOT NULL,
    recorded_at_ms INTEGER, checkpoint_state TEXT) WITHOUT ROWID;
  CREATE TABLE parked_event (subscription TEXT NOT NULL, position INTEGER NOT NULL, reactor TEXT NOT NULL,
    stream_name TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL,
    attempts INTEGER NOT NULL, error TEXT NOT NULL, parked_at_ms INTEGER NOT NULL,
    PRIMARY KEY (subscription, position)) WITHOUT ROWID;
  INSERT INTO generation VALUES (7, 'orders', 2, 'terms', 'active', '["status"]', 'log', 9, 9, 5, NULL);
  INSERT INTO generation VALUES (8, 'cash', 1, 'hash', 'active', '[]', 'log', 9, 9, 5, '{"open":1}');
  INSERT INTO generation VALUES (9, 'orders', 2, 'terms', 'building', '["status"]', NULL, NULL, NULL, NULL, NULL);
  DELETE FROM generation WHERE id = 9;
  CREATE TABLE rows_7 (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE rows_8 (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
  INSERT INTO rows_7 VALUES ('a', '{"status":"paid"}');
  PRAGMA application_id = 0x5243726d;
  PRAGMA user_version = 1;`;

describe("the migrate command", function () {
  this.timeout(60_000);
  const to = commands();
  const file = () => join(to.folder, "rows.sqlite");
  const migrate = (readModels: string, ...args: string[]) =>
    to.end("migrate", args, { ROLLCALL_READ_MODELS: readModels });

  it("makes tables where there are none, once it is not asked for a dry run", async () => {
    const before = await migrate(file(), "--dry-run");
    expect(before.code, before.stderr).to.equal(1);
    expect(before.stdout)
      .to.include(`${file()}: of version 0; 3 of 3 steps are to be taken:`)
      .and.include("CREATE TABLE");
    expect(existsSync(file())).to.equal(false);
    expect((await migrate(file())).stdout).to.equal(`${file()}: of version 3 now, of 0 before.\n`);
    const after = await migrate(file(), "--dry-run", "--json");
    expect(after.code).to.equal(0);
    expect(JSON.parse(after.stdout)).to.deep.include({ version: 3, latest: 3, pending: [], migrated: false });
  });

  it("keeps what an older file holds: rows, checkpoints, and numbers that are not used again", async () => {
    new Database(file()).exec(firstSchema).close();
    expect((await migrate(file())).stdout).to.equal(`${file()}: of version 3 now, of 1 before.\n`);
    const store = await openSqliteReadModelStore({ file: file() });
    try {
      expect(await store.findRow("orders@2", "a")).to.deep.equal({ status: "paid" });
      const kept = (await store.generations()).map(({ id, place, state, isComplete }) => [
        id,
        place,
        state,
        isComplete,
      ]);
      expect(kept).to.deep.equal([
        [7, "orders@2", "active", true],
        [8, "cash", "active", true],
      ]);
      const { checkpoint } = (await store.activeGeneration("cash"))!;
      expect(checkpoint).to.deep.include({ storeId: "log", position: 9n, state: { open: 1 } });
      const lease = (await store.acquire("rebuild:new", "test", 1_000))!;
      const declaration = { name: "new", version: 1, place: "new", definition: "", indexes: [] };
      expect((await store.createBuilding(declaration, lease)).id).to.equal(10);
    } finally {
      await store.close();
    }
  });

  it("does so in PostgreSQL, and names the schema", async () => {
    const server = await postgresServer();
    const schema = newSchema();
    const url = server.url(`schema=${schema}`);
    try {
      const before = await migrate(url, "--dry-run");
      expect(before.code, before.stderr).to.equal(1);
      expect(before.stdout)
        .to.include(`schema "${schema}": of version 0`)
        .and.include(`CREATE TABLE "${schema}".lease`);
      expect((await migrate(url)).stdout).to.match(/: of version \d+ now, of 0 before\.\n$/);
      expect((await migrate(url, "--dry-run")).code).to.equal(0);
    } finally {
      await server.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    }
  });

  it("refuses the file of another program", async () => {
    new Database(file()).exec("CREATE TABLE other (a)").close();
    const { code, stderr } = await to.run("migrate", [], { ROLLCALL_READ_MODELS: file() }).ended;
    expect(code).to.equal(3);
    expect(stderr).to.include("found the database of another program");
  });
});
