export * from "./decorators.js";
export * from "./live-read-model.js";
export * from "./projection-read-model.js";
export * from "./read-model.js";
export * from "./read-model-store.js";
export * from "./rebuild.js";
export { servingGeneration } from "./serving.js";
export type { AsideOptions } from "./aside.js";
export { verifyReadModel, type ReadModelVerification, type RowChange, type RowVerdict } from "./verify.js";
