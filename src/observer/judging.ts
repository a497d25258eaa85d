/** What happens to a case: an event joins it, time passes, somebody acknowledges what is amiss. Pure functions. */

import {
  isUnsettled,
  newCase,
  type Acknowledgement,
  type Case,
  type CaseEvent,
  type CaseStep,
  type Flag,
} from "./case.js";
import { dueMsOf, earliestDue } from "./case-timing.js";
import type { DefinitionsInForce } from "./definitions.js";
import type { Move } from "./moves.js";
import { runOf } from "./runs.js";
import { Step } from "./step.js";

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
  for (const [name, run] of Object.entries(state.slots)) {
    const isAmiss = (run.state === "MISSING" || run.state === "ORPHAN") && !run.acknowledged;
    if (!isAmiss || (slot !== undefined && runOf(name).slot !== slot)) continue;
    step.put(name, { ...run, acknowledged: true });
  }
  return step.result(acknowledged.eventId, acknowledged);
}

/** Keeps an event until time has come to its own. */
export function defer(definitions: DefinitionsInForce, state: Case, event: CaseEvent): CaseStep {
  // Until its turn comes the case may be forgotten, and with it what was seen.
  const isKnown = definitions.inForce.forgetAfterMs === undefined ? knows(state, event) : isPending(state, event);
  if (isKnown) return unchanged(state);
  const pending = [...(state.pending ?? []), event].toSorted(
    (a, b) => a.atMs - b.atMs || (BigInt(a.position) < BigInt(b.position) ? -1 : 1),
  );
  return unchanged(withDue(definitions, { ...state, pending }));
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
  // What still waits for its time counts when that comes, in every slot.
  if (state.closedMs !== undefined || isPending(state, event) || state.seen.includes(event.id + mark))
    return unchanged(state);
  const step = new Step(definitions, state, nowMs);
  const isOpen = includeOpen && isOpenBefore(state, definitions.current);
  step.applyEarlier(event, names, isOpen);
  const { case: after } = step.result(event.id + mark);
  const known = after && after !== state && !after.seen.includes(event.id);
  return { case: known ? { ...after, seen: [...after.seen, event.id] } : after, flags: [], moves: step.moves };
}

/** Whether anything in the case was awaited, or amiss, under an earlier definition. */
const isOpenBefore = ({ slots }: Case, current: number): boolean =>
  Object.values(slots).some(({ state, by = 0 }) => by < current && isUnsettled(state));

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
      if (due.kind === "forget") {
        if (!current.pending?.length) return { case: undefined, flags, moves };
        // What waits for its time begins a case of its own.
        current = { ...newCase(current.key), pending: current.pending };
        continue;
      }
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
const knows = (state: Case, event: CaseEvent): boolean => state.seen.includes(event.id) || isPending(state, event);

const isPending = ({ pending }: Case, { id }: CaseEvent): boolean =>
  pending?.some((waiting) => waiting.id === id) ?? false;

function withDue(definitions: DefinitionsInForce, state: Case): Case {
  const dueMs = dueMsOf(definitions, state);
  const { dueMs: _, pending, ...rest } = state;
  return { ...rest, ...(pending?.length && { pending }), ...(dueMs < Infinity && { dueMs }) };
}
