/** The event store: the port, and the stores behind it. */

export * from "./event-store.js";
export { partOf, type KeyPart } from "./key-part.js";
export { MemoryEventStore, type MemoryEventStoreOptions } from "./memory/memory-event-store.js";
export { openSqliteEventStore, SqliteEventStore, type SqliteEventStoreOptions } from "./sqlite/sqlite-event-store.js";
export { ReadOnlyEventStore, type ReadOnlyEventStoreOptions } from "./read-only-event-store.js";
export type { ReadableLog } from "./log-binding.js";
