/**
 * An independent oracle for observers: what must have been said about a finished log, by quantified statements over each case's events
 * ("the first trigger a; there is a b with λ(b) <= D; ..."). No heap, no machine that is stepped. Quotations are from docs/observers.md.
 *
 * From the log to the flags: `reads.ts` (what is read, and the time after it), `timeline.ts` (the instants at which is judged), `keys.ts`
 * (the case of each event), `lives.ts` (closing and forgetting), `slots.ts`, `rounds.ts` and `pairs.ts` (the runs of a slot), `early.ts` and
 * `opened.ts` (a run before its trigger and after it), `observer-flags.ts`. Not covered: `from: "now"`, and definitions that change.
 *
 * Where the text is silent, it is read thus. One slot:
 *  1. `unless` in EARLY waives even when enough came already: "does not waive what has its count" is of what has its trigger.
 *  2. A trigger that a mark waives makes the slot WAIVED and raises nothing, but `OrphanResolved` in ORPHAN if something belongs to it.
 *  3. A trigger after a waiver in EARLY or ORPHAN has no effect, so there `where` is not asked for `DoneAfterCancel`.
 *  4. `Duplicate` counts in the order of judgement, in OPEN and MISSING too (a maximum read from the trigger may be below the minimum).
 *  5. `Mismatch` is asked of what is a `Duplicate` too, and of what came too late; not of what is `DoneAfterCancel`.
 *  6. `DuplicateTrigger` is never raised with `eachTime`, nor for what `after` opens.
 *  7. An acknowledgement stops the steps of what is amiss then, of all runs of the slot; what is amiss anew later escalates anew.
 *  8. A type that has two roles in one slot is not defined, and refused.
 * Rounds, pairs and sequences:
 *  9. The first trigger belongs to round 1 even where that was waived before. A round from 2 on is begun by its trigger, never EARLY.
 * 10. Pairs of one slot come in the order of their values, in code units, the run without a value first. 1 and "1" are one value.
 * 11. `per` without a path for `unless`: it never has a value. The first mark for those to come counts for closing only until there is a run.
 * 12. What `after` opens at one event comes in waves: all that the event completed, by name, then all that those complete, and so on.
 *     At a firing it comes directly after that firing's flags.
 * Time:
 * 13. The same id at a later position is read (it moves the time, and may show a `ClockAnomaly`), and counts in no case; in a case that was
 *     forgotten it counts again. Without a key it is `Uncorrelated` again. A position that does not ascend is not read at all.
 * 14. An imported event skipped in log time moves λ, and nothing else. Control events count whatever their mark.
 * 15. A tick that does not count (business time, not live) is not read: it moves nothing and fires nothing. The other control events are
 *     read in business time too: they do not move it, but what is overdue fires.
 * 16. Business time: what came in time but lies beyond ω is not judged yet, so no case knows of it. At τ = ω it is judged.
 * 17. Business time: a trigger that comes late may open a slot whose deadline has passed. It fires with the next event read, whatever that
 *     is, so a counterpart that comes after it is a `LateArrival` even when τ(b) <= D. The same goes for every deadline set by what came late.
 * 18. Before its trigger means judged before it, for `OutOfOrder` too, whatever the business times.
 * 19. `occurredInTime` is τ(b) <= D in log time too, with D in log time; τ with the tolerance, if there is one, and never that of the event
 *     that told an alias.
 * 20. `from` a time: the first own or control event recorded then or later, and all after it, even if recorded before.
 * 21. A reset adds to every later time what it took off; so all is reckoned in times that never go back, and shown without that. A reset
 *     before anything else was read changes nothing. `deadlineMs` of `ExpectedSlot` is not shown time, but that inner one.
 * Cases:
 * 22. Aliases are one set for all types, and are told and looked up where an event is read. One that waited counts in its own turn if
 *     that is later, else directly after the event that told its alias, at the time of that. A telling counts even of a repeated id or a closed case.
 * 23. A type that only `keys` names is not read.
 * 24. Time of coming to be settled: that of the event (λ or τ); for both flags at a deadline, of the late counterpart. A mark: the first.
 * 25. `AfterClose` names neither round nor pair, asks no `where`, and comes by the names of the slots. `unless` raises none.
 * 26. Forgetting a case does not forget aliases.
 * 27. Slots compare by name, in code units.
 * The observer itself:
 * 28. Both flags are raised where an event is read, also in business time, by ω as it stands with that event.
 * 29. "Behind" is asked of own types only and of nothing skipped, "ahead" of own types only; each reason has an hour of its own.
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
    const counting = left.filter(({ earlier }) => !earlier.some((at) => !at || !before(at, since)));
    if (counting.length === 0) return undefined;
    const life = judge(counting);
    if (!life.forgotten) return life;
    begin = life.forgotten;
    left = left.filter(({ at }) => !before(at, begin));
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
