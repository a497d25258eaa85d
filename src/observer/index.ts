export { acknowledgeCase, type AcknowledgementRequest, type AcknowledgementResult } from "./acknowledge-case.js";
export { acknowledgementStream } from "./acknowledgements.js";
export { alarmStream, divergenceType, truncatedType, type AlarmData } from "./alarms.js";
export { flagCount, type Acknowledgement, type Case, type CaseStatus, caseStatuses } from "./case.js";
export type { ObserverLimits, ObserverState } from "./observer-state.js";
export {
  acknowledgedType,
  controlTypes,
  definedType,
  isControl,
  resetType,
  type AcknowledgedData,
  type ClockResetData,
} from "./control-events.js";
export { Observer, type ApplyTo, type EventKey, type ObserverOptions, type StartFrom } from "./decorators.js";
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
export type { TimelineEntry } from "./case-timeline.js";
export type { FlagCounts } from "./derived-flags.js";
export type { Difference } from "./differences.js";
export { Evidence } from "./evidence.js";
export { explainCase, explainedSlots, quickEvidence, type ExplainedSlot, type Explanation } from "./explain-case.js";
export { definitionsOfRows, findCase, waitingFor, type FoundCase } from "./find-case.js";
export {
  annotationsInWords,
  durationInWords,
  expectationInWords,
  generalTermsInWords,
  meaningInWords,
  meaningOfFlag,
  roughlyInWords,
} from "./in-words.js";
export { timeInWords } from "./reasons.js";
export { rehearse, type Rehearsal } from "./rehearse.js";
export { checkReset, clockStandings, resetClock, takenBack, type ClockStanding } from "./reset-clock.js";
export { verifyObserver, type Verification } from "./verify.js";
export { casePrefix, caseRow, hashOfDeclared, statisticsPrefix } from "./rows.js";
export { nameOfRun, runOf, type Run } from "./runs.js";
export type { FlagKind, Slot, SlotState } from "./slot.js";
export type { SlotStatistics } from "./statistics.js";
export { versionsOnRecord, type VersionOnRecord } from "./versions-on-record.js";
export type { Annotations, Count, PairPaths, Severity, SlotDefinition, Terms } from "./terms.js";
