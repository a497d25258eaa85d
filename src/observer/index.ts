export { flagCount, type Acknowledgement, type Case, type CaseStatus, caseStatuses } from "./case.js";
export type { ObserverLimits, ObserverState } from "./case-writer.js";
export * from "./control-events.js";
export * from "./decorators.js";
export type { ObserverDefinition } from "./definition.js";
export { definitionStream, type ObserverDefinedData } from "./definition-log.js";
export { definitionProblems } from "./definition-problems.js";
export { milliseconds, type Duration } from "./duration.js";
export {
  after,
  Expectation,
  whenever,
  type Beginning,
  type DataOf,
  type EventReference,
  type UnfinishedExpectation,
} from "./expectation.js";
export { flagCategoryOf, flagStream, flagTypePrefix, type FlagData } from "./flag-stream.js";
export { ObserverReadModel, type ObserverReadModelOptions } from "./observer-read-model.js";
export { casePrefix, caseRow, hashOfDeclared, statisticsPrefix } from "./rows.js";
export { nameOfRun, runOf, type Run } from "./runs.js";
export type { FlagKind, Slot, SlotState } from "./slot.js";
export type { SlotStatistics } from "./statistics.js";
export type { Annotations, Count, PairPaths, Severity, SlotDefinition, Terms } from "./terms.js";
