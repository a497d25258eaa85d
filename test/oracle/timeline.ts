/** The instants at which an observer judges, laid out over what it reads: for log time and for business time. */

import { firstIndex } from "./points.js";
import type { Read } from "./reads.js";
import type { SlotTerms } from "./records.js";

/** One instant: the clock stands at `clock`, every deadline before it has fired, and then what was read, if anything, counts. */
export interface Instant {
  /** λ or ω; never falls from one instant to the next. */
  readonly clock: number;
  readonly read?: Read;
  /** The time of the event itself, from which its deadline runs and by which it is in time: λ or τ. */
  readonly timeMs: number;
  /** What is taken off an internal time to show it here. */
  readonly offsetMs: number;
}

/** Log time: each event is judged where it is read. */
const logTime = (reads: readonly Read[]): Instant[] =>
  reads.map((read) => ({ clock: read.clock, timeMs: read.clock, offsetMs: read.offsetMs, read }));

/**
 * Business time: ω = max τ − lateness. What comes with τ >= ω is judged in the order of (τ, position) as ω reaches its τ; what comes
 * with τ < ω, and what does not move the time, is judged where it is read. What ω has not reached by the end of the log is not judged.
 */
function watermarkTime(reads: readonly Read[]): Instant[] {
  const judged = reads.map((read, i) => {
    const timeMs = read.is === "control" ? read.clock : read.tau;
    const step = firstIndex(reads, ({ clock }) => clock >= timeMs, i);
    return { read, timeMs, clock: Math.max(timeMs, read.clock), step, position: read.record.position };
  });
  // A step ends with the clock at ω, which fires what its own releases have just opened: those were read before it. A trigger that
  // came late was not, so its step has no end and a deadline already passed waits for whatever is read next, as in log time.
  const ends = reads.flatMap(({ is, tau, clock }, step) =>
    is === "control" || tau < clock ? [] : [{ read: undefined, timeMs: clock, clock, step, position: Infinity }],
  );
  return [...judged.filter(({ step }) => step < reads.length), ...ends]
    .sort((x, y) => x.step - y.step || x.clock - y.clock || x.position - y.position)
    .map(({ read, timeMs, clock, step }) => ({
      clock,
      timeMs,
      offsetMs: reads[step]!.offsetMs,
      ...(read ? { read } : {}),
    }));
}

/** The instants of an observer, in their order; those of a prefix of the log are a prefix of those of the log. */
export const timeline = (reads: readonly Read[], timeBase: SlotTerms["timeBase"]): Instant[] =>
  timeBase === "recorded" ? logTime(reads) : watermarkTime(reads);
