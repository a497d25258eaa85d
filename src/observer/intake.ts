/** What one event of the log is to an observer: whether it moves time on, and as what it joins its case. */

import type { RecordedEvent } from "../message/index.js";
import { applyEvent, defer, type Case, type CaseEvent, type CaseStep } from "./case.js";
import type { ObserverDefinition } from "./definition.js";
import type { ObserverTime } from "./observer-time.js";
import { tickType } from "../subscription/index.js";

/** False for a tick that says nothing, because the observer's log is not live. */
export const movesTime = ({ live }: ObserverDefinition, { type }: RecordedEvent): boolean => type !== tickType || live;

/** The event as a case sees it; `undefined` for what moves time on and no more. To be asked once time has moved. */
export function caseEventOf(
  { includeImported }: ObserverDefinition,
  time: ObserverTime,
  event: RecordedEvent,
): CaseEvent | undefined {
  const { id, type, position, imported } = event;
  if (type === tickType || (imported && !includeImported)) return undefined;
  return { id, type, position: String(position), atMs: time.timeOf(event), occurredAtMs: time.businessTimeOf(event) };
}

/** The event joins its case, now or once time has come to it. */
export const joinCase = (
  definition: ObserverDefinition,
  time: ObserverTime,
  state: Case,
  event: CaseEvent,
): CaseStep => (event.atMs > time.nowMs ? defer(state, event) : applyEvent(definition, state, event));
