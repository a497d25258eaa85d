/** A case: one observer and one correlation key, all its slots, and the flags raised so far. Pure functions only. */

import type { ObserverDefinition, SlotDefinition } from "./definition.js";
import {
  idle,
  onCounterpart,
  onDeadline,
  onTrigger,
  onUnless,
  type FlagKind,
  type Slot,
  type Transition,
} from "./slot.js";

/** `flagged`: something is missing. `open`: something is still awaited. `recovered`: it came late. `settled`: all is well. */
export type CaseStatus = "flagged" | "open" | "recovered" | "settled";

/** An event as a case sees it. */
export interface CaseEvent {
  readonly id: string;
  readonly type: string;
  readonly position: string;
  /** The time that decides: log time or business time, in milliseconds since the UNIX epoch. */
  readonly atMs: number;
  /** Business time; the time of recording where the writer stated none. */
  readonly occurredAtMs: number;
}

export interface Case {
  readonly key: string;
  readonly status: CaseStatus;
  readonly slots: Readonly<Record<string, Slot>>;
  /** How many flags were raised: the sequence number of the next one. */
  readonly flags: number;
  /** Ids of the events that had an effect: the same event again has none. */
  readonly seen: readonly string[];
  /** Business time only: events that wait until no earlier one can come, in the order in which they will count. */
  readonly pending?: readonly CaseEvent[];
  /** When the case needs attention although no event comes: as soon as time is greater. */
  readonly dueMs?: number;
}

/** A flag, as it is to be recorded. */
export interface Flag {
  readonly case: string;
  readonly sequence: number;
  readonly kind: FlagKind;
  readonly slot: string;
  /** `undefined`, like `triggerId`, for what came before any trigger. */
  readonly deadlineMs: number | undefined;
  readonly triggerId: string | undefined;
  readonly eventId: string | undefined;
  /** Business time says that the late counterpart was in time. */
  readonly occurredInTime: boolean | undefined;
  /** The time that decided, in milliseconds since the UNIX epoch. */
  readonly decidedAtMs: number;
}

export interface CaseStep {
  readonly case: Case;
  readonly flags: readonly Flag[];
}

export const newCase = (key: string): Case => ({ key, status: "settled", slots: {}, flags: 0, seen: [] });

/** An event joins the case. */
export function applyEvent(definition: ObserverDefinition, state: Case, event: CaseEvent): CaseStep {
  if (knows(state, event)) return { case: state, flags: [] };
  const step = new Step(state);
  for (const slot of definition.slots) {
    const transition = transitionFor(slot, event.type);
    if (transition) step.take(slot, transition(step.slot(slot), slot, event), event.atMs, event);
  }
  return step.result(event.id);
}

/** Keeps an event until time has come to its own. */
export function defer(state: Case, event: CaseEvent): CaseStep {
  if (knows(state, event)) return { case: state, flags: [] };
  const pending = [...(state.pending ?? []), event].toSorted(
    (a, b) => a.atMs - b.atMs || (BigInt(a.position) < BigInt(b.position) ? -1 : 1),
  );
  return { case: withDue({ ...state, pending }), flags: [] };
}

/** Time has passed `nowMs`: what waited for it counts, and deadlines before it fire, in the order of their times. */
export function passTime(definition: ObserverDefinition, state: Case, nowMs: number): CaseStep {
  const flags: Flag[] = [];
  for (let current = state; ;) {
    const [event, ...pending] = current.pending ?? [];
    const due = earliestDeadline(definition, current);
    let next: CaseStep;
    // An event at the deadline itself is in time, so it goes first.
    if (event && event.atMs <= nowMs && !(due && due.deadlineMs < event.atMs))
      next = applyEvent(definition, { ...current, pending }, event);
    else if (due && due.deadlineMs < nowMs) {
      const step = new Step(current);
      step.take(due.slot, onDeadline(step.slot(due.slot)), nowMs);
      next = step.result();
    } else return { case: withDue(current), flags };
    flags.push(...next.flags);
    current = next.case;
  }
}

/** The same event again is no event. */
const knows = ({ seen, pending }: Case, { id }: CaseEvent): boolean =>
  seen.includes(id) || (pending?.some((waiting) => waiting.id === id) ?? false);

function transitionFor({ trigger, counterpart, unless }: SlotDefinition, type: string) {
  if (trigger.includes(type)) return onTrigger;
  if (counterpart.includes(type)) return onCounterpart;
  return unless.includes(type) ? onUnless : undefined;
}

/** Collects what one event, or one deadline, changes. */
class Step {
  private readonly slots: Record<string, Slot>;
  private readonly flags: Flag[] = [];
  private changed = false;

  constructor(private readonly before: Case) {
    this.slots = { ...before.slots };
  }

  slot({ name }: SlotDefinition): Slot {
    return this.slots[name] ?? idle;
  }

  take({ name }: SlotDefinition, { slot, flags }: Transition, decidedAtMs: number, event?: CaseEvent): void {
    this.changed ||= slot !== this.slots[name];
    this.slots[name] = slot;
    for (const { kind, eventId } of flags)
      this.flags.push({
        case: this.before.key,
        sequence: this.before.flags + this.flags.length,
        kind,
        slot: name,
        deadlineMs: slot.deadlineMs,
        triggerId: slot.triggerId,
        eventId,
        // Without an event it is one that came early, and too late for the trigger's business time.
        occurredInTime:
          kind === "LateArrival" ? event !== undefined && event.occurredAtMs <= slot.deadlineMs! : undefined,
        decidedAtMs,
      });
  }

  result(seen?: string): CaseStep {
    if (!this.changed) return { case: this.before, flags: [] };
    const { before, slots, flags } = this;
    const state = {
      ...before,
      slots,
      status: statusOf(Object.values(slots)),
      flags: before.flags + flags.length,
      seen: seen === undefined ? before.seen : [...before.seen, seen],
    };
    return { case: withDue(state), flags };
  }
}

function statusOf(slots: readonly Slot[]): CaseStatus {
  const any = (...states: readonly Slot["state"][]) => slots.some(({ state }) => states.includes(state));
  if (any("MISSING")) return "flagged";
  if (any("OPEN", "EARLY")) return "open";
  return any("RECOVERED") ? "recovered" : "settled";
}

/** Of several at the same time, the first in the order of the slots. */
function earliestDeadline(definition: ObserverDefinition, state: Case) {
  let earliest: { slot: SlotDefinition; deadlineMs: number } | undefined;
  for (const slot of definition.slots) {
    const { state: slotState, deadlineMs } = state.slots[slot.name] ?? idle;
    if (slotState === "OPEN" && deadlineMs! < (earliest?.deadlineMs ?? Infinity))
      earliest = { slot, deadlineMs: deadlineMs! };
  }
  return earliest;
}

function withDue(state: Case): Case {
  let dueMs = Infinity;
  for (const { state: slotState, deadlineMs } of Object.values(state.slots))
    if (slotState === "OPEN") dueMs = Math.min(dueMs, deadlineMs!);
  // An event counts when time has come to it, a deadline when time has passed it: hence the millisecond.
  const [event] = state.pending ?? [];
  if (event) dueMs = Math.min(dueMs, event.atMs - 1);
  const { dueMs: _, pending, ...rest } = state;
  return { ...rest, ...(pending?.length && { pending }), ...(dueMs < Infinity && { dueMs }) };
}
