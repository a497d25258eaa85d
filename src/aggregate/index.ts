export * from "./command-bus.js";
export * from "./decorators.js";
export { MemorySnapshotStore, type SnapshotStore } from "./snapshot-store.js";
export { openSqliteSnapshotStore } from "./sqlite/snapshot-store.js";
