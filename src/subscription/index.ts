export * from "./checkpoint-store.js";
export * from "./processor.js";
export * from "./subscriber.js";
export * from "./verify-checkpoint.js";
