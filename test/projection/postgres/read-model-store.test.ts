/** PostgreSQL keeps the contract of a read-model store. */

import { readModelStoreContract } from "../../../src/testing/read-model-store-contract.js";
import { postgresStorage } from "../storages.js";
import { postgresServer } from "./shared-server.js";

describe("On a server that the first one starts,", () => {
  before(async function () {
    this.timeout(60_000);
    await postgresServer();
  });

  readModelStoreContract("PostgreSQL", postgresStorage);
});
