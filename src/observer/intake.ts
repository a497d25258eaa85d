/** What one event of the log is to an observer: as what it joins its case, and what its slots read of it. */

import type { RecordedEvent, Upcasters } from "../message/index.js";
import type { Case, CaseEvent, CaseStep, SlotReading } from "./case.js";
import type { DefinitionsInForce } from "./definitions.js";
import { isControl } from "./control-events.js";
import { applyEvent, defer } from "./judging.js";
import type { ObserverTime } from "./observer-time.js";
import { nameOf, valueAt } from "./path.js";
import { readingName, type SlotDefinition } from "./terms.js";

/** Data of an event in its present shape; `undefined` for what is no JSON. @throws EventTooNew, UndecodableEvent */
export const dataReader =
  (upcasters: Upcasters | undefined) =>
  (event: RecordedEvent): unknown =>
    event.data instanceof Uint8Array ? undefined : upcasters ? upcasters.dataOf(event) : event.data;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Whether the event may join a case; others only move time on. */
export const isJudged = ({ inForce }: DefinitionsInForce, { type, imported }: RecordedEvent): boolean =>
  !isControl(type) && (!imported || inForce.includeImported);

/** The event as a case sees it. To be asked once time has moved. */
export function caseEventOf(
  definitions: DefinitionsInForce,
  time: ObserverTime,
  event: RecordedEvent,
  dataOf: (event: RecordedEvent) => unknown,
): CaseEvent {
  const { readsData, readsPaths } = definitions;
  const { offsetMs } = time;
  const seen: Mutable<CaseEvent> = {
    id: event.id,
    type: event.type,
    position: String(event.position),
    atMs: time.timeOf(event),
    occurredAtMs: time.businessTimeOf(event),
  };
  if (readsData) seen.data = dataOf(event);
  const reads = readsPaths ? readingsOf(definitions, event, dataOf) : undefined;
  if (reads) seen.reads = reads;
  if (offsetMs !== 0) seen.offsetMs = offsetMs;
  return seen;
}

/** The event joins its case, now or once time has come to it. */
export const joinCase = (
  definitions: DefinitionsInForce,
  time: ObserverTime,
  state: Case,
  event: CaseEvent,
): CaseStep => (event.atMs > time.nowMs ? defer(definitions, state, event) : applyEvent(definitions, state, event));

/** What the slots of the definitions known so far read of the event. */
function readingsOf(
  { chain, current }: DefinitionsInForce,
  event: RecordedEvent,
  dataOf: (event: RecordedEvent) => unknown,
): Record<string, SlotReading> | undefined {
  const reads: Record<string, SlotReading> = {};
  const at = (path: string) => valueAt(event, path.startsWith("data.") ? dataOf(event) : undefined, path);
  for (let by = 0; by <= current; by++)
    for (const slot of chain[by]!.slots) {
      const reading = readingOf(slot, event.type, at);
      if (reading) reads[readingName(slot.name, by)] = reading;
    }
  return Object.keys(reads).length > 0 ? reads : undefined;
}

function readingOf(slot: SlotDefinition, type: string, at: (path: string) => unknown): SlotReading | undefined {
  const { trigger, counterpart, unless, per, min, max } = slot;
  const isTrigger = trigger.includes(type);
  const path = isTrigger
    ? per?.trigger
    : counterpart.includes(type)
      ? per?.counterpart
      : unless.includes(type)
        ? per?.unless
        : undefined;
  const pair = path === undefined ? undefined : nameOf(at(path));
  const countAt = (count: typeof min) => {
    if (!isTrigger || typeof count !== "string") return undefined;
    const value = at(count);
    return Array.isArray(value) ? value.length : (value ?? null);
  };
  const [least, most] = [countAt(min), countAt(max)];
  if (pair === undefined && least === undefined && most === undefined) return undefined;
  return {
    ...(pair !== undefined && { pair }),
    ...(least !== undefined && { min: least }),
    ...(most !== undefined && { max: most }),
  };
}
