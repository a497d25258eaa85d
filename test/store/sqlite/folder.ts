/** A folder for the files of one test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteEventStore, type SqliteEventStore, type SqliteEventStoreOptions } from "../../../src/store/index.js";

/** Call it in a `describe`: each of its tests gets a file name of its own, and stores that are closed afterwards. */
export function temporaryLogs() {
  let folder = "";
  let stores: SqliteEventStore[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-sqlite-"));
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
    rmSync(folder, { recursive: true });
  });
  return {
    file: (name = "log.sqlite") => join(folder, name),
    open: async (options: Partial<SqliteEventStoreOptions> = {}) => {
      const store = await openSqliteEventStore({ file: join(folder, "log.sqlite"), ...options });
      stores.push(store);
      return store;
    },
  };
}
