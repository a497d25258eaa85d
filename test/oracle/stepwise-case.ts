/** One case stepped through: its runs, what `after` opens, closing and forgetting. */

import { alike, valueAt } from "./paths.js";
import type { FlagRecord, SlotFlagKind, SlotTerms } from "./records.js";
import { SteppedRun, type Stepped } from "./stepwise-run.js";

export class SteppedCase {
  readonly flags: FlagRecord[] = [];
  readonly ids = new Set<string>();
  isClosed = false;
  isForgotten = false;
  /** What is taken off a deadline to show it now. */
  offsetMs = 0;
  private runs: SteppedRun[] = [];
  /** Slots whose first trigger has come, for rounds. */
  private readonly triggered = new Set<string>();
  /** When `unless` without a value first came, by slot, for pairs. */
  private readonly marks = new Map<string, Stepped>();
  private readonly slots: readonly SlotTerms[];

  constructor(
    readonly name: string,
    slots: readonly SlotTerms[],
  ) {
    this.slots = slots.toSorted((x, y) => (x.slot < y.slot ? -1 : 1));
    for (const terms of this.slots) if (terms.per === undefined) this.begin(terms);
  }

  states(): [string, string][] {
    const shown = this.runs.map(({ terms, round, pair, state }): [string, string] => [
      terms.slot + (round > 1 ? `#${round}` : "") + (pair === undefined ? "" : `[${pair}]`),
      this.isClosed ? "CLOSED" : state,
    ]);
    const without = this.slots.filter((slot) => this.of(slot).length === 0);
    return [...shown, ...without.map(({ slot }): [string, string] => [slot, this.isClosed ? "CLOSED" : "IDLE"])];
  }

  acknowledge(slot: unknown): void {
    for (const run of this.runs) if (slot === undefined || slot === run.terms.slot) run.acknowledge();
  }

  fireBefore(now: number): void {
    for (;;) {
      const next = this.runs.reduce<SteppedRun | undefined>(
        (least, run) => (least && this.order(least, run) <= 0 ? least : run),
        undefined,
      );
      if (next && next.dueMs < now) {
        next.fire();
        this.follow([next]);
      } else break;
    }
    const { closeAfterMs, forgetAfterMs } = this.slots[0]!;
    if (closeAfterMs === undefined || !this.runs.every((run) => run.isSettled())) return;
    const closeMs = closeAfterMs + this.settledMs();
    if (closeMs < now) this.isClosed = true;
    if (this.isClosed && closeMs + (forgetAfterMs ?? Infinity) < now && this.flags.length === 0)
      this.isForgotten = true;
  }

  count(event: Stepped): void {
    const { id, type } = event.record;
    if (this.ids.has(id)) return;
    this.ids.add(id);
    if (this.isClosed) {
      for (const terms of this.slots)
        if (terms.trigger.includes(type) || terms.counterpart.includes(type))
          this.raise(terms, "AfterClose", { eventId: id });
      return;
    }
    const touched: SteppedRun[] = [];
    for (const terms of this.slots) {
      if (terms.trigger.includes(type)) this.onTrigger(terms, event);
      if (terms.counterpart.includes(type)) this.onCounterpart(terms, event);
      if (terms.unless.includes(type)) this.onUnless(terms, event);
      touched.push(...this.of(terms));
    }
    this.follow(touched);
  }

  private settledMs(): number {
    const marks = [...this.marks].filter(([slot]) => !this.runs.some(({ terms }) => terms.slot === slot));
    return Math.max(...this.runs.map(({ sinceMs }) => sinceMs), ...marks.map(([, { timeMs }]) => timeMs));
  }

  private of({ slot }: SlotTerms): SteppedRun[] {
    const byPair = (x: SteppedRun, y: SteppedRun) => ((x.pair ?? "") < (y.pair ?? "") ? -1 : x.pair === y.pair ? 0 : 1);
    return this.runs.filter(({ terms }) => terms.slot === slot).toSorted(byPair);
  }

  private order(x: SteppedRun, y: SteppedRun): number {
    if (x.dueMs !== y.dueMs) return x.dueMs - y.dueMs;
    if (x.terms.slot !== y.terms.slot) return x.terms.slot < y.terms.slot ? -1 : 1;
    return x.round - y.round || ((x.pair ?? "") < (y.pair ?? "") ? -1 : 1);
  }

  private raise(
    { observer, slot }: SlotTerms,
    kind: SlotFlagKind,
    about: Partial<FlagRecord> & { deadlineMs?: number },
    run?: SteppedRun,
  ): void {
    const { deadlineMs, ...rest } = about;
    this.flags.push({
      observer,
      slot,
      case: this.name,
      kind,
      sequence: this.flags.length,
      ...(run && run.round > 1 && { round: run.round }),
      ...(run?.pair !== undefined && { pair: run.pair }),
      ...(deadlineMs !== undefined && { deadline: new Date(deadlineMs - this.offsetMs).toISOString() }),
      ...rest,
    });
  }

  private begin(terms: SlotTerms, round = 1, pair?: string): SteppedRun {
    const run: SteppedRun = new SteppedRun(terms, (kind, about) => this.raise(terms, kind, about, run), round, pair);
    this.runs.push(run);
    const mark = this.marks.get(terms.slot);
    if (mark) run.onUnless(mark);
    return run;
  }

  private pairOf(terms: SlotTerms, role: "trigger" | "counterpart" | "unless", event: Stepped): string | undefined {
    const path = typeof terms.per === "string" ? terms.per : terms.per?.[role];
    return path === undefined ? undefined : valueAt(path, event.record);
  }

  private runOf(terms: SlotTerms, pair: string | undefined): SteppedRun {
    return this.of(terms).find((run) => run.pair === pair) ?? this.begin(terms, 1, pair);
  }

  private onTrigger(terms: SlotTerms, event: Stepped): void {
    if (terms.per !== undefined) return this.runOf(terms, this.pairOf(terms, "trigger", event)).onTrigger(event);
    const isFirst = !this.triggered.has(terms.slot);
    this.triggered.add(terms.slot);
    const rounds = this.of(terms);
    const run = terms.eachTime && !isFirst ? this.begin(terms, rounds.length + 1) : rounds[0]!;
    run.onTrigger(event);
  }

  private onCounterpart(terms: SlotTerms, event: Stepped): void {
    if (terms.per !== undefined)
      return this.runOf(terms, this.pairOf(terms, "counterpart", event)).onCounterpart(event);
    const rounds = this.of(terms).filter(({ trigger }) => !trigger || alike(terms.where, trigger.record, event.record));
    const run =
      rounds.find(({ state }) => state === "OPEN") ?? rounds.find(({ state }) => state === "MISSING") ?? rounds.at(-1);
    run?.onCounterpart(event);
  }

  private onUnless(terms: SlotTerms, event: Stepped): void {
    const pair = this.pairOf(terms, "unless", event);
    if (pair !== undefined) return this.runOf(terms, pair).onUnless(event);
    for (const run of this.of(terms)) run.onUnless(event);
    if (terms.per !== undefined && !this.marks.has(terms.slot)) this.marks.set(terms.slot, event);
  }

  /** What `after` opens, in waves. */
  private follow(touched: readonly SteppedRun[]): void {
    const completed = touched.filter(({ completedBy }) => completedBy);
    if (completed.length === 0) return;
    const opened: SteppedRun[] = [];
    for (const terms of this.slots) {
      const other = completed.find((run) => run.terms.slot === terms.after);
      if (!other) continue;
      this.onTrigger(terms, other.completedBy!);
      opened.push(...this.of(terms));
    }
    for (const run of completed) run.completedBy = undefined;
    this.follow(opened);
  }
}
