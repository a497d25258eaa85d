/** What became of a run after its trigger, unless that was waived by a mark: the rows OPEN, MET, MISSING, RECOVERED and WAIVED of the table. */

import type { Early } from "./early.js";
import type { Judged } from "./keys.js";
import { alike, countAt } from "./paths.js";
import { before, type Point } from "./points.js";
import { escalations, firing, type Raised, type Run } from "./run.js";

/** An event, and the point at which it brought something about. */
export interface Completion {
  readonly event: Judged;
  readonly at: Point;
}

export interface Opened {
  readonly deadlineMs: number;
  /** Where the count was complete in time. */
  readonly met: Completion | undefined;
  /** The deadline passed before that, and before a waiver. */
  readonly missing: Point | undefined;
  /** Where the count was complete after all. */
  readonly recovered: Completion | undefined;
  readonly waiver: Judged | undefined;
  readonly flags: readonly Raised[];
}

export function judgeOpened(run: Run, a: Judged, { kept, orphaned }: Early): Opened {
  const { terms, triggers, counterparts, waivers } = run;
  const deadlineMs = a.timeMs + terms.withinMs;
  const passed = firing(run, deadlineMs, a.at);
  const isBeforeFiring = ({ at }: Judged) => !passed || before(at, passed);
  const belongs = (b: Judged) => alike(terms.where, a.record, b.record);
  const early = kept.filter(belongs);
  const later = counterparts.filter((b) => before(a.at, b.at) && belongs(b));
  const all = [...early, ...later];
  const isEarlyInTime = (b: Judged) => b.timeMs <= deadlineMs;
  const inTime = [...early.filter(isEarlyInTime), ...later.filter(isBeforeFiring)];

  const min = countAt(terms.min ?? 1, a.record);
  /** Where so many are complete: with the trigger if none had to come after it. */
  const complete = (counted: readonly Judged[]): Completion | undefined => {
    const b = min === 0 ? a : counted[min - 1];
    if (!b) return undefined;
    const event = before(a.at, b.at) ? b : a;
    return { event, at: event.at };
  };
  const full = complete(all);
  // "An `unless` does not waive what has its count already", in time or not.
  const c = waivers.find(({ at }) => before(a.at, at));
  const waiver = c && !(full && before(full.at, c.at)) ? c : undefined;
  const met = waiver ? undefined : complete(inTime);
  const missing = met || (waiver && isBeforeFiring(waiver)) ? undefined : passed;

  const recovered = ((): Completion | undefined => {
    if (!missing || waiver || !full) return undefined;
    if (!before(full.at, missing)) return full;
    // "Those in time first, then the late ones in the order in which they were judged."
    const lateEarly = early.filter((b) => !isEarlyInTime(b));
    return { event: [...inTime, ...lateEarly][min - 1]!, at: missing };
  })();

  const flags: Raised[] = [];
  const raise = (kind: Raised["kind"], at: Point, about: Raised["about"]) => flags.push({ kind, at, about });
  if (early[0] && orphaned) raise("OrphanResolved", a.at, { eventId: a.id });
  else if (early[0] && terms.inOrder) raise("OutOfOrder", a.at, { eventId: early[0].id });
  if (missing) raise("Missing", missing, { deadlineMs });
  if (recovered) {
    const { event, at } = recovered;
    raise("LateArrival", at, { eventId: event.id, occurredInTime: event.tau <= deadlineMs });
  }
  if (missing && waiver) raise("Withdrawn", waiver.at, { eventId: waiver.id });
  if (missing) flags.push(...escalations(run, deadlineMs, missing, [recovered?.at, waiver?.at]));

  const counts = (b: Judged) => !waiver || before(b.at, waiver.at);
  const max = countAt(terms.max ?? Infinity, a.record);
  const areFlaggedAtOnce = typeof terms.max === "number" && terms.where === undefined;
  for (const [i, b] of all.entries()) {
    if (i < max || !counts(b)) continue;
    if (i >= early.length) raise("Duplicate", b.at, { eventId: b.id });
    else if (!areFlaggedAtOnce) raise("Duplicate", a.at, { eventId: b.id });
  }
  for (const [i, b] of all.entries()) {
    if (!counts(b)) {
      if (terms.flagDoneAfterCancel) raise("DoneAfterCancel", b.at, { eventId: b.id });
    } else if (!alike(terms.agreeing, a.record, b.record))
      raise("Mismatch", i < early.length ? a.at : b.at, { eventId: b.id });
  }
  if (terms.flagRepeats) {
    for (const again of triggers) {
      if (before(a.at, again.at) && counts(again)) raise("DuplicateTrigger", again.at, { eventId: again.id });
    }
  }
  return { deadlineMs, met, missing, recovered, waiver, flags };
}
