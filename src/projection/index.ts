export * from "./decorators.js";
export * from "./live-read-model.js";
export * from "./projection-read-model.js";
export * from "./read-model.js";
export * from "./read-model-store.js";
export * from "./rebuild.js";
