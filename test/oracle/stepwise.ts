/** A second, unlike formulation, only to hold against the oracle: the table and the times of observers.md, stepped through event by event. */

import { valueAt } from "./paths.js";
import { acknowledgedType, clockResetType, observerDefinedType } from "./records.js";
import type { FlagRecord, LogRecord, SlotTerms } from "./records.js";
import { SteppedCase } from "./stepwise-case.js";
import type { Stepped } from "./stepwise-run.js";

const hourMs = 3_600_000;

class Steps {
  readonly cases = new Map<string, SteppedCase>();
  /** Also of cases that are forgotten by now; they have none. */
  readonly own: FlagRecord[] = [];
  private readonly terms: SlotTerms;
  private readonly types: ReadonlySet<string>;
  private hasBegun = false;
  private position = -Infinity;
  private clock = -Infinity;
  private greatest = -Infinity;
  private offsetMs = 0;
  private held: Stepped[] = [];
  private waiting: { alias: string; event: Stepped }[] = [];
  /** What was told, where it was read; and the same once that counted. */
  private readonly tellings = new Map<string, { readonly key: string; readonly position: number }>();
  private readonly meanings = new Map<string, string>();
  private readonly lastNotice = new Map<string, number>();
  private unflagged = 0;

  constructor(private readonly slots: readonly SlotTerms[]) {
    this.terms = slots[0]!;
    this.types = new Set(slots.flatMap((slot) => [...slot.trigger, ...slot.counterpart, ...slot.unless]));
  }

  read(record: LogRecord): void {
    const { terms } = this;
    if (record.position <= this.position) return;
    this.position = record.position;
    const isTick = record.type === terms.tickType;
    const isControl = [clockResetType, acknowledgedType, observerDefinedType].includes(record.type);
    if (!isTick && !isControl && !this.types.has(record.type)) return;
    if (!this.begins(record)) return;
    if (terms.timeBase === "recorded") this.inLogTime(record, isTick, isControl);
    else if (!isTick || terms.live) this.inBusinessTime(record, isTick, isControl);
    if (record.type === clockResetType) {
      const to = Date.parse(record.data!["to"] as string);
      if (to + this.offsetMs < this.greatest) this.offsetMs = this.greatest - to;
    }
  }

  private begins({ position, recordedAtMs }: LogRecord): boolean {
    const { from } = this.terms;
    if (from === undefined || from === "beginning") return true;
    if ("position" in from) return position >= Number(from.position);
    this.hasBegun ||= recordedAtMs >= Date.parse(from.time);
    return this.hasBegun;
  }

  private inLogTime(record: LogRecord, isTick: boolean, isControl: boolean): void {
    const recorded = record.recordedAtMs + this.offsetMs;
    this.greatest = Math.max(this.greatest, recorded);
    this.clock = this.greatest;
    this.fireBefore(this.clock);
    if (isControl) return this.control(record);
    if (isTick) return this.tick(record);
    if (record.imported && !this.terms.includeImported) return;
    if (recorded + 60_000 < this.clock) this.anomaly(record, "behind", this.clock - recorded);
    this.correlated(record);
    this.place({ record, timeMs: this.clock, tau: recorded + this.claimed(record) });
  }

  private inBusinessTime(record: LogRecord, isTick: boolean, isControl: boolean): void {
    this.fireBefore(this.clock);
    if (isControl) return this.control(record);
    const aheadMs = (record.occurredAtMs ?? record.recordedAtMs) - record.recordedAtMs;
    const isAhead = aheadMs > (this.terms.toleranceMs ?? Infinity);
    const tau = record.recordedAtMs + this.offsetMs + this.claimed(record);
    const event = { record, timeMs: tau, tau };
    const before = this.clock;
    this.greatest = Math.max(this.greatest, tau);
    this.clock = this.greatest - (this.terms.latenessMs ?? 0);
    if (isTick) this.tick(record);
    else {
      if (isAhead) this.anomaly(record, "ahead", aheadMs);
      this.correlated(record);
    }
    if (tau < before) return isTick ? undefined : this.place(event);
    if (!isTick) this.held.push(event);
    const released = this.held.filter((one) => one.tau <= this.clock).toSorted((x, y) => x.tau - y.tau);
    for (const one of released) {
      this.held = this.held.filter((other) => other !== one);
      this.fireBefore(one.tau);
      this.place(one);
    }
    this.fireBefore(this.clock);
  }

  /** How long after its recording an event occurred, as far as that is believed. */
  private claimed({ occurredAtMs, recordedAtMs }: LogRecord): number {
    const aheadMs = (occurredAtMs ?? recordedAtMs) - recordedAtMs;
    return aheadMs > (this.terms.toleranceMs ?? Infinity) ? 0 : aheadMs;
  }

  private fireBefore(now: number): void {
    for (const [name, one] of this.cases) {
      one.offsetMs = this.offsetMs;
      one.fireBefore(now);
      if (one.isForgotten) this.cases.delete(name);
    }
  }

  private control({ type, data }: LogRecord): void {
    if (type !== acknowledgedType || data!["observer"] !== this.terms.observer) return;
    this.cases.get(data!["case"] as string)?.acknowledge(data!["slot"]);
  }

  private tick(record: LogRecord): void {
    const askedAt = record.data?.["askedAt"] as string | undefined;
    const differenceMs = askedAt === undefined ? 0 : record.recordedAtMs - Date.parse(askedAt);
    if (Math.abs(differenceMs) > 60_000) this.anomaly(record, "tick", differenceMs);
  }

  /** "The first one and then at most one an hour." */
  private notice(what: string, about: Pick<FlagRecord, "kind"> & Partial<FlagRecord>): boolean {
    const last = this.lastNotice.get(what);
    if (last !== undefined && this.clock < last + hourMs) return false;
    this.lastNotice.set(what, this.clock);
    this.own.push({ observer: this.terms.observer, slot: "", case: "", sequence: this.own.length, ...about });
    return true;
  }

  private anomaly({ id }: LogRecord, reason: "behind" | "tick" | "ahead", differenceMs: number): void {
    this.notice(reason, { kind: "ClockAnomaly", reason, differenceMs, eventId: id });
  }

  private pathsOf({ type }: LogRecord): { key?: string | undefined; alias?: string; via?: string } {
    const term = this.terms.keys?.[type] ?? this.terms.key;
    return typeof term === "object" ? term : { key: term };
  }

  private keyOf(record: LogRecord): string | undefined {
    const { key } = this.pathsOf(record);
    return key === undefined ? record.correlationId || undefined : valueAt(key, record);
  }

  private correlated(record: LogRecord): void {
    const { via, alias: tells } = this.pathsOf(record);
    const [key, told] = [this.keyOf(record), tells === undefined ? undefined : valueAt(tells, record)];
    if (key !== undefined && told !== undefined && !this.tellings.has(told))
      this.tellings.set(told, { key, position: record.position });
    if ((via === undefined ? this.keyOf(record) : valueAt(via, record)) !== undefined) return;
    this.unflagged += 1;
    if (this.notice("", { kind: "Uncorrelated", eventId: record.id, count: this.unflagged })) this.unflagged = 0;
  }

  /** Finds its case, or waits for its alias; tells an alias, and lets those count that waited for it. */
  private place(event: Stepped): void {
    const { via, alias: tells } = this.pathsOf(event.record);
    if (via !== undefined) {
      const alias = valueAt(via, event.record);
      const telling = alias === undefined ? undefined : this.tellings.get(alias);
      const isKnown = telling && (telling.position < event.record.position || this.meanings.has(alias!));
      if (isKnown) this.count(telling.key, event);
      else if (alias !== undefined) this.waiting.push({ alias, event });
      return;
    }
    const key = this.keyOf(event.record);
    if (key === undefined) return;
    this.count(key, event);
    const alias = tells === undefined ? undefined : valueAt(tells, event.record);
    if (alias === undefined || this.tellings.get(alias)?.position !== event.record.position) return;
    this.meanings.set(alias, key);
    const told = this.waiting.filter((one) => one.alias === alias).map((one) => one.event);
    this.waiting = this.waiting.filter((one) => one.alias !== alias);
    for (const one of told.toSorted((x, y) => x.record.position - y.record.position))
      this.count(key, { ...one, timeMs: event.timeMs });
  }

  private count(key: string, event: Stepped): void {
    const { id, position } = event.record;
    // An id counts where it was first read, which may be judged later.
    const later = [...this.held, ...this.waiting.map((one) => one.event)];
    if (later.some(({ record }) => record.id === id && record.position < position)) return;
    if (!this.cases.has(key)) this.cases.set(key, new SteppedCase(key, this.slots));
    const found = this.cases.get(key)!;
    found.offsetMs = this.offsetMs;
    found.count(event);
  }
}

/** The final states of the cases that are left, their flags, and those on the observer itself, as they were raised. */
export function stepThrough(log: readonly LogRecord[], slots: readonly SlotTerms[]) {
  const steps = new Steps(slots);
  for (const record of log) steps.read(record);
  const cases = [...steps.cases].map(([name, one]) => ({
    case: name,
    states: one.states().toSorted(),
    flags: one.flags,
  }));
  return { cases, own: steps.own };
}
