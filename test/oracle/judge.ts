/** What a run comes to as a whole: its state, its verdict, its flags, and when it was settled. */

import { judgeEarly, type Early } from "./early.js";
import { judgeOpened, type Completion, type Opened } from "./opened.js";
import { alike } from "./paths.js";
import type { Point } from "./points.js";
import type { ExpectedSlot, SlotState } from "./records.js";
import type { Raised, Run } from "./run.js";

/** The slot came to be settled at that point, at that time; or to be unsettled again. */
export interface Milestone {
  readonly at: Point;
  readonly settledMs: number | undefined;
}

export interface JudgedRun {
  readonly run: Run;
  readonly state: SlotState;
  readonly verdict: ExpectedSlot["verdict"];
  readonly flags: readonly Raised[];
  /** In their order. */
  readonly milestones: readonly Milestone[];
  /** The event that made it MET or RECOVERED, and where. */
  readonly completion: Completion | undefined;
  readonly trigger: { readonly triggerId: string; readonly deadlineMs: number } | undefined;
  readonly early: boolean;
}

function stateOf({ trigger, mark, waiver, kept, orphaned }: Early, opened: Opened | undefined): SlotState {
  if (waiver || (trigger && mark)) return "WAIVED";
  if (!opened) return orphaned ? "ORPHAN" : kept.length > 0 ? "EARLY" : "IDLE";
  if (opened.met) return "MET";
  if (opened.recovered) return "RECOVERED";
  if (opened.waiver) return "WAIVED";
  return opened.missing ? "MISSING" : "OPEN";
}

function milestonesOf({ trigger, mark, waiver, kept }: Early, opened: Opened | undefined): Milestone[] {
  const all: Milestone[] = [];
  if (mark) all.push({ at: mark.at, settledMs: mark.timeMs });
  if (kept[0]) all.push({ at: kept[0].at, settledMs: undefined });
  if (waiver) all.push({ at: waiver.at, settledMs: waiver.timeMs });
  if (trigger) all.push({ at: trigger.at, settledMs: opened ? undefined : trigger.timeMs });
  const end = opened?.met ?? opened?.recovered;
  if (end) all.push({ at: end.at, settledMs: end.event.timeMs });
  if (opened?.waiver) all.push({ at: opened.waiver.at, settledMs: opened.waiver.timeMs });
  return all;
}

function verdictOf(state: SlotState, opened: Opened | undefined): ExpectedSlot["verdict"] {
  if (opened?.missing) return "missing";
  return state === "MET" ? "met" : state === "WAIVED" ? "waived" : "unknown";
}

export function judgeRun(run: Run): JudgedRun {
  const early = judgeEarly(run);
  const { trigger, mark, kept } = early;
  const opened = trigger && !mark ? judgeOpened(run, trigger, early) : undefined;
  const state = stateOf(early, opened);
  const flags = [...early.flags, ...(opened?.flags ?? [])];
  if (trigger && mark) flags.push(...afterMark(run, early));
  const a = run.triggers[0];
  return {
    run,
    state,
    verdict: verdictOf(state, opened),
    flags,
    milestones: milestonesOf(early, opened),
    completion: opened?.met ?? opened?.recovered,
    trigger: a && { triggerId: a.id, deadlineMs: a.timeMs + run.terms.withinMs },
    early: kept.length > 0,
  };
}

/** What is left to say of a trigger that a mark waives: that it resolves an Orphan, and what is done in spite of it. */
function afterMark({ terms, counterparts }: Run, { trigger: a, kept, orphaned }: Early): Raised[] {
  const belonging = counterparts.filter(({ record }) => alike(terms.where, a!.record, record));
  const resolves = orphaned && belonging.some((b) => kept.includes(b));
  const later = terms.flagDoneAfterCancel ? belonging.filter((b) => !kept.includes(b)) : [];
  return [
    ...(resolves ? [{ kind: "OrphanResolved" as const, at: a!.at, about: { eventId: a!.id } }] : []),
    ...later.map(({ id, at }) => ({ kind: "DoneAfterCancel" as const, at, about: { eventId: id } })),
  ];
}
