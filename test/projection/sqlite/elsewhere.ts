/** How another process opens the contract's SQLite file. */

import type { ReadModelStore } from "../../../src/projection/read-model-store.js";
import { openSqliteReadModelStore } from "../../../src/projection/sqlite/read-model-store.js";

export const openReadModelStore = (file: string): Promise<ReadModelStore> => openSqliteReadModelStore({ file });
