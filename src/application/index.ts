export { configurationFrom, defaultConfiguration, environmentHelp, type Configuration } from "./configuration.js";
export * from "./registration.js";
export * from "./rollcall.js";
export * from "./tokens.js";
