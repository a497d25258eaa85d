/** Explains a case: the rules, the state of each slot and why, and the timeline. */

import type { RecordedEvent } from "../message/index.js";
import type { Generation, ReadModelStore } from "../projection/read-model-store.js";
import type { EventStore } from "../store/event-store.js";
import { acknowledgementStream } from "./acknowledgements.js";
import { eventsOfCase, inOrder, type CaseEventsOptions } from "./case-events.js";
import type { SlotDefinition } from "./terms.js";
import { timelineOf, type TimelineEntry } from "./case-timeline.js";
import type { ObserverDefinition } from "./definition.js";
import type { DefinitionsInForce } from "./definitions.js";
import { Evidence } from "./evidence.js";
import { flagStream } from "./flag-stream.js";
import { definitionsOfRows, findCase, type FoundCase } from "./find-case.js";
import type { ObserverReadModel } from "./observer-read-model.js";
import { reasonInWords, untouchedInWords } from "./reasons.js";
import { compareRuns, runOf } from "./runs.js";
import type { Slot } from "./slot.js";

export interface Ports {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
}

export interface ExplainedSlot {
  /** `payment`, `payment#2`, `payment[value]`. */
  readonly run: string;
  /** `undefined`: nothing of the expectation has come. */
  readonly slot: Slot | undefined;
  /** The state, and why. */
  readonly reason: string;
}

export interface Explanation {
  readonly found: FoundCase;
  /** What the rows were judged by. */
  readonly definition: ObserverDefinition;
  readonly rules: readonly SlotDefinition[];
  readonly slots: readonly ExplainedSlot[];
  readonly timeline: readonly TimelineEntry[];
  readonly evidence: Evidence;
}

/** @returns undefined when the observer has no such case. @throws UnknownReadModel when it has not been built */
export async function explainCase(
  readModel: ObserverReadModel,
  ports: Ports,
  asked: string,
  options: Omit<CaseEventsOptions, "dataOf"> = {},
): Promise<Explanation | undefined> {
  const { store, readModels } = ports;
  const { name } = readModel.definition;
  const serving = await readModels.activeGeneration(name);
  const found = await findCase(readModels, name, asked);
  if (!found || !serving) return undefined;
  const evidence = await evidenceOf(readModel, store, found, serving, ({ inForce }) =>
    eventsOfCase(store, inForce, found.key, { ...options, dataOf: readModel.dataOf }),
  );
  const definition = evidence.definitions.inForce;
  return {
    found,
    definition,
    rules: definition.slots,
    slots: explainedSlots(evidence),
    timeline: timelineOf(store, evidence),
    evidence,
  };
}

/** The same without a search of the log: of a case that is not found by its correlation id, its flags must do. */
export const quickEvidence = (
  readModel: ObserverReadModel,
  store: EventStore,
  found: FoundCase,
  serving: Generation,
): Promise<Evidence> =>
  evidenceOf(readModel, store, found, serving, async ({ chain, inForce: { joinsByCorrelation } }) => {
    const streams = chain.map((definition) => flagStream(store, definition, found.key));
    const sources = joinsByCorrelation
      ? [store.readCorrelation(found.key)]
      : streams.map((stream) => store.readStream(stream));
    const events: RecordedEvent[] = [];
    for (const source of sources) for await (const page of source) events.push(...page);
    return events;
  });

async function evidenceOf(
  readModel: ObserverReadModel,
  store: EventStore,
  { key, row }: FoundCase,
  serving: Generation,
  eventsBy: (definitions: DefinitionsInForce) => Promise<readonly RecordedEvent[]>,
): Promise<Evidence> {
  const definitions = await definitionsOfRows(store, readModel.known, serving);
  const { inForce } = definitions;
  const recorded = [...(await eventsBy(definitions))];
  if (!inForce.joinsByCorrelation) {
    const streamName = acknowledgementStream(store, inForce.name, key);
    for await (const page of store.readStream(streamName)) recorded.push(...page);
  }
  return new Evidence(store, definitions, row, serving, inOrder(store, recorded), readModel.dataOf);
}

/** Every run of the case, and the expectations of which it has none. */
export function explainedSlots(evidence: Evidence): readonly ExplainedSlot[] {
  const { found, definitions } = evidence;
  const runs = Object.entries(found.slots)
    .toSorted(([a], [b]) => compareRuns(a, b))
    .map(([run, slot]) => ({ run, slot, reason: reasonInWords(run, slot, evidence) }));
  if (found.closedMs !== undefined) return runs;
  const untouched = definitions.inForce.slots
    .filter(({ name }) => !runs.some(({ run }) => runOf(run).slot === name))
    .map((terms) => ({ run: terms.name, slot: undefined, reason: untouchedInWords(terms) }));
  return [...runs, ...untouched];
}
