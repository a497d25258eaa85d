export * from "./decorators.js";
export { isDeclaredBy } from "./generation-rules.js";
export * from "./live-read-model.js";
export * from "./projection-read-model.js";
export * from "./read-model.js";
export * from "./read-model-store.js";
export * from "./rebuild.js";
export { isParked, parksRows, whereParked, type ParkedRow, type RowFailure } from "./parked-rows.js";
export { prune, type PruneReason, type PruneVerdict } from "./prune.js";
export { rebuildRow, type RowRebuildResult } from "./rebuild-row.js";
export type { SchemaSurvey } from "./schema-survey.js";
export { foldPart, PartFailed, ProjectionPart, wholeOf, type PartFoldingOptions } from "./fold-part.js";
export type { Sample } from "./sample.js";
export { servingGeneration } from "./serving.js";
export * from "./time-travel.js";
export type { AsideOptions } from "./aside.js";
export {
  verifyReadModel,
  type ReadModelVerification,
  type ProjectionVerifyOptions,
  type RowChange,
  type RowVerdict,
} from "./verify.js";
