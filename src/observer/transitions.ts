/** The table of one slot (docs/observers.md): what a trigger, a counterpart, a waiver and time do to it. Pure functions. */

import {
  belongs,
  dueOf,
  holds,
  idle,
  keepsAll,
  quiet,
  type Counterpart,
  type RaisedFlag,
  type Slot,
  type SlotEvent,
  type Transition,
} from "./slot.js";
import type { Count, SlotDefinition } from "./terms.js";

export function onTrigger(slot: Slot, terms: SlotDefinition, event: SlotEvent): Transition {
  switch (slot.state) {
    case "IDLE":
    case "EARLY":
    case "ORPHAN":
      return open(slot, terms, event);
    case "OPEN":
    case "MET":
    case "MISSING":
    case "RECOVERED":
      return terms.repeats === "flag"
        ? { slot, flags: [{ kind: "DuplicateTrigger", eventId: event.id }] }
        : quiet(slot);
    case "WAIVED":
      // Its trigger has come now, so that the next one begins another round.
      return quiet(terms.repeats === "round" && !slot.triggerId ? { ...slot, triggerId: event.id } : slot);
    case "UNJUDGED":
      return quiet(slot);
  }
}

/** Whether anything is read of the trigger, or it is enough by itself. */
const asksTrigger = ({ min, max, where, agreeing }: SlotDefinition): boolean =>
  typeof min === "string" || min === 0 || typeof max === "string" || where !== undefined || agreeing !== undefined;

/** The trigger meets what came before it. */
function open(before: Slot, terms: SlotDefinition, event: SlotEvent): Transition {
  if (before === idle && !asksTrigger(terms) && event.offsetMs === undefined)
    // By far the most: nothing came before it, and nothing is to be kept of it.
    return quiet({ state: "OPEN", count: 0, triggerId: event.id, deadlineMs: event.atMs + terms.withinMs });
  const { early = [], orphanMs: _, step: __, acknowledged: ___, ...slot } = before;
  const deadlineMs = event.atMs + terms.withinMs;
  const asks = terms.where !== undefined || terms.agreeing !== undefined;
  const min = readCount(terms, "min", event);
  const max = readCount(terms, "max", event);
  const opened = {
    ...slot,
    triggerId: event.id,
    deadlineMs,
    ...(typeof terms.min === "string" && { min: min! }),
    ...(typeof terms.max === "string" && { max: max! }),
    ...(asks && { trigger: event.data }),
    ...(event.offsetMs !== undefined && { offsetMs: event.offsetMs }),
  };
  const kept = early.filter((counterpart) => holds(terms.where, event.data, counterpart.data));
  const late = kept.filter(({ atMs }) => atMs > deadlineMs);
  const flags: RaisedFlag[] = [];
  if (before.state === "ORPHAN" && kept.length > 0) flags.push({ kind: "OrphanResolved", eventId: event.id });
  if (slot.waiverMarked) return { slot: { ...opened, state: "WAIVED", settledMs: event.atMs }, flags };
  if (before.state !== "ORPHAN" && terms.inOrder && kept.length > 0)
    flags.push({ kind: "OutOfOrder", eventId: kept[0]!.id });
  if (!judgesDuplicatesEarly(terms))
    for (const { id } of kept.slice(max ?? kept.length)) flags.push({ kind: "Duplicate", eventId: id });
  for (const counterpart of kept) flags.push(...mismatch(terms, event.data, counterpart));
  const count = keepsAll(terms) ? kept.length : slot.count;
  if (kept.length - late.length >= (min ?? 1)) {
    const early = kept.length > 0 && { wasEarly: true as const };
    return { slot: { ...opened, state: "MET", count, settledMs: event.atMs, ...early }, flags, completedBy: event };
  }
  // In business time a trigger that is read late may have ended before what was read early.
  return { slot: { ...opened, state: "OPEN", count, ...(late.length > 0 && { late }) }, flags };
}

export function onCounterpart(slot: Slot, terms: SlotDefinition, event: SlotEvent): Transition {
  switch (slot.state) {
    case "IDLE":
    case "EARLY":
    case "ORPHAN":
      return keep(slot, terms, event);
    case "OPEN":
    case "MET":
    case "MISSING":
    case "RECOVERED":
      return belongs(slot, terms, event) ? join(slot, terms, event) : quiet(slot);
    case "WAIVED":
      return terms.flagDoneAfterCancel && belongs(slot, terms, event)
        ? { slot, flags: [{ kind: "DoneAfterCancel", eventId: event.id }] }
        : quiet(slot);
    case "UNJUDGED":
      return quiet(slot);
  }
}

/** A counterpart that belongs to the trigger. */
function join(before: Slot, terms: SlotDefinition, event: SlotEvent): Transition {
  const counts = keepsAll(terms) || terms.max !== undefined;
  const slot = counts ? { ...before, count: before.count + 1 } : before;
  const flags = [...duplicate(slot, terms, event), ...mismatch(terms, slot.trigger, event)];
  const isEnough = !keepsAll(terms) || slot.count - (slot.late?.length ?? 0) >= minOf(slot, terms);
  switch (slot.state) {
    case "OPEN": {
      if (!isEnough) return { slot, flags };
      const { late: _, ...met } = slot;
      return { slot: { ...met, state: "MET", settledMs: event.atMs }, flags, completedBy: event };
    }
    case "MISSING": {
      if (!isEnough) return { slot, flags };
      const { step: _, acknowledged: __, ...recovered } = slot;
      const late = lateArrival(event, slot.deadlineMs!);
      return {
        slot: { ...recovered, state: "RECOVERED", settledMs: event.atMs },
        flags: [late, ...flags],
        completedBy: event,
      };
    }
    case "IDLE":
    case "EARLY":
    case "MET":
    case "RECOVERED":
    case "ORPHAN":
    case "WAIVED":
    case "UNJUDGED":
      return { slot, flags };
  }
}

/** A counterpart before any trigger. Keeps no more than it must, so that repetitions take no room. */
function keep(before: Slot, terms: SlotDefinition, event: SlotEvent): Transition {
  const slot = terms.max === undefined ? before : { ...before, count: before.count + 1 };
  const flags = judgesDuplicatesEarly(terms) ? duplicate(slot, terms, event) : [];
  const kept = keptOf(event);
  if (slot.state === "IDLE") {
    const { orphanWithinMs } = terms;
    const orphan = orphanWithinMs === undefined ? {} : { orphanMs: event.atMs + orphanWithinMs };
    const { settledMs: _, ...idle } = slot;
    return { slot: { ...idle, state: "EARLY", early: [kept], ...orphan }, flags };
  }
  const early = slot.early!;
  if (keepsAll(terms)) return { slot: { ...slot, early: [...early, kept] }, flags };
  const earliest = early.at(-1)!;
  return { slot: event.atMs < earliest.atMs ? { ...slot, early: [early[0]!, kept] } : slot, flags };
}

export function onUnless(slot: Slot, terms: SlotDefinition, { id, atMs }: SlotEvent): Transition {
  switch (slot.state) {
    case "IDLE":
      return quiet({ ...slot, waiverMarked: true, settledMs: slot.settledMs ?? atMs });
    case "OPEN":
      // What came early was done, if too late: there is nothing left to waive.
      return quiet(isDoneLate(slot, terms) ? slot : waived(slot, atMs));
    case "EARLY":
      return quiet(waived(slot, atMs));
    case "MISSING":
    case "ORPHAN":
      return { slot: waived(slot, atMs), flags: [{ kind: "Withdrawn", eventId: id }] };
    case "MET":
    case "RECOVERED":
    case "WAIVED":
    case "UNJUDGED":
      return quiet(slot);
  }
}

function waived(slot: Slot, atMs: number): Slot {
  const { early: _, late: __, orphanMs: ___, step: ____, acknowledged: _____, ...rest } = slot;
  return { ...rest, state: "WAIVED", settledMs: atMs };
}

/** Time has passed what `dueOf` says. */
export function onTime(slot: Slot, terms: SlotDefinition): Transition {
  const deadlineMs = dueOf(slot, terms)!;
  if (slot.state === "EARLY")
    return { slot: { ...slot, state: "ORPHAN" }, flags: [{ kind: "Orphan", eventId: slot.early![0]!.id, deadlineMs }] };
  if (slot.state !== "OPEN") {
    const step = (slot.step ?? 0) + 1;
    return { slot: { ...slot, step }, flags: [{ kind: "Escalated", deadlineMs, step }] };
  }
  const missing: RaisedFlag = { kind: "Missing" };
  const { late = [], ...rest } = slot;
  if (!isDoneLate(slot, terms)) return { slot: { ...rest, state: "MISSING" }, flags: [missing] };
  const inTime = keepsAll(terms) ? slot.count - late.length : 0;
  const completing = late[minOf(slot, terms) - inTime - 1]!;
  return {
    slot: { ...rest, state: "RECOVERED", settledMs: completing.atMs },
    flags: [missing, lateArrival(completing, deadlineMs)],
    completedBy: completing,
  };
}

/** OPEN, and complete but for the deadline: what came early came too late for it. */
const isDoneLate = (slot: Slot, terms: SlotDefinition): boolean =>
  slot.late !== undefined && (!keepsAll(terms) || slot.count >= minOf(slot, terms));

const lateArrival = ({ id, occurredAtMs }: Counterpart, deadlineMs: number): RaisedFlag => ({
  kind: "LateArrival",
  eventId: id,
  occurredInTime: occurredAtMs <= deadlineMs,
});

function duplicate(slot: Slot, { max }: SlotDefinition, { id }: SlotEvent): RaisedFlag[] {
  const most = slot.max ?? (typeof max === "number" ? max : Infinity);
  return slot.count > most ? [{ kind: "Duplicate", eventId: id }] : [];
}

function mismatch({ agreeing }: SlotDefinition, trigger: unknown, { id, data }: Counterpart): RaisedFlag[] {
  return holds(agreeing, trigger, data) ? [] : [{ kind: "Mismatch", eventId: id }];
}

/** Before the trigger: a maximum that is not known yet, or a counterpart that may not belong, can be no duplicate. */
const judgesDuplicatesEarly = ({ max, where }: SlotDefinition): boolean =>
  typeof max === "number" && where === undefined;

const minOf = (slot: Slot, { min = 1 }: SlotDefinition): number => slot.min ?? (typeof min === "number" ? min : 1);

const keptOf = ({ id, atMs, occurredAtMs, data }: SlotEvent): Counterpart => ({
  id,
  atMs,
  occurredAtMs,
  ...(data !== undefined && { data }),
});

/** @throws TypeError when the trigger holds no count where it should */
function readCount(terms: SlotDefinition, which: "min" | "max", event: SlotEvent): number | undefined {
  const count: Count | undefined = terms[which];
  if (typeof count !== "string") return count;
  const value = event[which];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(
    `${terms.name} reads a number of counterparts from ${count} of its trigger, found ${JSON.stringify(value)}; expected a whole number or a list (for an event that stays as it is: raise the version, with another count and applyTo "all", and rebuild it)`,
  );
}
