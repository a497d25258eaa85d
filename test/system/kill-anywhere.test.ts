import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { openPostgresReadModelStore } from "../../src/projection/postgres/index.js";
import { newSchema, postgresServer } from "../projection/postgres/server.js";
import { describeKills } from "./kill-anywhere.js";

describeKills(
  "SQLite",
  async () => {
    const folder = join(tmpdir(), `rollcall-kills-${randomUUID()}`);
    const file = join(folder, "read-models.sqlite");
    return {
      open: (clock) => openSqliteReadModelStore({ file, clock }),
      elsewhere: { module: new URL("../projection/sqlite/elsewhere.js", import.meta.url).href, location: file },
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  10,
);

describe("A server that is there before them", () => {
  before(async function () {
    this.timeout(60_000);
    await postgresServer();
  });

  describeKills(
    "PostgreSQL",
    async () => {
      const server = await postgresServer();
      const schema = newSchema();
      const url = server.url(`schema=${schema}&connections=4`);
      return {
        open: (clock) => openPostgresReadModelStore({ url, clock }),
        elsewhere: { module: new URL("../projection/postgres/elsewhere.js", import.meta.url).href, location: url },
        remove: async () => void (await server.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
      };
    },
    10,
  );
});
