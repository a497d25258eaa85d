/** Read models in PostgreSQL. An entry of its own, so that whoever keeps them in SQLite loads no driver. */

export {
  openPostgresReadModelStore,
  surveyPostgresReadModels,
  type PostgresReadModelStoreOptions,
} from "./read-model-store.js";
