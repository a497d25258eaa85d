/** PostgreSQL keeps the contract of a read-model store. */

import { openPostgresReadModelStore } from "../../../src/projection/postgres/index.js";
import { readModelStoreContract } from "../../../src/testing/read-model-store-contract.js";
import { newSchema, postgresServer } from "./server.js";

describe("On a server that the first one starts,", () => {
  before(async function () {
    this.timeout(60_000);
    await postgresServer();
  });

  readModelStoreContract("PostgreSQL", async () => {
    const server = await postgresServer();
    const schema = newSchema();
    const url = server.url(`schema=${schema}&connections=4`);
    return {
      open: (clock) => openPostgresReadModelStore({ url, clock }),
      elsewhere: { module: new URL("./elsewhere.js", import.meta.url).href, location: url },
      remove: async () => void (await server.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
    };
  });
});
