export * from "./metadata.js";
export * from "./model.js";
