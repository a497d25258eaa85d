/** Opens the read models that a configuration names. */

import type { Clock } from "../clock.js";
import type { ReadModelStore, SchemaSurvey } from "../projection/index.js";
import { openSqliteReadModelStore, surveySqliteReadModels } from "../projection/sqlite/read-model-store.js";
import type { Configuration } from "./configuration.js";
import { isPostgres } from "./read-models-address.js";
import { inMemory } from "./store-address.js";

/**
 * Opens the store, and makes what it lacks.
 * @param clock tells when leases expire; where it is not stated, and the store has a clock that all its users share, that
 * @throws IncompatibleStore, StoreUnavailable, AccessDenied, UntrustedConnection
 */
export async function openReadModels(
  { readModels, readModelsAccess }: Pick<Configuration, "readModels" | "readModelsAccess">,
  clock?: Clock,
): Promise<ReadModelStore> {
  if (isPostgres(readModels)) {
    // Loaded only where it is used.
    const { openPostgresReadModelStore } = await import("../projection/postgres/index.js");
    return openPostgresReadModelStore({ url: readModels, ...readModelsAccess, clock });
  }
  return openSqliteReadModelStore({ file: fileOf(readModels), ...(clock && { clock }) });
}

/**
 * Which steps opening the store would take; nothing is changed.
 * @throws as `openReadModels`
 */
export async function surveyReadModels({
  readModels,
  readModelsAccess,
}: Pick<Configuration, "readModels" | "readModelsAccess">): Promise<SchemaSurvey> {
  if (!isPostgres(readModels)) return surveySqliteReadModels({ file: fileOf(readModels) });
  const { surveyPostgresReadModels } = await import("../projection/postgres/index.js");
  return surveyPostgresReadModels({ url: readModels, ...readModelsAccess });
}

const fileOf = (readModels: string): string => (readModels === inMemory ? ":memory:" : readModels);
