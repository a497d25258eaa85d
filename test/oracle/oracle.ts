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

import type { CaseStatus, ExpectedCase, ExpectedSlot, FlagKind, FlagRecord, LogRecord } from "./records.js";
import type { SlotState, SlotTerms } from "./records.js";
import { businessTime, firstIndex, timeline, type Instant } from "./timeline.js";

/** An event of a case, where and when it was judged. */
interface Judged {
  readonly id: string;
  readonly type: string;
  /** Its instant's index: one total order for the whole log. */
  readonly rank: number;
  /** λ or ω at that instant: the deadlines before it have fired. */
  readonly clock: number;
  /** λ, or τ in business time: what is compared with a deadline. */
  readonly timeMs: number;
  readonly tau: number;
}

/** A flag that has no place in its case's sequence yet. */
interface Raised {
  readonly slot: string;
  readonly kind: FlagKind;
  /** The instant; 0 when fired, 1 when applied; the deadline of what fired. */
  readonly at: readonly [rank: number, phase: 0 | 1, deadlineMs: number];
  readonly about: { readonly deadline: string } | { readonly eventId: string; readonly occurredInTime?: boolean };
}

/** One slot of one case. `events` are those of the case, in the order in which they were judged. */
function judgeSlot(terms: SlotTerms, events: readonly Judged[], instants: readonly Instant[]) {
  const ofTypes = (types: readonly string[]) => events.filter(({ type }) => types.includes(type));
  const bs = ofTypes(terms.counterpart);
  const cs = ofTypes(terms.unless);
  const before = (x: Judged, y: Judged) => x.rank < y.rank;

  // Section 2: a repeated trigger is ignored unless declared, so the first is the only one.
  const a = ofTypes(terms.trigger)[0];
  const D = a === undefined ? Infinity : a.timeMs + terms.withinMs;
  const isEarly = (e: Judged) => a === undefined || before(e, a);
  // Section 1, order rule: deadlines < λ fire before the event is applied. So D still stands at e iff clock(e) <= D.
  const isBeforeFiring = (e: Judged) => !isEarly(e) && e.clock <= D;

  // Section 2, row EARLY: a waiting b, then c, and no trigger yet: waived by c.
  const waivesEarly = cs.find((c) => isEarly(c) && bs.some((b) => before(b, c)));
  // Section 2, row IDLE: c is a mark, and the later a is waived.
  const isMarked = cs.some(isEarly);
  // Section 2, rows OPEN and MISSING: c waives unless some b came before it (rows MET and RECOVERED: c changes nothing).
  const waivesOpen = isMarked ? undefined : cs.find((c) => !isEarly(c) && !bs.some((b) => before(b, c)));
  const waiver = waivesEarly ?? (isMarked ? a : waivesOpen);

  // Section 2, rows EARLY and OPEN, and section 1: in time iff λ(b) <= D; in business time τ(b) <= D.
  const isMet =
    a !== undefined &&
    !isMarked &&
    bs.some((b) => (isEarly(b) ? b.timeMs <= D : isBeforeFiring(b) && !cs.some((c) => before(c, b))));
  const isWaivedInTime = waivesOpen !== undefined && isBeforeFiring(waivesOpen);
  // Section 1: D fires iff something read later than the trigger has λ > D.
  const firedAt = a === undefined ? Infinity : firstIndex(instants, ({ clock }) => clock > D, a.rank + 1);
  const isMissing = a !== undefined && !isMarked && !isMet && !isWaivedInTime && firedAt < instants.length;
  // Section 2, row MISSING: the first of b and c decides.
  const withdrawal = isMissing ? waivesOpen : undefined;
  const late = isMissing && !cs.some((c) => bs[0] === undefined || before(c, bs[0])) ? bs[0] : undefined;

  const state = ((): SlotState => {
    if (isMet) return "MET";
    if (isMissing) return late ? "RECOVERED" : withdrawal ? "WAIVED" : "MISSING";
    if (waiver) return "WAIVED";
    if (a) return "OPEN";
    return bs.length > 0 ? "EARLY" : "IDLE";
  })();

  const raised = (kind: FlagKind, at: Raised["at"], about: Raised["about"]): Raised => ({
    slot: terms.slot,
    kind,
    at,
    about,
  });
  const flags: Raised[] = [];
  if (isMissing) flags.push(raised("Missing", [firedAt, 0, D], { deadline: new Date(D).toISOString() }));
  if (late) {
    const at: Raised["at"] = isEarly(late) ? [firedAt, 0, D] : [late.rank, 1, 0];
    flags.push(raised("LateArrival", at, { eventId: late.id, occurredInTime: late.tau <= D }));
  }
  if (withdrawal) flags.push(raised("Withdrawn", [withdrawal.rank, 1, 0], { eventId: withdrawal.id }));
  // Section 2: every b above the maximum, as long as the slot is not waived.
  for (const b of bs.slice(Number(terms.max ?? bs.length))) {
    if (!waiver || before(b, waiver)) flags.push(raised("Duplicate", [b.rank, 1, 0], { eventId: b.id }));
  }

  const verdict: ExpectedSlot["verdict"] = isMet ? "met" : isMissing ? "missing" : waiver ? "waived" : "unknown";
  const trigger = a === undefined ? {} : { triggerId: a.id, deadlineMs: D };
  const slot: ExpectedSlot = { slot: terms.slot, state, verdict, early: bs.some(isEarly), ...trigger };
  return { slot, flags };
}

/** Section 2, "Case status". */
function statusOf(states: readonly SlotState[]): CaseStatus {
  if (states.includes("MISSING")) return "flagged";
  if (states.includes("OPEN") || states.includes("EARLY")) return "open";
  return states.includes("RECOVERED") ? "recovered" : "settled";
}

const bySlotName = (x: Raised, y: Raised) => (x.slot < y.slot ? -1 : x.slot > y.slot ? 1 : 0);

// The sort is stable, so a `Missing` stays before the `LateArrival` that fires with it (reading 8).
const inSequence = (x: Raised, y: Raised) =>
  x.at[0] - y.at[0] || x.at[1] - y.at[1] || x.at[2] - y.at[2] || bySlotName(x, y);

function checkTerms(slots: readonly SlotTerms[]): SlotTerms {
  const [first] = slots;
  if (!first) throw new Error("The oracle expected at least one slot, found none.");
  const observerTerms = (t: SlotTerms) =>
    [t.observer, t.timeBase, t.latenessMs, t.live, t.includeImported, t.toleranceMs, t.tickType].join(" ");
  for (const terms of slots) {
    const types = [...terms.trigger, ...terms.counterpart, ...terms.unless];
    if (new Set(types).size < types.length) throw new Error(`${terms.slot}: an event type has two roles in one slot.`);
    if (terms.max !== undefined && Number(terms.max) < 1)
      throw new Error(`${terms.slot}: max is ${terms.max}, below 1.`);
    if (observerTerms(terms) !== observerTerms(first)) throw new Error(`${terms.slot}: the observer's terms differ.`);
  }
  return first;
}

/** The judged events of each case, in their order. An id counts once, where it was first read (section 2; reading 3). */
function judgedByCase(log: readonly LogRecord[], instants: readonly Instant[], terms: SlotTerms) {
  const firstPosition = new Map(log.toReversed().map(({ id, position }) => [id, position]));
  const cases = new Map<string, Judged[]>();
  for (const [rank, { record, clock, timeMs }] of instants.entries()) {
    if (!record || record.type === terms.tickType || firstPosition.get(record.id) !== record.position) continue;
    if (record.correlationId === undefined || record.correlationId === null) continue;
    const tau = businessTime(record, terms.toleranceMs);
    const event = { id: record.id, type: record.type, rank, clock, timeMs, tau };
    const events = cases.get(record.correlationId);
    if (events) events.push(event);
    else cases.set(record.correlationId, [event]);
  }
  return cases;
}

/** What one observer must have said, case by case, as of the last event of `log`. `slots` are the terms of all its slots. */
export function expectedCases(log: readonly LogRecord[], slots: readonly SlotTerms[]): ExpectedCase[] {
  const terms = checkTerms(slots);
  const types = new Set(slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless]));
  const instants = timeline(log, { ...terms, types });
  return [...judgedByCase(log, instants, terms)].map(([name, events]) => {
    const judged = slots.map((slot) => judgeSlot(slot, events, instants));
    const flags = judged
      .flatMap(({ flags: ofSlot }) => ofSlot)
      .toSorted(inSequence)
      .map(({ slot, kind, about }, sequence): FlagRecord => ({
        observer: terms.observer,
        slot,
        case: name,
        kind,
        sequence,
        ...about,
      }));
    const expected = judged.map(({ slot }) => slot);
    return {
      observer: terms.observer,
      case: name,
      status: statusOf(expected.map(({ state }) => state)),
      slots: expected,
      flags,
    };
  });
}

/** All flags of all cases; within a case in their sequence. */
export const expectedFlags = (log: readonly LogRecord[], slots: readonly SlotTerms[]): FlagRecord[] =>
  expectedCases(log, slots).flatMap(({ flags }) => flags);
