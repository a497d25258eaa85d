/**
 * An independent oracle for observers: what must have been said about a finished log, by quantified statements over each case's events
 * ("the first trigger a; there is a b with λ(b) <= D; ..."). No heap, no state that follows another. Sections are those of observer.md.
 *
 * Not covered: orphans, CLOSED and retention, rounds, sequences, predicates, escalation, DuplicateTrigger, OutOfOrder, DoneAfterCancel, ClockReset.
 *
 * Where the text is silent, it is read thus:
 *  1. A counterpart above the maximum is a `Duplicate` in RECOVERED as in MET: the late one counts as the first. No maximum, no `Duplicate`.
 *  2. `unless` while EARLY waives at once, before any trigger. `unless` in IDLE is only a mark: later counterparts still make the slot EARLY
 *     (and can be duplicates) until the trigger waives it.
 *  3. The same id at a later position is read (it moves the time) but not applied; a position that does not ascend is not read at all.
 *  4. An imported event skipped in log time moves λ, and neither opens, meets nor waives.
 *  5. A tick that does not count (business time, not live) is not read: it moves nothing and fires nothing.
 *  6. Business time: what came in time but lies beyond ω is not judged yet, so no state or flag knows of it. At τ = ω it is judged.
 *  7. Business time: a trigger that comes late may open a slot whose deadline has passed. It fires with the next event read, whatever that
 *     is, so a counterpart that comes after it is a `LateArrival` even when τ(b) <= D.
 *  8. Business time: counterparts judged before such a trigger meet the slot only if τ(b) <= D. If all came too late, then the first of them is
 *     `LateArrival` directly after `Missing`, and the slot is RECOVERED. A mark by `unless` waives, whatever its τ.
 *  9. `occurredInTime` is τ(b) <= D in log time too, with D in log time.
 * 10. Several slots of a case flagged at one event: all firings first, by (deadline, slot); then what the event raises, by slot. Slots compare by
 *     name, in code units.
 * 11. A type that is both trigger and counterpart of one slot is not defined, and refused.
 */

import { eventsByCase, type Judged } from "./keys.js";
import { judgeLife, type Flagged, type Life } from "./lives.js";
import { observerFlags } from "./observer-flags.js";
import { before, type Point } from "./points.js";
import { readsOf } from "./reads.js";
import type { CaseStatus, ExpectedCase, ExpectedSlot, FlagRecord, LogRecord, SlotState, SlotTerms } from "./records.js";
import { acknowledgedType } from "./records.js";
import type { JudgedSlot } from "./slots.js";
import { checkTerms, typesOf } from "./terms.js";
import { timeline, type Instant } from "./timeline.js";

function statusOf(states: readonly SlotState[]): CaseStatus {
  const has = (...some: SlotState[]) => some.some((state) => states.includes(state));
  if (has("CLOSED")) return "closed";
  if (has("MISSING", "ORPHAN")) return "flagged";
  if (has("OPEN", "EARLY")) return "open";
  return has("RECOVERED") ? "recovered" : "settled";
}

const shownSlots = ({ terms, runs }: JudgedSlot, closed: boolean): ExpectedSlot[] =>
  runs.map(({ run: { round, pair }, state, verdict, trigger, early }) => ({
    slot: terms.slot + (round === undefined ? "" : `#${round}`) + (pair === undefined ? "" : `[${pair}]`),
    state: closed ? "CLOSED" : state,
    verdict,
    early,
    ...trigger,
  }));

/** The acknowledgements of each case. */
function acksByCase(instants: readonly Instant[], { observer }: SlotTerms) {
  const acks = new Map<unknown, { at: Point; slot: unknown }[]>();
  for (const [rank, { read }] of instants.entries()) {
    const data = read?.record.type === acknowledgedType ? read.record.data : undefined;
    if (data?.["observer"] !== observer) continue;
    const ack = { at: [rank, 1, 0, 0], slot: data["slot"] };
    acks.set(data["case"], [...(acks.get(data["case"]) ?? []), ack]);
  }
  return acks;
}

/** The life of a case that has not been forgotten by the end of the log. An id counts once in a life, where it was first read. */
function lastLife(events: readonly Judged[], judge: (events: readonly Judged[]) => Life): Life | undefined {
  let left = events;
  let begin: Point = [];
  for (;;) {
    const since = begin;
    const life = judge(left.filter(({ earlier }) => !earlier.some((at) => !at || !before(at, since))));
    if (!life.forgotten) return life;
    begin = life.forgotten;
    left = left.filter(({ at }) => !before(at, begin));
    if (left.length === 0) return undefined;
  }
}

function shownFlag({ slot, kind, at, about, round, pair }: Flagged, instants: readonly Instant[]) {
  const { deadlineMs, ...rest } = about;
  // "Open deadlines go back with it": shown is what the clock of the log says there.
  const shownMs = deadlineMs === undefined ? undefined : deadlineMs - instants[at[0]!]!.offsetMs;
  return {
    slot,
    kind,
    ...(round === undefined ? {} : { round }),
    ...(pair === undefined ? {} : { pair }),
    ...(shownMs === undefined ? {} : { deadline: new Date(shownMs).toISOString() }),
    ...rest,
  };
}

/** What one observer must have said, case by case, as of the last event of `log`. `slots` are the terms of all its slots. */
export function expectedCases(log: readonly LogRecord[], slots: readonly SlotTerms[]): ExpectedCase[] {
  const terms = checkTerms(slots);
  const { observer } = terms;
  const reads = readsOf(log, { ...terms, types: typesOf(slots) });
  const instants = timeline(reads, terms.timeBase);
  const acks = acksByCase(instants, terms);
  return [...eventsByCase(reads, instants, terms)].flatMap(([name, events]): ExpectedCase[] => {
    const ofCase = { acks: acks.get(name) ?? [], instants };
    const life = lastLife(events, (of) => judgeLife(slots, { events: of, ...ofCase }));
    if (!life) return [];
    const expected = life.slots.flatMap((slot) => shownSlots(slot, life.closed));
    const flags = life.flags.map((flag, sequence) => ({
      observer,
      case: name,
      sequence,
      ...shownFlag(flag, instants),
    }));
    return [{ observer, case: name, status: statusOf(expected.map(({ state }) => state)), slots: expected, flags }];
  });
}

/** All flags of all cases; within a case in their sequence. */
export const expectedFlags = (log: readonly LogRecord[], slots: readonly SlotTerms[]): FlagRecord[] =>
  expectedCases(log, slots).flatMap(({ flags }) => flags);

/** The flags on the observer itself, in their sequence. */
export function expectedObserverFlags(log: readonly LogRecord[], slots: readonly SlotTerms[]): FlagRecord[] {
  const terms = checkTerms(slots);
  return observerFlags(readsOf(log, { ...terms, types: typesOf(slots) }), terms);
}
