/** Why a slot is in its state, in words for whoever is on call. */

import type { RecordedEvent } from "../message/index.js";
import type { Evidence } from "./evidence.js";
import { anyOf, durationInWords, roughlyInWords } from "./in-words.js";
import { dueOf, type Slot } from "./slot.js";
import type { SlotDefinition } from "./terms.js";

const furthestMs = 8.64e15;

/** `2026-01-01 00:15:00.000Z`. */
export const timeInWords = (ms: number): string =>
  Math.abs(ms) <= furthestMs ? new Date(ms).toISOString().replace("T", " ") : "a time that no calendar has";

/** The state of a run, and why: what opened it, what is awaited by when, what came and what did not. */
export function reasonInWords(run: string, slot: Slot, evidence: Evidence): string {
  const terms = evidence.termsOf(run);
  if (!terms) return `${slot.state}: no definition in force has this expectation any more.`;
  return `${slot.state}: ${new Reasons(run, slot, terms, evidence).inWords()}`;
}

/** The same for an expectation of which the case has no run. */
export const untouchedInWords = ({ trigger, after, counterpart }: SlotDefinition): string =>
  `IDLE: neither ${after === undefined ? anyOf(trigger) : `a completion of ${after}`} nor ${anyOf(counterpart)} came.`;

class Reasons {
  private readonly counterpart: string;
  private readonly trigger: string;

  constructor(
    private readonly run: string,
    private readonly slot: Slot,
    private readonly terms: SlotDefinition,
    private readonly evidence: Evidence,
  ) {
    this.counterpart = anyOf(terms.counterpart);
    this.trigger = terms.after === undefined ? anyOf(terms.trigger) : `the completion of ${terms.after}`;
  }

  inWords(): string {
    const { slot, counterpart, trigger } = this;
    switch (slot.state) {
      case "IDLE":
        return slot.waiverMarked
          ? `${this.waiver()}; if ${trigger} comes, nothing is expected of it.`
          : `no ${trigger} so far.`;
      case "EARLY":
        return `${this.early()} came before ${trigger}${slot.orphanMs === undefined ? ", for which it waits without a limit" : `, which has to come by ${this.at(slot.orphanMs)}${this.awaited(slot.orphanMs)}`}.${this.unjudged()}`;
      case "OPEN":
        return `${this.opened()}; ${counterpart} has to come by ${this.at(slot.deadlineMs!)}${this.awaited(slot.deadlineMs!)}; ${this.soFar()}.${this.unjudged()}`;
      case "MET":
        return `${this.opened()}; ${this.completion()}.`;
      case "MISSING":
        return `${this.opened()}; ${counterpart} had to come by ${this.at(slot.deadlineMs!)}; ${this.passed("Missing")}; ${this.since()}.${this.unjudged()}${this.standing()}`;
      case "RECOVERED":
        return `${this.opened()}; ${counterpart} had to come by ${this.at(slot.deadlineMs!)}; ${this.recovery()}.`;
      case "ORPHAN":
        return `${this.early()} came without ${trigger}, which had to come by ${this.at(slot.orphanMs!)}; ${this.passed("Orphan")}; none came since.${this.unjudged()}${this.standing()}`;
      case "WAIVED":
        return `${slot.triggerId === undefined ? "" : `${this.opened()}; `}${this.waiver()}, so ${counterpart} is not expected any more.`;
      case "UNJUDGED":
        return `its trigger had come before the definition that added this expectation, which concerns later cases only.`;
    }
  }

  private at(ms: number): string {
    return timeInWords(this.evidence.inLog(ms));
  }

  /** The event with its place. */
  private told(event: RecordedEvent): string {
    const { type, id, streamName, revision, position } = event;
    const time = timeInWords(this.evidence.timeOf(event));
    return `${type} at ${time} (event ${id}, ${streamName} revision ${revision}, position ${position})`;
  }

  private opened(): string {
    const { slot, terms, evidence } = this;
    const event = evidence.event(slot.triggerId);
    const opening = terms.after === undefined ? "opened it" : `completed ${terms.after}, which opened this`;
    if (event) return `${this.told(event)} ${opening}`;
    const at = slot.deadlineMs === undefined ? "" : ` at ${this.at(slot.deadlineMs - terms.withinMs)}`;
    return `${this.trigger}${at} (event ${slot.triggerId ?? "unknown"}) ${opening}`;
  }

  private early(): string {
    const { slot, evidence, counterpart } = this;
    const [first] = slot.early ?? [];
    const event = evidence.event(first?.id);
    return event ? this.told(event) : `${counterpart}${first ? ` at ${this.at(first.atMs)} (event ${first.id})` : ""}`;
  }

  /** Whether there is still time, by the log and by the clock of nobody else. */
  private awaited(byMs: number): string {
    const { nowMs } = this.evidence;
    if (nowMs === undefined) return "";
    const leftMs = this.evidence.inLog(byMs) - nowMs;
    return leftMs >= 0
      ? `, ${roughlyInWords(leftMs)} after the time that the log has reached (${timeInWords(nowMs)})`
      : "";
  }

  private passed(kind: "Missing" | "Orphan"): string {
    const flag = this.evidence.flagsOf(this.run).findLast((each) => each.kind === kind);
    if (!flag) return "log time has passed that";
    const { decidedAt, provisional } = flag.data;
    const passed = provisional
      ? "by the observer's own clock, which no event has confirmed, that passed"
      : "log time passed that";
    return `${passed} at ${timeInWords(Date.parse(decidedAt))} (flag ${flag.event.id})`;
  }

  private counterparts(): readonly RecordedEvent[] {
    return this.evidence.among(this.terms.counterpart, this.run, this.slot, this.terms);
  }

  private get needed(): number {
    const { min = 1 } = this.terms;
    return this.slot.min ?? (typeof min === "number" ? min : 1);
  }

  private soFar(): string {
    return this.needed > 1 ? `${this.slot.count} of ${this.needed} came so far` : "it has not come so far";
  }

  private since(): string {
    return this.needed > 1 ? `${this.slot.count} of ${this.needed} came` : "nothing came since";
  }

  /** The counterpart that made the count complete, as far as its time tells. */
  private completing(): RecordedEvent | undefined {
    const settledMs = this.evidence.inLog(this.slot.settledMs ?? Infinity);
    return this.counterparts().findLast((event) => this.evidence.timeOf(event) <= settledMs);
  }

  private completion(): string {
    const { slot, counterpart, evidence } = this;
    const deadline = `the deadline, ${this.at(slot.deadlineMs!)}`;
    const count = this.needed > 1 ? `all ${this.needed} came, the last of them ` : "";
    const event = this.completing();
    if (!event)
      return `${count}${counterpart} came${slot.settledMs === undefined ? "" : ` at ${this.at(slot.settledMs)}`}, by ${deadline}`;
    const trigger = evidence.event(slot.triggerId);
    const before = trigger && event.position < trigger.position ? " had come before" : " came";
    return `${count}${this.told(event)}${before}, by ${deadline}`;
  }

  private recovery(): string {
    const { slot, evidence, counterpart } = this;
    const event = this.completing();
    const lateMs = slot.settledMs === undefined ? undefined : slot.settledMs - slot.deadlineMs!;
    const late = lateMs === undefined ? "late" : `${roughlyInWords(lateMs)} late`;
    if (event) return `${this.told(event)} came ${late}`;
    return `${counterpart} came ${late}${slot.settledMs === undefined ? "" : `, at ${timeInWords(evidence.inLog(slot.settledMs))}`}`;
  }

  private waiver(): string {
    const { evidence, terms, run, slot } = this;
    const settledMs = evidence.inLog(slot.settledMs ?? Infinity);
    const event = evidence.among(terms.unless, run, slot, terms).findLast((each) => evidence.timeOf(each) <= settledMs);
    if (event) return `${this.told(event)} came`;
    return `${anyOf(terms.unless)} came${slot.settledMs === undefined ? "" : ` at ${this.at(slot.settledMs)}`}`;
  }

  /** What is recorded, and lies behind where the observer stands. */
  private unjudged(): string {
    const { evidence, terms, run, slot } = this;
    const types = [...terms.counterpart, ...terms.unless, ...(slot.triggerId === undefined ? terms.trigger : [])];
    const events = evidence.among(types, run, slot, terms).filter(({ position }) => position > evidence.position);
    if (events.length === 0) return "";
    const [first] = events;
    return ` But ${this.told(first!)} is recorded, and has not been judged yet: the observer stands at position ${evidence.position}.`;
  }

  /** Of what is amiss: who knows, and what comes next. */
  private standing(): string {
    const { slot, terms, evidence } = this;
    if (slot.acknowledged) {
      const { by, note, atMs } = evidence.found.acknowledged ?? {};
      const when = atMs === undefined ? "" : ` at ${this.at(atMs)}`;
      return ` Acknowledged${by === undefined ? "" : ` by ${by}`}${when}${note === undefined ? "" : `: "${note}"`}; it does not escalate any more.`;
    }
    const { step = 0 } = slot;
    const escalated = step > 0 ? ` Escalated ${step === 1 ? "once" : `${step} times`}.` : "";
    const next = dueOf(slot, terms);
    const last = (terms.escalateMs?.length ?? 0) > 0 ? " It does not escalate any further." : "";
    return next === undefined
      ? `${escalated}${last} Nobody has acknowledged it.`
      : `${escalated} Nobody has acknowledged it; it escalates at ${this.at(next)}, ${durationInWords(terms.escalateMs![step]!)} after the deadline.`;
  }
}
