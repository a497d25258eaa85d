export * from "./decorators.js";
export { reactorLease, ReactorSubscriber, type ReactorLimits } from "./reactor-subscriber.js";
