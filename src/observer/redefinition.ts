/**
 * A definition comes into force while cases are open: slots that it adds, or declares otherwise, are looked up in what
 * was recorded before, so that no counterpart is missed that came before the definition. It raises no flag.
 */

import type { RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import type { Case, CaseEvent, CaseStep } from "./case.js";
import type { CaseRows } from "./case-rows.js";
import type { DefinitionsInForce } from "./definitions.js";
import { caseEventOf, isJudged } from "./intake.js";
import { applyEarlier } from "./judging.js";
import { identify } from "./keys.js";
import type { ObserverTime } from "./observer-time.js";
import type { SlotDefinition } from "./terms.js";

export interface Redefinition {
  /** The event that records the definition. */
  readonly event: RecordedEvent;
  readonly time: ObserverTime;
  readonly startsAfter: bigint | undefined;
  readonly dataOf: (event: RecordedEvent) => unknown;
  readonly rows: CaseRows;
  /** Whether events may wait for their time, or for what their alias means: those are still to be judged. */
  readonly someWait: boolean;
}

/** What the definition that is now in force makes of earlier events, case by case. */
export async function* redefinedCases(
  store: EventStore,
  definitions: DefinitionsInForce,
  { event: defined, time, startsAfter, dataOf, rows, someWait }: Redefinition,
): AsyncGenerator<{ readonly before: Case; readonly step: CaseStep }, void> {
  const { inForce, current } = definitions;
  const added = definitions.changedSlots();
  const changedTypes = typesOf(added);
  const eventTypes = someWait ? [...new Set([...changedTypes, ...typesOf(inForce.slots)])] : changedTypes;
  if (eventTypes.length === 0) return;
  const names = new Set(added.map(({ name }) => name));
  const options = { names, includeOpen: inForce.applyTo === "open", nowMs: time.nowMs, mark: `@${current}` };
  for await (const page of store.readLog({ after: startsAfter, filter: { eventTypes } }))
    for (const event of page) {
      if (event.position >= defined.position) return;
      if (someWait) yield* stillWaiting(definitions, event, { time, dataOf, rows });
      if (!changedTypes.includes(event.type) || !isJudged(definitions, event)) continue;
      const { key: own, via } = identify(inForce, event, dataOf);
      if (via !== undefined) await rows.prepare([], [via]);
      const key = via === undefined ? own : rows.alias(via).key;
      if (key === undefined) continue;
      await rows.prepare([key]);
      const before = rows.case(key);
      const caseEvent = caseEventOf(definitions, time, event, dataOf);
      const step = applyEarlier(definitions, before, caseEvent, options);
      if (step.case !== before) yield { before, step };
    }
}

/** An event that waits is judged once its turn comes, and then by what the definition in force reads of it. */
async function* stillWaiting(
  definitions: DefinitionsInForce,
  event: RecordedEvent,
  { time, dataOf, rows }: Pick<Redefinition, "time" | "dataOf" | "rows">,
): AsyncGenerator<{ readonly before: Case; readonly step: CaseStep }, void> {
  const isIt = ({ id }: CaseEvent) => id === event.id;
  const readAnew = (waiting: CaseEvent): CaseEvent => {
    if (!isIt(waiting)) return waiting;
    const { data: _, reads: __, ...rest } = waiting;
    const { data, reads } = caseEventOf(definitions, time, event, dataOf);
    return { ...rest, ...(data !== undefined && { data }), ...(reads && { reads }) };
  };
  // It was looked up when it was read, by the definition in force then.
  for (const definition of definitions.chain.slice(0, definitions.current)) {
    const { key: own, via } = identify(definition, event, dataOf);
    let key = own;
    if (via !== undefined) {
      await rows.prepare([], [via]);
      const alias = rows.alias(via);
      if (alias.waiting?.some(isIt)) rows.setAlias(via, { waiting: alias.waiting.map(readAnew) });
      key = alias.key;
    }
    if (key === undefined) continue;
    await rows.prepare([key]);
    const before = rows.case(key);
    if (!before.pending?.some(isIt)) continue;
    const pending = before.pending.map(readAnew);
    yield { before, step: { case: { ...before, pending }, flags: [], moves: [] } };
  }
}

const typesOf = (slots: readonly SlotDefinition[]): readonly string[] => [
  ...new Set(slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless])),
];
