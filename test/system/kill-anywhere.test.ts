import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
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
