/**
 * A definition comes into force while cases are open: slots that it adds, or declares otherwise, are looked up in what
 * was recorded before, so that no counterpart is missed that came before the definition. It raises no flag.
 */

import type { RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import type { Case, CaseStep } from "./case.js";
import type { CaseRows } from "./case-rows.js";
import type { DefinitionsInForce } from "./definitions.js";
import { caseEventOf, isJudged } from "./intake.js";
import { applyEarlier } from "./judging.js";
import { identify } from "./keys.js";
import type { ObserverTime } from "./observer-time.js";
import { aliasRow, caseRow } from "./rows.js";

export interface Redefinition {
  /** The event that records the definition. */
  readonly event: RecordedEvent;
  readonly time: ObserverTime;
  readonly startsAfter: bigint | undefined;
  readonly dataOf: (event: RecordedEvent) => unknown;
  readonly rows: CaseRows;
}

/** What the definition that is now in force makes of earlier events, case by case. */
export async function* redefinedCases(
  store: EventStore,
  definitions: DefinitionsInForce,
  { event: defined, time, startsAfter, dataOf, rows }: Redefinition,
): AsyncGenerator<{ readonly before: Case; readonly step: CaseStep }, void> {
  const { inForce, current } = definitions;
  const added = definitions.changedSlots();
  const eventTypes = [
    ...new Set(added.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless])),
  ];
  if (eventTypes.length === 0) return;
  const names = new Set(added.map(({ name }) => name));
  const options = { names, includeOpen: inForce.applyTo === "open", nowMs: time.nowMs, mark: `@${current}` };
  for await (const page of store.readLog({ after: startsAfter, filter: { eventTypes } }))
    for (const event of page) {
      if (event.position >= defined.position) return;
      if (!isJudged(definitions, event)) continue;
      const { key: own, via } = identify(inForce, event, dataOf);
      if (via !== undefined) await rows.prepare([aliasRow(via)]);
      const key = via === undefined ? own : rows.alias(via).key;
      if (key === undefined) continue;
      await rows.prepare([caseRow(key)]);
      const before = rows.case(key);
      const caseEvent = caseEventOf(definitions, time, event, dataOf);
      const step = applyEarlier(definitions, before, caseEvent, options);
      if (step.case !== before) yield { before, step };
    }
}
