export type { Case, CaseStatus } from "./case.js";
export type { ObserverLimits, ObserverState } from "./case-writer.js";
export * from "./decorators.js";
export { definitionProblems, type ObserverDefinition, type SlotDefinition } from "./definition.js";
export { milliseconds, type Duration } from "./duration.js";
export { Expectation, whenever, type EventReference, type Terms, type UnfinishedExpectation } from "./expectation.js";
export { flagCategoryOf, flagStream, flagTypePrefix, type FlagData } from "./flag-stream.js";
export { ObserverReadModel } from "./observer-read-model.js";
export type { FlagKind, Slot, SlotState } from "./slot.js";
