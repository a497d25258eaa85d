export * from "./context.js";
export * from "./event-metadata.js";
export * from "./ids.js";
export * from "./message.js";
export * from "./recorded-event.js";
export * from "./upcasters.js";
export * from "./validation.js";
