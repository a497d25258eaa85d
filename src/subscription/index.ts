export { askAboutParked, type AskOptions } from "./ask-parked.js";
export * from "./checkpoint-store.js";
export * from "./clock-stream.js";
export * from "./deliveries.js";
export * from "./hold-lease.js";
export * from "./ordered-delivery.js";
export type { HeldLease, LeaseList } from "./lease-list.js";
export type {
  ParkedAnswer,
  ParkedEventStore,
  ParkedRequest,
  ParkedRequestState,
  ReleasedEvent,
} from "./parked-events.js";
export type { Pause, PauseStore } from "./pauses.js";
export * from "./processor.js";
export * from "./subscriber.js";
export { tell } from "./tell.js";
export * from "./verify-checkpoint.js";
