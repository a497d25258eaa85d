/** Stories of an observer: given these events, after this time, then these flags are raised. */

import { InvalidModel } from "../../errors.js";
import type { RecordedEvent } from "../../message/index.js";
import { newCase, type Case, type CaseEvent, type CaseStep, type Flag } from "../../observer/case.js";
import { definitionOf } from "../../observer/definition.js";
import { DefinitionsInForce } from "../../observer/definitions.js";
import {
  acknowledgedType,
  definitionProblems,
  milliseconds,
  type AcknowledgedData,
  type Duration,
  type FlagKind,
  type ObserverDefinition,
} from "../../observer/index.js";
import { caseEventOf, dataReader, isJudged, joinCase } from "../../observer/intake.js";
import { identify } from "../../observer/keys.js";
import { acknowledge, passTime } from "../../observer/judging.js";
import { ObserverTime } from "../../observer/observer-time.js";
import type { Alias } from "../../observer/rows.js";
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
  /** Which round, from 2 on; any unless stated. */
  readonly round?: number;
  /** Which pair; any unless stated. */
  readonly pair?: string;
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
      const found = replay.flags.map(({ run, kind, case: key }, i) => {
        const { slot, ...round } = run!;
        // Case, round and pair count where the story names them.
        return Object.fromEntries(
          Object.entries({ slot, kind, case: key, ...round }).filter(
            ([field]) => !expected[i] || field in expected[i] || field === "slot" || field === "kind",
          ),
        );
      });
      same(found, expected, `${name} raised other flags than expected.`);
    },
  };
}

/** Cases in memory; every step is decided by the functions that decide it in an application. */
class Replay {
  readonly flags: Flag[] = [];
  private readonly recording = new Recording();
  private readonly definitions: DefinitionsInForce;
  private readonly time: ObserverTime;
  private readonly cases = new Map<string, Case>();
  private readonly aliases = new Map<string, Alias>();

  constructor(private readonly definition: ObserverDefinition) {
    this.definitions = new DefinitionsInForce([definition]);
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
    const { time, definitions, definition } = this;
    if (!time.reads(recorded)) return;
    time.advance(recorded);
    for (let due = this.nextDue(); due; due = this.nextDue()) this.keep(due, passTime(definitions, due, time.nowMs));
    if (recorded.type === acknowledgedType) this.acknowledge(recorded);
    if (!isJudged(definitions, recorded)) return;
    const { key: own, alias, via } = identify(definition, recorded, dataOf);
    const event = caseEventOf(definitions, time, recorded, dataOf);
    const known = via === undefined ? undefined : this.aliases.get(via);
    const key = known?.key ?? own;
    if (key !== undefined) this.join(key, event);
    else if (via !== undefined) this.aliases.set(via, { waiting: [...(known?.waiting ?? []), event] });
    if (key === undefined || alias === undefined || this.aliases.get(alias)?.key !== undefined) return;
    const { waiting = [] } = this.aliases.get(alias) ?? {};
    this.aliases.set(alias, { key });
    const { atMs, position } = event;
    const latestMs = Math.max(atMs, time.nowMs);
    for (const waited of waiting) this.join(key, waited.atMs > latestMs ? waited : { ...waited, atMs, position });
  }

  private acknowledge({ id: eventId, data }: RecordedEvent): void {
    const { observer: name, case: key, slot } = data as AcknowledgedData;
    const state = this.cases.get(key);
    if (name !== this.definition.name || !state) return;
    const acknowledged = { eventId, atMs: this.time.nowMs, ...(slot !== undefined && { slot }) };
    this.keep(state, acknowledge(this.definitions, state, acknowledged));
  }

  private join(key: string, event: CaseEvent): void {
    const state = this.cases.get(key) ?? newCase(key);
    this.keep(state, joinCase(this.definitions, this.time, state, event));
  }

  private nextDue(): Case | undefined {
    const due = [...this.cases.values()].filter(({ dueMs }) => dueMs !== undefined && dueMs < this.time.nowMs);
    return due.toSorted((a, b) => a.dueMs! - b.dueMs! || (a.key < b.key ? -1 : 1))[0];
  }

  private keep({ key }: Case, { case: state, flags }: CaseStep): void {
    if (state) this.cases.set(key, state);
    else this.cases.delete(key);
    this.flags.push(...flags);
  }
}

const dataOf = dataReader(undefined);
