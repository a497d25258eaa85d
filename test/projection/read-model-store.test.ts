/** Every read-model store keeps one contract. */

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { readModelStoreContract } from "../../src/testing/read-model-store-contract.js";

readModelStoreContract("SQLite", async () => {
  const folder = join(tmpdir(), `rollcall-read-models-${randomUUID()}`);
  const file = join(folder, "read-models.sqlite");
  return {
    open: (clock) => openSqliteReadModelStore({ file, clock }),
    elsewhere: { module: new URL("./sqlite/elsewhere.js", import.meta.url).href, location: file },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});
