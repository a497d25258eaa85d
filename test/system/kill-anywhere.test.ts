import { postgresServer } from "../projection/postgres/shared-server.js";
import { postgresStorage, sqliteStorage } from "../projection/storages.js";
import { describeKills } from "./kill-anywhere.js";

describeKills("SQLite", sqliteStorage, 10);

describe("A server that is there before them", () => {
  before(async function () {
    this.timeout(60_000);
    await postgresServer();
  });

  describeKills("PostgreSQL", postgresStorage, 10);
});
