/** Collects what one event, or one deadline, changes in a case. */

import { statusOf, type Acknowledgement, type Case, type CaseEvent, type CaseStep, type Flag } from "./case.js";
import { dueMsOf } from "./case-timing.js";
import type { DefinitionsInForce, JudgedRole, JudgedSlot } from "./definitions.js";
import { movesOf, type Move } from "./moves.js";
import {
  beginningOfRun,
  isMarkOnly,
  runForCounterpart,
  runForTrigger,
  runOf,
  runsForUnless,
  type Run,
} from "./runs.js";
import { idle, type RaisedFlag, type Slot, type SlotEvent, type Transition } from "./slot.js";
import { readingName } from "./terms.js";
import { onCounterpart, onTime, onTrigger, onUnless } from "./transitions.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const none: readonly never[] = [];

/** What came before the definition waits for triggers to come, and is not missed if none does. */
const withoutOrphans = ({ terms, ...judged }: JudgedSlot): JudgedSlot => {
  const { orphanWithinMs: _, ...rest } = terms;
  return { ...judged, terms: rest };
};

const beginUnder = ({ by }: JudgedSlot, slot: Slot): Slot => (by > 0 ? { ...slot, by } : slot);

export class Step {
  private slots: Record<string, Slot>;
  // Most steps raise nothing and complete nothing: what they do not need is not made.
  private flags: Flag[] | undefined;
  private moved: Move[] | undefined;
  private completed: { readonly slot: string; readonly by: SlotEvent }[] | undefined;
  /** Flags raised so far, by definition. */
  private counts: Record<number, number> | undefined;
  private pins: Case["pins"];
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

  get moves(): readonly Move[] {
    return this.moved ?? none;
  }

  apply(event: CaseEvent): void {
    for (const judged of this.definitions.rolesIn(this.before, event.type)) this.applyTo(judged, event);
    this.cascade();
  }

  /** The same for the slots of these names alone, which have seen nothing yet; flags are not counted. */
  applyEarlier(event: CaseEvent, names: ReadonlySet<string>, isOpen: boolean): void {
    const { current } = this.definitions;
    for (const role of this.definitions.rolesIn(this.before, event.type)) {
      const { terms, by } = role.judged;
      if (!names.has(terms.name) || by !== current) continue;
      if (role.role !== "trigger")
        this.applyTo(isOpen ? role : { ...role, judged: withoutOrphans(role.judged) }, event);
      else if (isOpen) this.applyTo(role, { ...event, atMs: Math.max(event.atMs, this.decidedAtMs) });
      else {
        const pair = event.reads?.[readingName(terms.name, by)]?.pair;
        this.put(runForTrigger(this.slots, terms, pair), { ...idle, state: "UNJUDGED", by });
      }
    }
    this.cascade();
    this.counts = undefined;
    // Nor is anything due before the definition.
    for (const [name, slot] of Object.entries(this.slots))
      if (slot !== this.before.slots[name] && slot.orphanMs !== undefined)
        this.put(name, { ...slot, orphanMs: Math.max(slot.orphanMs, this.decidedAtMs) });
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

  /** Nothing is to come any more: a tombstone remains. */
  close(closedMs: number): void {
    this.closedMs = closedMs;
    this.slots = {};
    this.changed = true;
  }

  put(run: string, slot: Slot): void {
    this.changed ||= slot !== this.slots[run];
    this.slots[run] = slot;
  }

  /** @param seen id of the event, which has no effect a second time */
  result(seen?: string, acknowledged: Acknowledgement | undefined = this.before.acknowledged): CaseStep {
    const { before, slots, flags = none, moves, counts, pins, closedMs } = this;
    if (!this.changed) return { case: before, flags, moves };
    const state: Mutable<Case> = {
      key: before.key,
      status: closedMs === undefined ? statusOf(slots) : "closed",
      slots,
      flags: counts?.[0] ?? before.flags,
      seen: seen === undefined ? before.seen : [...before.seen, seen],
    };
    if (counts) {
      const { [0]: _, ...later } = { ...before.flagsOf, ...counts };
      if (Object.keys(later).length > 0) state.flagsOf = later;
    } else if (before.flagsOf) state.flagsOf = before.flagsOf;
    if (before.pending?.length) state.pending = before.pending;
    if (pins) state.pins = pins;
    if (acknowledged) state.acknowledged = acknowledged;
    if (closedMs !== undefined) state.closedMs = closedMs;
    const dueMs = dueMsOf(this.definitions, state);
    if (dueMs < Infinity) state.dueMs = dueMs;
    return { case: state, flags, moves };
  }

  private applyTo({ judged, role }: JudgedRole, event: CaseEvent): void {
    const { terms } = judged;
    const reading = event.reads?.[readingName(terms.name, judged.by)];
    const seen: SlotEvent = reading ? { ...event, min: reading.min, max: reading.max } : event;
    const pair = reading?.pair;
    if (judged.remembersAll) this.changed = true;
    switch (role) {
      case "trigger":
        return this.trigger(judged, seen, pair);
      case "counterpart": {
        const run = runForCounterpart(this.slots, terms, seen, pair);
        if (run !== undefined) this.take(run, judged, onCounterpart(this.run(run, judged), terms, seen));
        return;
      }
      case "unless":
        for (const run of runsForUnless(this.slots, terms, pair))
          this.take(run, judged, onUnless(this.run(run, judged), terms, seen));
        if (terms.per && pair === undefined) this.markPairs(judged, event.atMs);
    }
  }

  private markPairs(judged: JudgedSlot, atMs: number): void {
    const { name } = judged.terms;
    const base = this.fresh(name, judged) ?? beginUnder(judged, idle);
    if (base.pairsMarkedMs === undefined) this.put(name, { ...base, pairsMarkedMs: atMs });
  }

  private trigger(judged: JudgedSlot, event: SlotEvent, pair?: string): void {
    const { terms, by } = judged;
    const run = runForTrigger(this.slots, terms, pair);
    this.take(run, judged, onTrigger(this.run(run, judged), terms, event));
    if (by > 0 && this.pins?.[terms.name] !== by && this.slots[run]!.triggerId !== undefined)
      this.pins = { ...this.pins, [terms.name]: by };
  }

  /** What was completed opens what comes after it, which may be complete at once. */
  private cascade(): void {
    while (this.completed) {
      const { completed } = this;
      this.completed = undefined;
      for (const { judged, predecessor } of this.definitions.successorsIn(this.before)) {
        const found = completed.find(({ slot }) => slot === predecessor);
        if (found) this.trigger(judged, found.by);
      }
    }
  }

  /** What is there of a run, if it did not begin, without a trigger, under terms that are no longer in force. */
  private fresh(name: string, judged: JudgedSlot): Slot | undefined {
    const found = this.slots[name];
    return found && !judged.isStale(found) ? found : undefined;
  }

  private run(name: string, judged: JudgedSlot): Slot {
    const found = this.fresh(name, judged);
    if (found && !isMarkOnly(found)) return found;
    const isMarked = this.fresh(judged.terms.name, judged) !== undefined;
    return beginUnder(judged, isMarked ? beginningOfRun(this.slots, name) : idle);
  }

  private take(run: string, judged: JudgedSlot, { slot, flags, completedBy }: Transition): void {
    const before = this.slots[run];
    this.put(run, slot);
    if (before?.state !== slot.state)
      for (const move of movesOf(before, slot, judged.terms, completedBy)) (this.moved ??= []).push(move);
    if (flags.length > 0) this.changed = true;
    for (const flag of flags) this.raise(judged, runOf(run), flag, slot);
    if (completedBy) (this.completed ??= []).push({ slot: judged.terms.name, by: completedBy });
  }

  private raise({ by }: JudgedSlot, run: Run, flag: RaisedFlag, slot?: Slot): void {
    const { before, decidedAtMs } = this;
    const counts = (this.counts ??= {});
    const sequence = counts[by] ?? (by === 0 ? before.flags : (before.flagsOf?.[by] ?? 0));
    counts[by] = sequence + 1;
    const deadlineMs = flag.deadlineMs ?? slot?.deadlineMs;
    (this.flags ??= []).push({
      ...flag,
      case: before.key,
      definition: by,
      sequence,
      run,
      decidedAtMs,
      ...(deadlineMs !== undefined && { deadlineMs }),
      ...(slot?.triggerId !== undefined && { triggerId: slot.triggerId }),
    });
  }
}
