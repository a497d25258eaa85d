export * from "./command-bus.js";
export * from "./decorators.js";
