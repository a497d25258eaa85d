/** Stories of an observer: given these events, after this time, then these flags are raised. */

import { InvalidModel } from "../../errors.js";
import type { RecordedEvent } from "../../message/index.js";
import { newCase, passTime, type Case, type CaseStep, type Flag } from "../../observer/case.js";
import { definitionOf } from "../../observer/definition.js";
import {
  definitionProblems,
  milliseconds,
  type Duration,
  type FlagKind,
  type ObserverDefinition,
} from "../../observer/index.js";
import { caseEventOf, joinCase, movesTime } from "../../observer/intake.js";
import { ObserverTime } from "../../observer/observer-time.js";
import { defaultStreamPrefix } from "../../store/event-store.js";
import { clockStreamOf, tickType } from "../../subscription/index.js";
import { declaredAs, same } from "./outcome.js";
import { Recording, type GivenEvent } from "./recording.js";

export interface ExpectedFlag<O> {
  /** The field whose expectation was not met. */
  readonly slot: keyof O & string;
  readonly kind: FlagKind;
  /** Correlation id; any unless stated. */
  readonly case?: string;
}

export interface ObserverStory<O> {
  /** Events recorded now, in this order. */
  given(...events: GivenEvent[]): ObserverStory<O>;
  /** Time passes, and the clock stream says so. */
  after(duration: Duration): ObserverStory<O>;
  /** Exactly these flags so far, in the order in which they are raised. @throws AssertionError */
  thenFlags(...expected: ExpectedFlag<O>[]): void;
}

type Step = (replay: Replay) => void;

/** Begins a story: `observer(OrderToCash).given(placed).after({ minutes: 16 }).thenFlags({ slot: "payment", kind: "Missing" })`. */
export function observer<O extends object>(type: new () => O): ObserverStory<O> {
  const declared = declaredAs("observer", type);
  const problems = definitionProblems(declared);
  if (problems.length > 0) throw new InvalidModel(problems);
  return story(definitionOf(declared), type.name, []);
}

function story<O>(definition: ObserverDefinition, name: string, steps: readonly Step[]): ObserverStory<O> {
  return {
    given: (...events) =>
      story(definition, name, [...steps, (replay) => events.forEach((each) => replay.record(each))]),
    after: (duration) => story(definition, name, [...steps, (replay) => replay.wait(milliseconds(duration))]),
    thenFlags: (...expected) => {
      const replay = new Replay(definition);
      for (const step of steps) step(replay);
      const found = replay.flags.map(({ slot, kind, case: key }, i) =>
        // The case counts where the story names one.
        expected[i] && expected[i].case === undefined ? { slot, kind } : { slot, kind, case: key },
      );
      same(found, expected, `${name} raised other flags than expected.`);
    },
  };
}

/** Cases in memory; every step is decided by the functions that decide it in an application. */
class Replay {
  readonly flags: Flag[] = [];
  private readonly recording = new Recording();
  private readonly time: ObserverTime;
  private readonly cases = new Map<string, Case>();

  constructor(private readonly definition: ObserverDefinition) {
    this.time = new ObserverTime(definition);
  }

  record(given: GivenEvent): void {
    const recorded = this.recording.record(given);
    if (this.definition.eventTypes.includes(recorded.type)) this.take(recorded);
  }

  wait(durationMs: number): void {
    this.recording.nowMs += durationMs;
    this.record({ event: tickType, streamName: clockStreamOf({ streamPrefix: defaultStreamPrefix }) });
  }

  /** First time moves on and deadlines before it fire, then the event itself counts. */
  private take(recorded: RecordedEvent): void {
    const { time, definition } = this;
    if (!movesTime(definition, recorded)) return;
    time.advance(recorded);
    for (let due = this.nextDue(); due; due = this.nextDue()) this.keep(passTime(definition, due, time.nowMs));
    const event = caseEventOf(definition, time, recorded);
    const key = recorded.correlationId;
    if (event && key !== undefined) this.keep(joinCase(definition, time, this.cases.get(key) ?? newCase(key), event));
  }

  private nextDue(): Case | undefined {
    const due = [...this.cases.values()].filter(({ dueMs }) => dueMs !== undefined && dueMs < this.time.nowMs);
    return due.toSorted((a, b) => a.dueMs! - b.dueMs! || (a.key < b.key ? -1 : 1))[0];
  }

  private keep({ case: state, flags }: CaseStep): void {
    this.cases.set(state.key, state);
    this.flags.push(...flags);
  }
}
