/** One run of a slot as the table of observers.md has it, stepped through: a state, and what each sort of event makes of it. */

import { alike, countAt } from "./paths.js";
import type { FlagRecord, LogRecord, SlotFlagKind, SlotState, SlotTerms } from "./records.js";

/** An event as it counts. */
export interface Stepped {
  readonly record: LogRecord;
  readonly timeMs: number;
  readonly tau: number;
}

export type Raise = (kind: SlotFlagKind, about: Partial<FlagRecord> & { deadlineMs?: number }) => void;

const settled: readonly SlotState[] = ["IDLE", "MET", "RECOVERED", "WAIVED"];

export class SteppedRun {
  state: SlotState = "IDLE";
  marked = false;
  trigger: Stepped | undefined;
  /** The event that made it MET or RECOVERED just now; whoever asks takes it. */
  completedBy: Stepped | undefined;
  /** When it came to its state; nothing while it is IDLE without a mark. */
  sinceMs = -Infinity;
  dueMs = Infinity;
  private deadlineMs = NaN;
  private step = 0;
  private need = 1;
  private most = Infinity;
  private early: Stepped[] = [];
  private inTime: Stepped[] = [];
  private tooLate: Stepped[] = [];
  private counted = 0;

  constructor(
    readonly terms: SlotTerms,
    private readonly raise: Raise,
    readonly round = 1,
    readonly pair?: string,
  ) {}

  isSettled(): boolean {
    return settled.includes(this.state);
  }

  /** The one deadline that stands: it passes. */
  fire(): void {
    if (this.state === "EARLY") {
      this.raise("Orphan", { deadlineMs: this.dueMs, eventId: this.early[0]!.record.id });
      this.amiss("ORPHAN");
    } else if (this.state === "OPEN") {
      this.raise("Missing", { deadlineMs: this.dueMs });
      this.amiss("MISSING");
      if (this.counted >= this.need) this.recover([...this.inTime, ...this.tooLate][this.need - 1]!);
    } else {
      this.step += 1;
      this.raise("Escalated", { deadlineMs: this.dueMs, step: this.step });
      this.dueMs = this.deadlineMs + (this.terms.escalateMs?.[this.step] ?? Infinity);
    }
  }

  acknowledge(): void {
    if (this.state === "MISSING" || this.state === "ORPHAN") this.dueMs = Infinity;
  }

  onTrigger(a: Stepped): void {
    switch (this.state) {
      case "IDLE":
      case "EARLY":
      case "ORPHAN":
        this.open(a);
        break;
      case "OPEN":
      case "MET":
      case "MISSING":
      case "RECOVERED":
        if (this.terms.flagRepeats && !this.terms.eachTime) this.raise("DuplicateTrigger", { eventId: a.record.id });
        break;
      case "WAIVED":
      case "CLOSED":
    }
  }

  private open(a: Stepped): void {
    const { terms } = this;
    const kept = this.early.filter((b) => alike(terms.where, a.record, b.record));
    const wasOrphan = this.state === "ORPHAN";
    this.trigger = a;
    if (kept.length > 0 && wasOrphan) this.raise("OrphanResolved", { eventId: a.record.id });
    if (this.marked) return this.settle("WAIVED", a.timeMs);
    if (kept.length > 0 && !wasOrphan && terms.inOrder) this.raise("OutOfOrder", { eventId: kept[0]!.record.id });
    this.need = countAt(terms.min ?? 1, a.record);
    this.most = countAt(terms.max ?? Infinity, a.record);
    this.deadlineMs = a.timeMs + terms.withinMs;
    this.dueMs = this.deadlineMs;
    this.state = "OPEN";
    for (const b of kept) (b.timeMs <= this.deadlineMs ? this.inTime : this.tooLate).push(b);
    this.counted = kept.length;
    if (this.inTime.length >= this.need) this.complete("MET", a);
    if (typeof terms.max !== "number" || terms.where !== undefined)
      for (const b of kept.slice(this.most)) this.raise("Duplicate", { eventId: b.record.id });
    for (const b of kept) this.ask(b);
  }

  onCounterpart(b: Stepped): void {
    const { terms, state } = this;
    if (this.trigger && !alike(terms.where, this.trigger.record, b.record)) return;
    if (state === "WAIVED") {
      if (terms.flagDoneAfterCancel) this.raise("DoneAfterCancel", { eventId: b.record.id });
      return;
    }
    if (state === "IDLE" || state === "EARLY" || state === "ORPHAN") {
      this.early.push(b);
      if (typeof terms.max === "number" && terms.where === undefined && this.early.length > terms.max)
        this.raise("Duplicate", { eventId: b.record.id });
      if (state === "IDLE") {
        this.state = "EARLY";
        this.dueMs = b.timeMs + (terms.orphanWithinMs ?? Infinity);
      }
      return;
    }
    this.counted += 1;
    if (state === "OPEN") {
      if (b.timeMs > this.deadlineMs) throw new Error(`${b.record.id}: too late, yet before the deadline fired.`);
      this.inTime.push(b);
      if (this.inTime.length >= this.need) this.complete("MET", b);
    }
    if (state === "MISSING" && this.counted >= this.need) this.recover(b);
    if (this.counted > this.most) this.raise("Duplicate", { eventId: b.record.id });
    this.ask(b);
  }

  onUnless(c: Stepped): void {
    if (this.state === "IDLE" && !this.marked) {
      this.marked = true;
      this.sinceMs = c.timeMs;
    }
    if (this.state === "OPEN" && this.counted >= this.need) return;
    if (this.state === "MISSING" || this.state === "ORPHAN") this.raise("Withdrawn", { eventId: c.record.id });
    if (!this.isSettled()) this.settle("WAIVED", c.timeMs);
  }

  private ask(b: Stepped): void {
    if (!alike(this.terms.agreeing, this.trigger!.record, b.record)) this.raise("Mismatch", { eventId: b.record.id });
  }

  private amiss(state: "ORPHAN" | "MISSING"): void {
    this.state = state;
    this.deadlineMs = this.dueMs;
    this.step = 0;
    this.dueMs += this.terms.escalateMs?.[0] ?? Infinity;
  }

  private recover(b: Stepped): void {
    this.raise("LateArrival", { eventId: b.record.id, occurredInTime: b.tau <= this.deadlineMs });
    this.complete("RECOVERED", b);
  }

  private complete(state: "MET" | "RECOVERED", by: Stepped): void {
    this.completedBy = by;
    this.settle(state, by.timeMs);
  }

  private settle(state: SlotState, timeMs: number): void {
    this.state = state;
    this.sinceMs = timeMs;
    this.dueMs = Infinity;
  }
}
