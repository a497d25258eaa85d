/** A second, unlike formulation, only to hold against the oracle: the table of section 2 of observer.md, stepped through event by event. */

import type { FlagKind, FlagRecord, LogRecord, SlotState, SlotTerms } from "./records.js";
import { businessTime } from "./timeline.js";

interface Stepped {
  readonly terms: SlotTerms;
  readonly case: string;
  state: SlotState;
  isMarked: boolean;
  deadlineMs: number;
  /** Counterparts so far, with their times. */
  readonly counted: { id: string; timeMs: number; tau: number }[];
}

/** The final states (by case, then slot) and all flags in the order in which they were raised. */
export function stepThrough(log: readonly LogRecord[], slots: readonly SlotTerms[]) {
  const terms = slots[0]!;
  const types = new Set(slots.flatMap((slot) => [...slot.trigger, ...slot.counterpart, ...slot.unless]));
  const machines = new Map<string, Stepped[]>();
  const flags: FlagRecord[] = [];
  const seen = new Set<string>();
  let held: { record: LogRecord; tau: number }[] = [];
  let position = -Infinity;
  let clock = -Infinity;

  const raise = ({ terms: { observer, slot }, case: name }: Stepped, kind: FlagKind, about: Partial<FlagRecord>) => {
    const sequence = flags.filter((flag) => flag.case === name).length;
    flags.push({ observer, slot, case: name, kind, sequence, ...about });
  };
  const raiseLate = (machine: Stepped, b: { id: string; tau: number }) => {
    machine.state = "RECOVERED";
    raise(machine, "LateArrival", { eventId: b.id, occurredInTime: b.tau <= machine.deadlineMs });
  };

  const fireBefore = (now: number) => {
    const due = [...machines.values()].flat().filter(({ state, deadlineMs }) => state === "OPEN" && deadlineMs < now);
    due.sort((x, y) => x.deadlineMs - y.deadlineMs || (x.terms.slot < y.terms.slot ? -1 : 1));
    for (const machine of due) {
      machine.state = "MISSING";
      raise(machine, "Missing", { deadline: new Date(machine.deadlineMs).toISOString() });
      if (machine.counted[0]) raiseLate(machine, machine.counted[0]);
    }
  };

  const onTrigger = (machine: Stepped, timeMs: number) => {
    if (machine.state !== "IDLE" && machine.state !== "EARLY") return;
    machine.deadlineMs = timeMs + machine.terms.withinMs;
    if (machine.isMarked) machine.state = "WAIVED";
    else machine.state = machine.counted.some((b) => b.timeMs <= machine.deadlineMs) ? "MET" : "OPEN";
  };
  const onCounterpart = (machine: Stepped, b: { id: string; timeMs: number; tau: number }) => {
    if (machine.state === "WAIVED") return;
    machine.counted.push(b);
    if (machine.state === "MISSING") raiseLate(machine, b);
    else if (machine.counted.length > Number(machine.terms.max ?? Infinity))
      raise(machine, "Duplicate", { eventId: b.id });
    if (machine.state === "IDLE") machine.state = "EARLY";
    if (machine.state === "OPEN" && b.timeMs <= machine.deadlineMs) machine.state = "MET";
  };
  const onUnless = (machine: Stepped, id: string) => {
    if (machine.state === "IDLE") machine.isMarked = true;
    else if (machine.state === "MISSING") raise(machine, "Withdrawn", { eventId: id });
    if (machine.state === "EARLY" || machine.state === "OPEN" || machine.state === "MISSING") machine.state = "WAIVED";
  };

  const apply = (record: LogRecord, timeMs: number) => {
    const name = record.correlationId;
    if (seen.has(record.id) || name === undefined || name === null || !types.has(record.type)) return;
    seen.add(record.id);
    if (!machines.has(name)) {
      const fresh = { case: name, state: "IDLE", isMarked: false, deadlineMs: Infinity } as const;
      machines.set(
        name,
        slots.map((slot) => ({ ...fresh, terms: slot, counted: [] })),
      );
    }
    const byName = machines.get(name)!.toSorted((x, y) => (x.terms.slot < y.terms.slot ? -1 : 1));
    for (const machine of byName) {
      if (machine.terms.trigger.includes(record.type)) onTrigger(machine, timeMs);
      const b = { id: record.id, timeMs, tau: businessTime(record, terms.toleranceMs) };
      if (machine.terms.counterpart.includes(record.type)) onCounterpart(machine, b);
      if (machine.terms.unless.includes(record.type)) onUnless(machine, record.id);
    }
  };

  for (const record of log) {
    if (record.position <= position) continue;
    position = record.position;
    const isTick = record.type === terms.tickType;
    if (terms.timeBase === "recorded" && (isTick || types.has(record.type))) {
      clock = Math.max(clock, record.recordedAtMs);
      fireBefore(clock);
      if (!record.imported || terms.includeImported) apply(record, clock);
    } else if ((isTick && terms.live) || types.has(record.type)) {
      const tau = businessTime(record, terms.toleranceMs);
      fireBefore(clock);
      if (tau < clock) {
        apply(record, tau);
        continue;
      }
      held.push({ record, tau });
      clock = Math.max(clock, tau - (terms.latenessMs ?? 0));
      const released = held.filter((one) => one.tau <= clock).toSorted((x, y) => x.tau - y.tau);
      held = held.filter((one) => one.tau > clock);
      for (const one of released) {
        fireBefore(one.tau);
        apply(one.record, one.tau);
      }
      fireBefore(clock);
    }
  }
  const states = [...machines].map(([name, of]) => [name, of.map(({ state }) => state)] as const);
  return { states: new Map(states), flags };
}
