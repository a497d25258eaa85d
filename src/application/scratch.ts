/** A read-model store for work that nobody is to see: a file that is gone afterwards. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../clock.js";
import type { ReadModelStore } from "../projection/index.js";
import { openSqliteReadModelStore } from "../projection/sqlite/read-model-store.js";

export async function withScratch<T>(clock: Clock, work: (scratch: ReadModelStore) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-scratch-"));
  try {
    const scratch = await openSqliteReadModelStore({ file: join(folder, "rows.sqlite"), clock });
    try {
      return await work(scratch);
    } finally {
      await scratch.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
