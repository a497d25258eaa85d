/** What users of Rollcall import. */

import "reflect-metadata";

export * from "./aggregate/index.js";
export * from "./application/index.js";
export { systemClock, type Clock } from "./clock.js";
export * from "./errors.js";
export {
  Command,
  commandFromJson,
  contentsOf,
  currentContext,
  derivedId,
  DomainEvent,
  jsonContentType,
  randomId,
  RecordedEvent,
  runInContext,
  upcaster,
  Upcasters,
  validateCommand,
  type AnyCommand,
  type AnyEvent,
  type CommandClass,
  type EventClass,
  type EventContents,
  type EventNames,
  type EventMetadata,
  type EventOptions,
  type Fields,
  type MessageContext,
  type Upcaster,
} from "./message/index.js";
export type { Model } from "./model/index.js";
export * from "./notification/index.js";
export * from "./observer/index.js";
export * from "./projection/index.js";
export * from "./reactor/index.js";
export { Secret } from "./secret.js";
export * from "./store/index.js";
export * from "./subscription/index.js";
