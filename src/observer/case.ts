/** A case: one observer and one key, all its slots, and the flags raised so far. Pure functions only. */

import type { DefinitionsInForce, JudgedSlot } from "./definitions.js";
import {
  beginningOfRun,
  compareRuns,
  runForCounterpart,
  runForTrigger,
  runOf,
  runsForUnless,
  type Run,
} from "./runs.js";
import {
  dueOf,
  idle,
  type Counterpart,
  type FlagKind,
  type RaisedFlag,
  type Slot,
  type SlotEvent,
  type Transition,
} from "./slot.js";
import { movesOf, type Move } from "./moves.js";
import { readingName } from "./terms.js";
import { onCounterpart, onTime, onTrigger, onUnless } from "./transitions.js";

/**
 * `flagged`: something is missing, or its trigger is. `open`: something is still awaited. `recovered`: it came late.
 * `settled`: all is well. `closed`: it is over, and nothing is to come.
 */
export type CaseStatus = "flagged" | "open" | "recovered" | "settled" | "closed";

export const caseStatuses: readonly CaseStatus[] = ["flagged", "open", "recovered", "settled", "closed"];

/** What a slot reads of an event besides its time. */
export interface SlotReading {
  readonly pair?: string;
  /** Counts, as found. */
  readonly min?: unknown;
  readonly max?: unknown;
}

/** An event as a case sees it. Times are those that decide, in milliseconds since the UNIX epoch. */
export interface CaseEvent extends Counterpart {
  readonly type: string;
  readonly position: string;
  /** By slot, where the slot reads anything. */
  readonly reads?: Readonly<Record<string, SlotReading>>;
  /** By how much its times are later than the log's, where a clock has been reset. */
  readonly offsetMs?: number;
}

export interface Case {
  readonly key: string;
  readonly status: CaseStatus;
  /** By run: `payment`, `payment#2`, `payment[value]`. */
  readonly slots: Readonly<Record<string, Slot>>;
  /** How many flags were raised under the first definition: the sequence number of the next one. */
  readonly flags: number;
  /** The same for later definitions. */
  readonly flagsOf?: Readonly<Record<number, number>>;
  /** Ids of the events that had an effect: the same event again has none. */
  readonly seen: readonly string[];
  /** Business time only: events that wait until no earlier one can come, in the order in which they will count. */
  readonly pending?: readonly CaseEvent[];
  /** When the case needs attention although no event comes: as soon as time is greater. */
  readonly dueMs?: number;
  /** Which definition each slot was opened under, where it was not the first. */
  readonly pins?: Readonly<Record<string, number>>;
  readonly acknowledged?: Acknowledgement;
  readonly closedMs?: number;
}

export interface Acknowledgement {
  readonly eventId: string;
  readonly atMs: number;
  readonly by?: string;
  readonly note?: string;
}

/** A flag, as it is to be recorded. */
export interface Flag extends RaisedFlag {
  /** `undefined`: on the observer itself. */
  readonly case: string | undefined;
  /** Under which definition. */
  readonly definition: number;
  readonly sequence: number;
  readonly kind: FlagKind;
  readonly run?: Run;
  readonly triggerId?: string;
  /** The time that decided, in milliseconds since the UNIX epoch. */
  readonly decidedAtMs: number;
  /** `Uncorrelated`, `ClockAnomaly`: see there. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface CaseStep {
  /** `undefined`: the case is forgotten. */
  readonly case: Case | undefined;
  readonly flags: readonly Flag[];
  /** What statistics are made of. */
  readonly moves: readonly Move[];
}

export const newCase = (key: string): Case => ({ key, status: "settled", slots: {}, flags: 0, seen: [] });

const unchanged = (state: Case): CaseStep => ({ case: state, flags: [], moves: [] });

/** An event joins the case. */
export function applyEvent(definitions: DefinitionsInForce, state: Case, event: CaseEvent): CaseStep {
  if (knows(state, event)) return unchanged(state);
  const step = new Step(definitions, state, event.atMs);
  if (state.closedMs !== undefined) step.afterClose(event);
  else step.apply(event);
  return step.result(event.id);
}

/** Somebody has seen what is amiss in the case, or in one slot of it: escalation stops. */
export function acknowledge(
  definitions: DefinitionsInForce,
  state: Case,
  { slot, ...acknowledged }: Acknowledgement & { readonly slot?: string },
): CaseStep {
  if (state.seen.includes(acknowledged.eventId)) return unchanged(state);
  const step = new Step(definitions, state, acknowledged.atMs);
  let any = false;
  for (const [name, run] of Object.entries(state.slots)) {
    const isAmiss = (run.state === "MISSING" || run.state === "ORPHAN") && !run.acknowledged;
    if (!isAmiss || (slot !== undefined && runOf(name).slot !== slot)) continue;
    any = true;
    step.put(name, { ...run, acknowledged: true });
  }
  return any ? step.result(acknowledged.eventId, acknowledged) : unchanged(state);
}

/** Keeps an event until time has come to its own. */
export function defer(definitions: DefinitionsInForce, state: Case, event: CaseEvent): CaseStep {
  if (knows(state, event)) return unchanged(state);
  const pending = [...(state.pending ?? []), event].toSorted(
    (a, b) => a.atMs - b.atMs || (BigInt(a.position) < BigInt(b.position) ? -1 : 1),
  );
  return { case: withDue(definitions, { ...state, pending }), flags: [], moves: [] };
}

export interface EarlierOptions {
  /** Slots that the definition in force added, or declares otherwise. */
  readonly names: ReadonlySet<string>;
  /** Whether the slots are added to open cases too. */
  readonly includeOpen: boolean;
  /** When the definition came into force, in the time that decides. */
  readonly nowMs: number;
  /** What tells that an event was looked up for this definition. */
  readonly mark: string;
}

/**
 * An event from before the definition in force, for the slots that it added. What came before it is early for triggers
 * that are still to come; a trigger opens the slot only where the case is open, and never earlier than the definition.
 */
export function applyEarlier(
  definitions: DefinitionsInForce,
  state: Case,
  event: CaseEvent,
  { names, includeOpen, nowMs, mark }: EarlierOptions,
): CaseStep {
  if (state.closedMs !== undefined || state.seen.includes(event.id + mark)) return unchanged(state);
  const step = new Step(definitions, state, nowMs);
  const isOpen = includeOpen && isOpenBefore(state, definitions.current);
  step.applyEarlier(event, names, isOpen);
  const { case: after } = step.result(event.id + mark);
  const known = after && after !== state && !after.seen.includes(event.id);
  return { case: known ? { ...after, seen: [...after.seen, event.id] } : after, flags: [], moves: step.movesOnly };
}

/** Whether anything in the case was awaited, or amiss, under an earlier definition. */
const isOpenBefore = ({ slots }: Case, current: number): boolean =>
  Object.values(slots).some(({ state, by = 0 }) => by < current && isUnsettled(state));

const isUnsettled = (state: Slot["state"]): boolean =>
  state === "OPEN" || state === "EARLY" || state === "MISSING" || state === "ORPHAN";

/** Time has passed `nowMs`: what waited for it counts, and deadlines before it fire, in the order of their times. */
export function passTime(definitions: DefinitionsInForce, state: Case, nowMs: number): CaseStep {
  const flags: Flag[] = [];
  const moves: Move[] = [];
  for (let current = state; ;) {
    const [event, ...pending] = current.pending ?? [];
    const due = earliestDue(definitions, current);
    let next: CaseStep;
    // An event at the deadline itself is in time, so it goes first.
    if (event && event.atMs <= nowMs && !(due && due.atMs < event.atMs))
      next = applyEvent(definitions, { ...current, pending }, event);
    else if (due && due.atMs < nowMs) {
      if (due.kind === "forget") return { case: undefined, flags, moves };
      const step = new Step(definitions, current, nowMs);
      if (due.kind === "slot") step.fire(due.run, due.slot);
      else step.close(due.atMs);
      next = step.result();
    } else return { case: withDue(definitions, current), flags, moves };
    flags.push(...next.flags);
    moves.push(...next.moves);
    current = next.case!;
  }
}

/** The same event again is no event. */
const knows = ({ seen, pending }: Case, { id }: CaseEvent): boolean =>
  seen.includes(id) || (pending?.some((waiting) => waiting.id === id) ?? false);

/** How many flags were raised in all. */
export const flagCount = ({ flags, flagsOf }: Pick<Case, "flags" | "flagsOf">): number =>
  Object.values(flagsOf ?? {}).reduce((sum, count) => sum + count, flags);

/** Collects what one event, or one deadline, changes. */
class Step {
  private readonly slots: Record<string, Slot>;
  private readonly flags: Flag[] = [];
  private readonly moves: Move[] = [];
  private readonly counts: Record<number, number> = {};
  private readonly completed: { readonly slot: string; readonly by: SlotEvent }[] = [];
  private pins: Readonly<Record<string, number>> | undefined;
  private closedMs: number | undefined;
  private changed = false;

  constructor(
    private readonly definitions: DefinitionsInForce,
    private readonly before: Case,
    private readonly decidedAtMs: number,
  ) {
    this.slots = { ...before.slots };
    this.pins = before.pins;
    this.closedMs = before.closedMs;
  }

  apply(event: CaseEvent): void {
    for (const { judged, role } of this.definitions.rolesIn(this.before, event.type)) {
      const { terms } = judged;
      const { pair, ...counts } = event.reads?.[readingName(terms.name, judged.by)] ?? {};
      const seen: SlotEvent = event.reads ? { ...event, ...counts } : event;
      if (judged.remembersAll) this.changed = true;
      if (role === "trigger") this.trigger(judged, seen, pair);
      else if (role === "counterpart") {
        const run = runForCounterpart(this.slots, terms, seen, pair);
        if (run !== undefined) this.take(run, judged, onCounterpart(this.run(run, judged), terms, seen));
      } else
        for (const run of runsForUnless(this.slots, terms, pair))
          this.take(run, judged, onUnless(this.run(run, judged), terms, seen));
    }
    this.cascade();
  }

  /** The same for the slots of these names alone, which have seen nothing yet; flags are not counted. */
  applyEarlier(event: CaseEvent, names: ReadonlySet<string>, isOpen: boolean): void {
    for (const { judged, role } of this.definitions.rolesIn(this.before, event.type)) {
      const { terms, by } = judged;
      if (!names.has(terms.name) || by !== this.definitions.current) continue;
      const { pair, ...counts } = event.reads?.[readingName(terms.name, by)] ?? {};
      const seen: SlotEvent = { ...event, ...counts };
      if (role === "trigger" && isOpen)
        this.trigger(judged, { ...seen, atMs: Math.max(seen.atMs, this.decidedAtMs) }, pair);
      else if (role === "trigger") this.put(runForTrigger(this.slots, terms, pair), { ...idle, state: "UNJUDGED", by });
      else if (role === "counterpart") {
        const run = runForCounterpart(this.slots, terms, seen, pair);
        if (run !== undefined) this.take(run, judged, onCounterpart(this.run(run, judged), terms, seen));
      } else
        for (const run of runsForUnless(this.slots, terms, pair))
          this.take(run, judged, onUnless(this.run(run, judged), terms, seen));
    }
    this.cascade();
    for (const by in this.counts) delete this.counts[by];
  }

  get movesOnly(): readonly Move[] {
    return this.moves;
  }

  /** A trigger or counterpart that comes when all is over. */
  afterClose(event: CaseEvent): void {
    for (const { judged, role } of this.definitions.rolesIn(this.before, event.type))
      if (role !== "unless") this.raise(judged, { slot: judged.terms.name }, { kind: "AfterClose", eventId: event.id });
    this.changed = true;
  }

  fire(run: string, judged: JudgedSlot): void {
    this.take(run, judged, onTime(this.slots[run]!, judged.terms));
    this.cascade();
  }

  close(closedMs: number): void {
    this.closedMs = closedMs;
    for (const name of Object.keys(this.slots)) delete this.slots[name];
    this.changed = true;
  }

  put(run: string, slot: Slot): void {
    this.changed ||= slot !== this.slots[run];
    this.slots[run] = slot;
  }

  result(seen?: string, acknowledged = this.before.acknowledged): CaseStep {
    const { before, slots, flags, moves, counts, pins, closedMs } = this;
    if (!this.changed) return { case: before, flags, moves };
    const { [0]: _, ...later } = { ...before.flagsOf, ...counts };
    const state: Case = {
      ...before,
      slots,
      status: closedMs === undefined ? statusOf(slots) : "closed",
      flags: counts[0] ?? before.flags,
      seen: seen === undefined ? before.seen : [...before.seen, seen],
      ...(Object.keys(later).length > 0 && { flagsOf: later }),
      ...(pins && { pins }),
      ...(acknowledged && { acknowledged }),
      ...(closedMs !== undefined && { closedMs }),
    };
    return { case: withDue(this.definitions, state), flags, moves };
  }

  private trigger(judged: JudgedSlot, event: SlotEvent, pair?: string): void {
    const run = runForTrigger(this.slots, judged.terms, pair);
    this.take(run, judged, onTrigger(this.run(run, judged), judged.terms, event));
    if (judged.by > 0 && this.pins?.[judged.terms.name] !== judged.by && this.slots[run]!.triggerId !== undefined)
      this.pins = { ...this.pins, [judged.terms.name]: judged.by };
  }

  /** What was completed opens what comes after it, which may be complete at once. */
  private cascade(): void {
    while (this.completed.length > 0) {
      const completed = this.completed.splice(0);
      for (const { judged, predecessor } of this.definitions.successorsIn(this.before)) {
        const found = completed.find(({ slot }) => slot === predecessor);
        if (found) this.trigger(judged, found.by);
      }
    }
  }

  /** A run that began under terms that are no longer in force, and has no trigger, begins anew. */
  private run(name: string, judged: JudgedSlot): Slot {
    const found = this.slots[name];
    if (found && !judged.isStale(found)) return found;
    const fresh = beginningOfRun(this.slots, name);
    return judged.by > 0 ? { ...fresh, by: judged.by } : fresh;
  }

  private take(run: string, judged: JudgedSlot, { slot, flags, completedBy }: Transition): void {
    const before = this.slots[run];
    this.put(run, slot);
    this.changed ||= flags.length > 0;
    if (before?.state !== slot.state) this.moves.push(...movesOf(before, slot, judged.terms, completedBy));
    for (const flag of flags) this.raise(judged, runOf(run), flag, slot);
    if (completedBy) this.completed.push({ slot: judged.terms.name, by: completedBy });
  }

  private raise({ by }: JudgedSlot, run: Run, flag: RaisedFlag, slot?: Slot): void {
    const { before, counts, decidedAtMs } = this;
    const sequence = counts[by] ?? (by === 0 ? before.flags : (before.flagsOf?.[by] ?? 0));
    counts[by] = sequence + 1;
    const deadlineMs = flag.deadlineMs ?? slot?.deadlineMs;
    this.flags.push({
      ...flag,
      ...{ case: before.key, definition: by, sequence, run, decidedAtMs },
      ...(deadlineMs !== undefined && { deadlineMs }),
      ...(slot?.triggerId !== undefined && { triggerId: slot.triggerId }),
    });
  }
}

function statusOf(slots: Readonly<Record<string, Slot>>): CaseStatus {
  let status: CaseStatus = "settled";
  for (const name in slots)
    switch (slots[name]!.state) {
      case "MISSING":
      case "ORPHAN":
        return "flagged";
      case "OPEN":
      case "EARLY":
        status = "open";
        break;
      case "RECOVERED":
        if (status === "settled") status = "recovered";
        break;
      default:
    }
  return status;
}

type Due =
  | { readonly kind: "slot"; readonly atMs: number; readonly run: string; readonly slot: JudgedSlot }
  | { readonly kind: "close" | "forget"; readonly atMs: number };

/** Of several at the same time, the first in the order of the slots; a case is closed when nothing else is due. */
function earliestDue(definitions: DefinitionsInForce, state: Case): Due | undefined {
  let earliest: Extract<Due, { kind: "slot" }> | undefined;
  for (const run in state.slots) {
    const slot = state.slots[run]!;
    const judged = definitions.slotIn(state, runOf(run).slot);
    const atMs = judged && !judged.isStale(slot) ? dueOf(slot, judged.terms) : undefined;
    if (atMs === undefined) continue;
    const isEarlier =
      !earliest || atMs < earliest.atMs || (atMs === earliest.atMs && compareRuns(run, earliest.run) < 0);
    if (isEarlier) earliest = { kind: "slot", atMs, run, slot: judged! };
  }
  return earliest ?? endOf(definitions, state);
}

function endOf({ inForce }: DefinitionsInForce, state: Case): Due | undefined {
  const { closeAfterMs, forgetAfterMs } = inForce;
  if (state.closedMs !== undefined)
    return forgetAfterMs === undefined || flagCount(state) > 0
      ? undefined
      : { kind: "forget", atMs: state.closedMs + forgetAfterMs };
  if (closeAfterMs === undefined) return undefined;
  let settledMs = -Infinity;
  for (const slot of Object.values(state.slots)) {
    if (isUnsettled(slot.state)) return undefined;
    settledMs = Math.max(settledMs, slot.settledMs ?? -Infinity);
  }
  return settledMs === -Infinity ? undefined : { kind: "close", atMs: settledMs + closeAfterMs };
}

function withDue(definitions: DefinitionsInForce, state: Case): Case {
  let dueMs = earliestDue(definitions, state)?.atMs ?? Infinity;
  // An event counts when time has come to it, a deadline when time has passed it: hence the millisecond.
  const [event] = state.pending ?? [];
  if (event) dueMs = Math.min(dueMs, event.atMs - 1);
  const { dueMs: _, pending, ...rest } = state;
  return { ...rest, ...(pending?.length && { pending }), ...(dueMs < Infinity && { dueMs }) };
}
