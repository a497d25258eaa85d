/** What one event after the other does to the cases of an observer: time, deadlines, keys, and what operators say. */

import { EventTooNew } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { EventStore, Page } from "../store/event-store.js";
import { tickType, type TickData } from "../subscription/index.js";
import type { Case, CaseEvent, CaseStep, Flag } from "./case.js";
import type { CaseRows } from "./case-rows.js";
import {
  acknowledgedType,
  definedType,
  isControl,
  resetType,
  type AcknowledgedData,
  type ClockResetData,
} from "./control-events.js";
import type { ObserverDefinition } from "./definition.js";
import type { DefinitionHistory } from "./definition-history.js";
import type { DefinitionsInForce } from "./definitions.js";
import type { FlagRecorder } from "./flag-recorder.js";
import { caseEventOf, isJudged, joinCase } from "./intake.js";
import { acknowledge, passTime } from "./judging.js";
import { identify, type EventIdentity } from "./keys.js";
import { clockToleranceMs, ObserverFlags } from "./observer-flags.js";
import type { ObserverState } from "./observer-state.js";
import type { ObserverTime } from "./observer-time.js";
import { redefinedCases } from "./redefinition.js";

const nobody: EventIdentity = {};

export interface EventJudgeContext {
  readonly history: DefinitionHistory;
  readonly store: EventStore;
  readonly rows: CaseRows;
  readonly time: ObserverTime;
  readonly flags: FlagRecorder;
  readonly dataOf: (event: RecordedEvent) => unknown;
  /** Commits when there is much to commit. */
  readonly relieve: () => Promise<void>;
}

export class EventJudge {
  definitions: DefinitionsInForce;
  private readonly history: DefinitionHistory;
  private readonly store: EventStore;
  private readonly rows: CaseRows;
  private readonly time: ObserverTime;
  private readonly flags: FlagRecorder;
  private readonly observerFlags: ObserverFlags;
  private readonly dataOf: (event: RecordedEvent) => unknown;
  private readonly relieve: () => Promise<void>;
  private begun: boolean;
  private redefining: boolean;
  private unresolved: number;

  /** @param state what was kept when it last committed */
  constructor(context: EventJudgeContext, state: Partial<ObserverState>) {
    const { history, store, rows, time, flags, dataOf, relieve } = context;
    this.history = history;
    this.store = store;
    this.rows = rows;
    this.time = time;
    this.flags = flags;
    this.dataOf = dataOf;
    this.relieve = relieve;
    this.definitions = history.inForceAt(state.inForce ?? 0);
    this.observerFlags = new ObserverFlags(state);
    this.unresolved = state.unresolved ?? 0;
    this.begun = state.begun ?? history.beginsAtOnce;
    this.redefining = state.redefining ?? false;
  }

  /** What is to be kept besides the rows. */
  get state(): ObserverState {
    const { time, observerFlags, unresolved, begun, history, definitions, redefining } = this;
    return {
      ...time.state,
      ...observerFlags.state,
      ...(unresolved > 0 && { unresolved }),
      ...(begun && !history.beginsAtOnce && { begun }),
      ...(definitions.current > 0 && { inForce: definitions.current }),
      ...(redefining && { redefining }),
    };
  }

  /** Loads what the page needs at once; returns whom its events belong to, up to one of a version that is not known here. */
  async prepare(events: Page): Promise<readonly EventIdentity[]> {
    const { inForce } = this.definitions;
    const keys: string[] = [];
    const aliases: string[] = [];
    const identities: EventIdentity[] = [];
    for (const event of events) {
      const identity = isControl(event.type) ? nobody : this.identityIn(inForce, event);
      // It is met again when its turn comes: what stands before it counts.
      if (!identity) break;
      identities.push(identity);
      const { key, alias, via } = identity;
      if (key !== undefined) keys.push(key);
      if (alias !== undefined) aliases.push(alias);
      if (via !== undefined) aliases.push(via);
    }
    await this.rows.prepare(keys, aliases);
    return identities;
  }

  private identityIn(definition: ObserverDefinition, event: RecordedEvent): EventIdentity | undefined {
    try {
      return identify(definition, event, this.dataOf);
    } catch (error) {
      if (error instanceof EventTooNew) return undefined;
      throw error;
    }
  }

  /** First time moves on and deadlines before it fire, then the event itself counts. */
  async take(event: RecordedEvent, identity: EventIdentity | undefined): Promise<void> {
    const { definitions, time } = this;
    if (!definitions.reads(event.type) || !this.hasBegun(event) || !time.reads(event)) return;
    time.advance(event);
    // What is due by the next definition is none of this one's business, and what was due by this one has fired.
    if (!this.redefining && this.rows.mayBeDue(time.nowMs)) await this.fire(event);
    if (isControl(event.type)) return this.obey(event);
    if (!isJudged(definitions, event)) return;
    this.checkClocks(event);
    const { key, alias, via } = identity ?? identify(definitions.inForce, event, this.dataOf);
    if (via !== undefined) return this.takeByAlias(event, via);
    if (key === undefined) return this.raise(this.observerFlags.lost(definitions.current, time.nowMs, event), event);
    await this.join(key, caseEventOf(definitions, time, event, this.dataOf), event);
    if (alias !== undefined) await this.tell(alias, key, event);
  }

  private hasBegun(event: RecordedEvent): boolean {
    this.begun ||= this.history.beginsWith(event);
    return this.begun;
  }

  private async join(key: string, caseEvent: CaseEvent, event: RecordedEvent): Promise<void> {
    let state = this.rows.preparedCase(key);
    if (!state) {
      // Deadlines that fired since the page was prepared have taken it out of memory.
      await this.rows.prepare([key]);
      state = this.rows.case(key);
    }
    this.keep(state, joinCase(this.definitions, this.time, state, caseEvent), event);
  }

  /** An event that is found by an alias counts as soon as it is known whose that is. */
  private async takeByAlias(event: RecordedEvent, via: string): Promise<void> {
    await this.rows.prepare([], [via]);
    const { key, waiting = [] } = this.rows.alias(via);
    const caseEvent = caseEventOf(this.definitions, this.time, event, this.dataOf);
    if (key !== undefined) return this.join(key, caseEvent, event);
    if (waiting.some(({ id }) => id === event.id)) return;
    this.unresolved++;
    this.rows.setAlias(via, { waiting: [...waiting, caseEvent] });
  }

  /** The first meaning of an alias stands; who waited for it counts now. */
  private async tell(alias: string, key: string, event: RecordedEvent): Promise<void> {
    await this.rows.prepare([], [alias]);
    const { key: known, waiting = [] } = this.rows.alias(alias);
    if (known !== undefined) return;
    this.rows.setAlias(alias, { key });
    this.unresolved -= waiting.length;
    const told = { atMs: this.time.timeOf(event), position: String(event.position) };
    // In business time its own time may be still to come.
    const latestMs = Math.max(told.atMs, this.time.nowMs);
    for (const waited of waiting) await this.join(key, waited.atMs > latestMs ? waited : { ...waited, ...told }, event);
  }

  private async obey(event: RecordedEvent): Promise<void> {
    const { definitions, time } = this;
    const { name } = definitions.inForce;
    if (event.type === tickType) {
      const asked = Date.parse((event.data as TickData | undefined)?.askedAt ?? "");
      const differenceMs = event.firstRecordedAtMs - asked;
      if (Math.abs(differenceMs) > clockToleranceMs)
        this.raise(this.observerFlags.anomaly("tick", definitions.current, time.nowMs, event, differenceMs), event);
    } else if (event.type === resetType) {
      const toMs = Date.parse((event.data as ClockResetData | undefined)?.to ?? "");
      if (!Number.isNaN(toMs)) time.reset(toMs);
    } else if (event.type === acknowledgedType) {
      const { observer, case: key, slot, by, note } = (event.data ?? {}) as Partial<AcknowledgedData>;
      if (observer !== name || typeof key !== "string") return;
      await this.rows.prepare([key]);
      const state = this.rows.case(key);
      const acknowledged = {
        eventId: event.id,
        atMs: time.nowMs,
        ...(slot !== undefined && { slot }),
        ...(by !== undefined && { by }),
        ...(note !== undefined && { note }),
      };
      this.keep(state, acknowledge(definitions, state, acknowledged), event);
    } else if (event.type === definedType) await this.redefine(event);
  }

  /** From here on another definition is in force, if the event is about this observer. */
  private async redefine(event: RecordedEvent): Promise<void> {
    const next = this.history.definedBy(event, this.definitions.current);
    if (!next) return;
    this.redefining = true;
    const steps = redefinedCases(this.store, next, {
      event,
      time: this.time,
      startsAfter: this.history.startsAfter,
      dataOf: this.dataOf,
      rows: this.rows,
      someWait:
        this.unresolved > 0 || next.chain.slice(0, next.current).some(({ timeBase }) => timeBase === "occurred"),
    });
    for await (const { before, step } of steps) {
      this.rows.keep(before, step);
      await this.relieve();
    }
    this.redefining = false;
    this.definitions = next;
    this.time.goBy(next.inForce);
  }

  private checkClocks(event: RecordedEvent): void {
    const { time, observerFlags, definitions } = this;
    const anomaly = (reason: "behind" | "ahead", differenceMs: number) =>
      this.raise(observerFlags.anomaly(reason, definitions.current, time.nowMs, event, differenceMs), event);
    const behindMs = time.behindMs(event);
    if (behindMs > clockToleranceMs) anomaly("behind", behindMs);
    if (time.aheadMs(event) > 0) anomaly("ahead", event.occurredAtMs! - event.firstRecordedAtMs);
  }

  private async fire(event: RecordedEvent): Promise<void> {
    const { nowMs } = this.time;
    for (let due = await this.rows.takeDue(nowMs); due; due = await this.rows.takeDue(nowMs)) {
      this.keep(due, passTime(this.definitions, due, nowMs), event);
      // Very many may be due at once: others want a turn, and memory has its bounds.
      await this.relieve();
    }
  }

  private keep(before: Case, step: CaseStep, event: RecordedEvent): void {
    this.rows.keep(before, step);
    if (step.flags.length > 0) this.flags.add(step.flags, event.position);
  }

  private raise(flag: Flag | undefined, { position }: RecordedEvent): void {
    if (flag) this.flags.add([flag], position);
  }
}
