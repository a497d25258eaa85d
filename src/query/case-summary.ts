/** A case, as JSON tells it: over HTTP, and by commands. */

import { flagCount, runOf, type Case, type ExplainedSlot, type ObserverState } from "../observer/index.js";
import type { Generation } from "../projection/index.js";
import { isoTime } from "./timeline.js";

/** Times as the log says them: an observer counts on where a wild clock was reset. */
export function logTimes(generation: Generation | undefined): (ms: number | undefined) => string | undefined {
  const { offsetMs = 0 } = (generation?.checkpoint?.state ?? {}) as Partial<ObserverState>;
  return (ms) => isoTime(ms === undefined ? undefined : ms - offsetMs);
}

/** What is told of a case; with the reasons of its slots where they are at hand. */
export function caseSummary(
  found: Case,
  inLog: (ms: number | undefined) => string | undefined,
  explained: readonly ExplainedSlot[] = [],
) {
  const { key, status, slots, dueMs, acknowledged, closedMs } = found;
  return {
    case: key,
    status,
    slots: Object.entries(slots).map(([name, { state, count, deadlineMs, triggerId, step }]) => {
      const { slot, ...run } = runOf(name);
      return {
        name: slot,
        ...run,
        state,
        // Kept only where there is something to count.
        count: count || undefined,
        deadline: inLog(deadlineMs),
        triggerId,
        escalations: step,
        reason: explained.find(({ run: explainedRun }) => explainedRun === name)?.reason,
      };
    }),
    flagCount: flagCount(found),
    /** When it changes although no event comes. */
    due: inLog(dueMs),
    acknowledged: acknowledged && { by: acknowledged.by, note: acknowledged.note, at: inLog(acknowledged.atMs) },
    closed: inLog(closedMs),
  };
}
