/** How another process opens the contract's schema: the location is its URL. */

import { openPostgresReadModelStore } from "../../../src/projection/postgres/index.js";
import type { ReadModelStore } from "../../../src/projection/read-model-store.js";

export const openReadModelStore = (url: string): Promise<ReadModelStore> => openPostgresReadModelStore({ url });
