export { createApi, type ApiOptions } from "./api.js";
export { caseSummary, logTimes } from "./case-summary.js";
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./http-server.js";
export * from "./query-context.js";
