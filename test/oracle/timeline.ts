/** The instants at which an observer judges, laid out over the finished log: section 1 of observer.md, for log time and for business time. */

import type { LogRecord, SlotTerms } from "./records.js";

/** One instant: the clock stands at `clock`, every deadline before it has fired, and then `record`, if any, is applied. */
export interface Instant {
  /** λ or ω; never falls from one instant to the next. */
  readonly clock: number;
  readonly record?: LogRecord;
  /** The time of the record itself, from which its deadline runs and by which it is in time: λ or τ. */
  readonly timeMs: number;
}

export interface TimeTerms extends Pick<
  SlotTerms,
  "timeBase" | "latenessMs" | "live" | "includeImported" | "toleranceMs" | "tickType"
> {
  /** The observer's own event types, of all its slots. */
  readonly types: ReadonlySet<string>;
}

/** τ: `occurredAt`, else `recordedAt`; also `recordedAt` when it lies further ahead than tolerated (section 1, "Business time"). */
export const businessTime = (record: LogRecord, toleranceMs = Infinity): number =>
  record.occurredAtMs === undefined || record.occurredAtMs > record.recordedAtMs + toleranceMs
    ? record.recordedAtMs
    : record.occurredAtMs;

/** The index of the first element, at `from` or later, for which `holds`; the length if there is none. Whatever holds for one must hold for all after it. */
export function firstIndex<T>(sorted: readonly T[], holds: (element: T) => boolean, from = 0): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** For each element the greatest up to it. */
function prefixMaxima(values: readonly number[]): number[] {
  let greatest = -Infinity;
  return values.map((value) => (greatest = Math.max(greatest, value)));
}

/** What is read: the observer's own types and the shared clock stream, each position once (section 1, "Log time"; P7). */
function readRecords(log: readonly LogRecord[], terms: TimeTerms): LogRecord[] {
  const reached = prefixMaxima(log.map((record) => record.position));
  // "Ticks count only when the observer declares that its log is live."
  const ticksCount = terms.timeBase === "recorded" || terms.live === true;
  return log.filter(
    ({ type, position }, i) =>
      (i === 0 || position > reached[i - 1]!) && (terms.types.has(type) || (ticksCount && type === terms.tickType)),
  );
}

/** Section 1, "Log time": λ(p) = max(λ(previous), recordedAt(p)), and each event is judged where it is read. */
function logTime(read: readonly LogRecord[], terms: TimeTerms): Instant[] {
  const lambda = prefixMaxima(read.map((record) => record.recordedAtMs));
  return read.map((record, i) => {
    const clock = lambda[i]!;
    const skipped = record.imported === true && terms.includeImported !== true;
    return { clock, timeMs: clock, ...(skipped ? {} : { record }) };
  });
}

/**
 * Section 1, "Business time": ω = max τ − lateness. What comes with τ >= ω is judged in the order of (τ, position) as ω reaches its τ;
 * what comes with τ < ω is judged where it is read. What ω has not reached by the end of the log is not judged.
 */
function watermarkTime(read: readonly LogRecord[], terms: TimeTerms): Instant[] {
  const tau = read.map((record) => businessTime(record, terms.toleranceMs));
  const omega = prefixMaxima(tau).map((greatest) => greatest - (terms.latenessMs ?? 0));
  const judged = read.map((record, i) => ({
    record,
    timeMs: tau[i]!,
    clock: Math.max(tau[i]!, omega[i]!),
    step: firstIndex(omega, (reached) => reached >= tau[i]!, i),
    position: record.position,
  }));
  // A step ends with the clock at ω, which fires what its own releases have just opened: those were read before it. A trigger that
  // came late was not, so its step has no end and a deadline already passed waits for whatever is read next, as in log time.
  const cameLate = (step: number) => tau[step]! < omega[step]!;
  const ends = omega.map((clock, step) => ({ record: undefined, timeMs: clock, clock, step, position: Infinity }));
  return [...judged.filter(({ step }) => step < read.length), ...ends.filter(({ step }) => !cameLate(step))]
    .sort((x, y) => x.step - y.step || x.clock - y.clock || x.position - y.position)
    .map(({ record, timeMs, clock }) => ({ clock, timeMs, ...(record ? { record } : {}) }));
}

/** The instants of an observer with these terms, in their order; those of a prefix of the log are a prefix of those of the log. */
export function timeline(log: readonly LogRecord[], terms: TimeTerms): Instant[] {
  const read = readRecords(log, terms);
  return terms.timeBase === "recorded" ? logTime(read, terms) : watermarkTime(read, terms);
}
