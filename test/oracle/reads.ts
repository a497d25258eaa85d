/** What an observer reads of the log, and where the time stands after each of it ("Time: the log decides"). */

import type { LogRecord, SlotTerms } from "./records.js";
import { acknowledgedType, clockResetType, observerDefinedType } from "./records.js";

export type TimeTerms = Pick<
  SlotTerms,
  "timeBase" | "latenessMs" | "live" | "includeImported" | "toleranceMs" | "tickType" | "from"
> & {
  /** The observer's own event types, of all its slots. */
  readonly types: ReadonlySet<string>;
};

/** One event read. All times but those in `record` are internal: what resets took off the clock is added again. */
export interface Read {
  readonly record: LogRecord;
  readonly is: "event" | "skipped" | "tick" | "control";
  /** What is added to the times of this event. */
  readonly offsetMs: number;
  /** When it was recorded. */
  readonly recordedMs: number;
  /** τ: when it occurred. */
  readonly tau: number;
  /** λ, or the greatest τ, with this event. */
  readonly greatestMs: number;
  /** λ, or ω, with this event: the time that decides. */
  readonly clock: number;
}

/** `occurredAt`, else `recordedAt`; also `recordedAt` when it lies further ahead than tolerated. */
export const businessTime = (record: LogRecord, toleranceMs = Infinity): number =>
  record.occurredAtMs === undefined || record.occurredAtMs > record.recordedAtMs + toleranceMs
    ? record.recordedAtMs
    : record.occurredAtMs;

const controlTypes: readonly string[] = [clockResetType, acknowledgedType, observerDefinedType];

/** Own types and control events, each position once, from where the observer begins (P7). */
function relevant(log: readonly LogRecord[], terms: TimeTerms): LogRecord[] {
  let reached = -Infinity;
  const own = log.filter(({ type, position }) => {
    const isNew = position > reached;
    reached = Math.max(reached, position);
    return isNew && (terms.types.has(type) || type === terms.tickType || controlTypes.includes(type));
  });
  const { from = "beginning" } = terms;
  if (from === "beginning") return own;
  if ("position" in from) return own.filter(({ position }) => position >= Number(from.position));
  const first = own.findIndex(({ recordedAtMs }) => recordedAtMs >= Date.parse(from.time));
  return first < 0 ? [] : own.slice(first);
}

function kindOf({ type, imported }: LogRecord, terms: TimeTerms): Read["is"] {
  if (type === terms.tickType) return "tick";
  if (controlTypes.includes(type)) return "control";
  const isSkipped = imported === true && terms.timeBase === "recorded" && terms.includeImported !== true;
  return isSkipped ? "skipped" : "event";
}

/** The offset after an event: a reset to a time before the one that is internally reached makes up for the difference. */
function offsetAfter({ record, offsetMs, greatestMs }: Read): number {
  if (record.type !== clockResetType) return offsetMs;
  const toMs = Date.parse(String(record.data?.["to"]));
  return toMs + offsetMs < greatestMs ? greatestMs - toMs : offsetMs;
}

export function readsOf(log: readonly LogRecord[], terms: TimeTerms): Read[] {
  const inLogTime = terms.timeBase === "recorded";
  const reads: Read[] = [];
  for (const record of relevant(log, terms)) {
    const is = kindOf(record, terms);
    // "Ticks count only with `live: true`": a tick that does not count is not read.
    if (is === "tick" && !inLogTime && terms.live !== true) continue;
    const previous = reads.at(-1);
    const offsetMs = previous ? offsetAfter(previous) : 0;
    const recordedMs = record.recordedAtMs + offsetMs;
    const tau = businessTime(record, terms.toleranceMs) + offsetMs;
    // "The other control events never move business time."
    const reachesMs = inLogTime ? recordedMs : is === "control" ? -Infinity : tau;
    const greatestMs = Math.max(previous?.greatestMs ?? -Infinity, reachesMs);
    const clock = inLogTime ? greatestMs : greatestMs - (terms.latenessMs ?? 0);
    reads.push({ record, is, offsetMs, recordedMs, tau, greatestMs, clock });
  }
  return reads;
}
