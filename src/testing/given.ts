/**
 * The test language: given these events, when this happens, then that follows. It runs the machinery itself, so a story
 * cannot hold where the application would not. `then` alone would make a story something that `await` calls; hence the
 * longer names.
 */

export * from "./given/aggregate.js";
export * from "./given/observer.js";
export * from "./given/projection.js";
export * from "./given/reactor.js";
export type { GivenEvent, RecordedWith } from "./given/recording.js";
export type { ErrorClass } from "./given/outcome.js";
