export {
  configurationFrom,
  defaultConfiguration,
  environmentHelp,
  type Configuration,
  type StatedConfiguration,
} from "./configuration.js";
export { openReadModels, surveyReadModels } from "./open-read-models.js";
export { openStore } from "./open-store.js";
export { mostWorkers, type RebuildWorkers } from "./rebuild-threads/workers.js";
export * from "./registration.js";
export * from "./rollcall.js";
export type { StoreAccess } from "./store-address.js";
export { parkingNamed, subscriptionNamed, type NamedSubscription } from "./subscriptions.js";
export * from "./tokens.js";
