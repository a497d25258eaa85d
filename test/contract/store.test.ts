/** The embedded event stores keep the contract of the port. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryEventStore, openSqliteEventStore } from "../../src/store/index.js";
import { eventStoreContract } from "../../src/testing/store-contract.js";

eventStoreContract("MemoryEventStore", async () => {
  const store = new MemoryEventStore();
  return { store, close: () => store.close() };
});

eventStoreContract("SqliteEventStore", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-contract-"));
  const file = join(folder, "log.sqlite");
  const store = await openSqliteEventStore({ file });
  return {
    store,
    reopen: () => openSqliteEventStore({ file }),
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});
