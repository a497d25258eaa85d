/** New storage for read models, of each kind: for suites that every read-model store has to pass. */

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPostgresReadModelStore } from "../../src/projection/postgres/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import type { ReadModelStorage } from "../../src/testing/read-model-store-contract.js";
import { newSchema, postgresServer } from "./postgres/shared-server.js";

export async function sqliteStorage(): Promise<ReadModelStorage> {
  const folder = join(tmpdir(), `rollcall-read-models-${randomUUID()}`);
  const file = join(folder, "read-models.sqlite");
  return {
    open: (clock) => openSqliteReadModelStore({ file, clock }),
    elsewhere: { module: new URL("./sqlite/elsewhere.js", import.meta.url).href, location: file },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** On the server of the tests, which the first one starts. */
export async function postgresStorage(): Promise<ReadModelStorage> {
  const server = await postgresServer();
  const schema = newSchema();
  const url = server.url(`schema=${schema}&connections=4`);
  return {
    open: (clock) => openPostgresReadModelStore({ url, clock }),
    elsewhere: { module: new URL("./postgres/elsewhere.js", import.meta.url).href, location: url },
    remove: async () => void (await server.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
  };
}
