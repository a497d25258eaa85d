/** Writes the cases of one observer: folds events into them, fires deadlines as time passes, records the flags. */

import { HandlingFailed, RollcallError } from "../errors.js";
import type { RecordedEvent, Upcasters } from "../message/index.js";
import type { GenerationWriter, WriterContext } from "../projection/read-model.js";
import type { Page } from "../store/event-store.js";
import { beginningOf, tickType, type Checkpoint, type TickData } from "../subscription/index.js";
import type { Case, CaseEvent, CaseStep, Flag } from "./case.js";
import { CaseRows } from "./case-rows.js";
import {
  acknowledgedType,
  definedType,
  isControl,
  resetType,
  type AcknowledgedData,
  type ClockResetData,
} from "./control-events.js";
import type { DefinitionHistory } from "./definition-history.js";
import type { DefinitionsInForce } from "./definitions.js";
import type { FlagSink } from "./flag-sink.js";
import type { RecordableFlag } from "./flag-stream.js";
import { caseEventOf, dataReader, isJudged, joinCase } from "./intake.js";
import { identify, type EventIdentity } from "./keys.js";
import { clockToleranceMs, ObserverFlags, type ObserverFlagsState } from "./observer-flags.js";
import { acknowledge, passTime } from "./judging.js";
import type { LocalControl, LocalState } from "./local-control.js";
import { ObserverTime, type TimeState } from "./observer-time.js";
import { redefinedCases } from "./redefinition.js";
import { aliasRow, caseRow, controlRow } from "./rows.js";
import type { DeadlineWatch } from "./ticker.js";

/** What an observer keeps besides its rows. */
export interface ObserverState extends TimeState, ObserverFlagsState {
  /** Events that wait until somebody tells what their alias means. */
  readonly unresolved?: number;
  /** It has met the event that it was to begin with. */
  readonly begun?: true;
  /** Place of the definition in force among those on record; the first when absent. */
  readonly inForce?: number;
  /** Read-only operation: where it stands. */
  readonly local?: LocalState;
}

/** How much an observer keeps in memory, and when it commits although more events follow. */
export interface ObserverLimits {
  /** Cases kept between commits; 20,000 unless stated. */
  readonly cachedCases?: number;
  /** Deadlines kept; later ones are read when their time comes. 50,000 unless stated. */
  readonly cachedDeadlines?: number;
  /** Changed rows at which it commits; 20,000 unless stated. */
  readonly commitCases?: number;
  /** Flags at which it commits; 500 unless stated. */
  readonly commitFlags?: number;
}

const defaultLimits: Required<ObserverLimits> = {
  cachedCases: 20_000,
  cachedDeadlines: 50_000,
  commitCases: 20_000,
  commitFlags: 500,
};

export interface CaseWriterOptions {
  readonly history: DefinitionHistory;
  readonly sink: FlagSink;
  readonly ticker?: DeadlineWatch | undefined;
  readonly limits?: ObserverLimits;
  readonly upcasters?: Upcasters | undefined;
}

export class CaseWriter implements GenerationWriter {
  checkpoint: Checkpoint;
  /** Read-only operation: what was kept, and what of it has counted. */
  local: LocalState | undefined;
  /** What is flagged now, no event of the log has proved. */
  private provisional = false;
  private readonly rows: CaseRows;
  private readonly time: ObserverTime;
  private readonly observerFlags: ObserverFlags;
  private readonly history: DefinitionHistory;
  private readonly sink: FlagSink;
  private readonly ticker: DeadlineWatch | undefined;
  private readonly limits: Required<ObserverLimits>;
  private readonly dataOf: (event: RecordedEvent) => unknown;
  private definitions: DefinitionsInForce;
  private begun: boolean;
  private unresolved: number;
  private uncommitted = 0;
  /** What is in the store, if anything is. */
  private committed: Checkpoint | undefined;
  private flags: RecordableFlag[] = [];

  private constructor(
    private readonly context: WriterContext,
    storeId: string,
    { history, sink, ticker, limits, upcasters }: CaseWriterOptions,
  ) {
    const { generation, readModels } = context;
    this.history = history;
    this.sink = sink;
    this.ticker = ticker;
    this.limits = { ...defaultLimits, ...limits };
    this.dataOf = dataReader(upcasters);
    this.committed = generation.checkpoint;
    const startsAfter = generation.checkpoint ? undefined : history.startsAfter;
    this.checkpoint = generation.checkpoint ?? {
      ...beginningOf(storeId),
      ...(startsAfter !== undefined && { position: startsAfter }),
    };
    const state = (generation.checkpoint?.state ?? {}) as Partial<ObserverState>;
    this.definitions = history.inForceAt(state.inForce ?? 0);
    this.time = new ObserverTime(this.definitions.inForce, state);
    this.observerFlags = new ObserverFlags(state);
    this.unresolved = state.unresolved ?? 0;
    this.begun = state.begun ?? history.beginsAtOnce;
    this.local = state.local;
    this.rows = new CaseRows(readModels, generation, this.limits, () => this.flush());
  }

  static async open(context: WriterContext, options: CaseWriterOptions): Promise<CaseWriter> {
    const writer = new CaseWriter(context, await context.store.storeId(), options);
    if (context.generation.checkpoint) await writer.rows.refill();
    return writer;
  }

  async handle(events: Page): Promise<void> {
    const { definitions } = this;
    const identities = await this.prepare(events);
    for (const [i, event] of events.entries()) {
      // What was delivered before has been judged.
      if (this.checkpoint.position !== undefined && event.position <= this.checkpoint.position) continue;
      try {
        // A definition that came into force within the page may look for keys elsewhere.
        await this.take(event, this.definitions === definitions ? identities?.[i] : undefined);
      } catch (error) {
        // What the stores say is not about this event.
        if (error instanceof RollcallError) throw error;
        await this.checkLease();
        const { streamName, revision, type, position } = event;
        throw new HandlingFailed(this.definitions.inForce.name, streamName, revision, type, position, error);
      }
      this.checkpoint = {
        ...this.checkpoint,
        position: event.position,
        handled: this.checkpoint.handled + 1,
        recordedAtMs: event.recordedAtMs,
      };
      this.uncommitted++;
    }
    if (this.isFull) await this.flush();
  }

  async flush(): Promise<void> {
    // Deadlines may have fired for an event that is not counted yet.
    if (this.uncommitted === 0 && this.rows.dirtyCount === 0) return;
    // Flags first: a crash in between derives them again, and finds them recorded.
    if (this.flags.length > 0) {
      await this.checkLease();
      await this.record();
    }
    const { readModels, generation, lease } = this.context;
    const rows = await this.rows.changes();
    this.checkpoint = { ...this.checkpoint, state: this.state };
    await readModels.commit(generation, lease, { rows, checkpoint: this.checkpoint });
    this.rows.committed();
    this.committed = this.checkpoint;
    this.uncommitted = 0;
  }

  async beforeActivation(): Promise<void> {
    await this.sink.finish?.();
  }

  /**
   * Whoever has taken over may have come further, and rows that were read since may be theirs: what follows from those
   * at an earlier event is no flag, and no failure.
   * @throws Fenced when the lease was lost
   */
  private async checkLease(): Promise<void> {
    const { committed } = this;
    const { readModels, generation, lease } = this.context;
    if (committed) await readModels.commit(generation, lease, { rows: [], checkpoint: committed });
  }

  async caughtUp(): Promise<void> {
    const dueMs = await this.rows.earliestDue();
    const { time } = this;
    const { nowMs, latenessMs } = time;
    // A tick moves business time on only to what was recorded so much before.
    const recorded = (ms: number) => time.inLog(ms + latenessMs);
    this.ticker?.await(dueMs === undefined ? undefined : recorded(dueMs), recorded(nowMs));
  }

  /** Read-only operation: keeps what is to count at this place, with the next commit. */
  keepLocal(control: LocalControl): void {
    const { kept } = this.local!;
    this.rows.setControl(controlRow(kept), control);
    this.local = { ...this.local!, kept: kept + 1 };
  }

  /** Read-only operation: takes what the log does not say. Everything up to `after` was read. */
  async takeLocal(event: RecordedEvent, after: bigint | undefined): Promise<void> {
    this.provisional = true;
    try {
      await this.take(event, undefined);
    } finally {
      this.provisional = false;
    }
    const { position = -1n } = this.checkpoint;
    if (after !== undefined && after > position) this.checkpoint = { ...this.checkpoint, position: after };
    this.uncommitted++;
  }

  private get state(): ObserverState {
    const { time, observerFlags, unresolved, begun, history, definitions, local } = this;
    return {
      ...time.state,
      ...observerFlags.state,
      ...(unresolved > 0 && { unresolved }),
      ...(begun && !history.beginsAtOnce && { begun }),
      ...(definitions.current > 0 && { inForce: definitions.current }),
      ...(local && { local }),
    };
  }

  private get isFull(): boolean {
    const { cachedCases, commitCases, commitFlags } = this.limits;
    return (
      this.rows.dirtyCount >= commitCases ||
      this.flags.length >= commitFlags ||
      // Cases that were read and not changed take room all the same.
      this.rows.size >= cachedCases + commitCases
    );
  }

  /** Loads what the page needs at once; returns whom its events belong to, where that takes more than a look. */
  private async prepare(events: Page): Promise<EventIdentity[] | undefined> {
    const { inForce } = this.definitions;
    if (inForce.key === undefined && inForce.keys === undefined) {
      await this.rows.prepare(
        events.flatMap(({ correlationId }) => (correlationId === undefined ? [] : caseRow(correlationId))),
      );
      return undefined;
    }
    const identities = events.map((event) => (isControl(event.type) ? {} : identify(inForce, event, this.dataOf)));
    await this.rows.prepare(
      identities.flatMap(({ key, alias, via }) => [
        ...(key === undefined ? [] : [caseRow(key)]),
        ...[alias, via].flatMap((each) => (each === undefined ? [] : aliasRow(each))),
      ]),
    );
    return identities;
  }

  /** First time moves on and deadlines before it fire, then the event itself counts. */
  private async take(event: RecordedEvent, identity: EventIdentity | undefined): Promise<void> {
    const { definitions, time } = this;
    if (!definitions.reads(event.type) || !this.hasBegun(event) || !time.reads(event)) return;
    time.advance(event);
    if (this.rows.mayBeDue(time.nowMs)) await this.fire(event);
    if (isControl(event.type)) return this.obey(event);
    if (!isJudged(definitions, event)) return;
    this.checkClocks(event);
    const { key, alias, via } = identity ?? identify(definitions.inForce, event, this.dataOf);
    if (via !== undefined) return this.takeByAlias(event, via);
    if (key === undefined) return this.raise([this.observerFlags.lost(definitions.current, time.nowMs, event)], event);
    await this.join(key, caseEventOf(definitions, time, event, this.dataOf), event);
    if (alias !== undefined) await this.tell(alias, key, event);
  }

  private hasBegun(event: RecordedEvent): boolean {
    this.begun ||= this.history.beginsWith(event);
    return this.begun;
  }

  private async join(key: string, caseEvent: CaseEvent, event: RecordedEvent): Promise<void> {
    await this.need(caseRow(key));
    const state = this.rows.case(key);
    this.keep(state, joinCase(this.definitions, this.time, state, caseEvent), event);
  }

  /** Deadlines that fired since the page was prepared may have taken the row out of memory. */
  private async need(row: string): Promise<void> {
    if (!this.rows.isPrepared(row)) await this.rows.prepare([row]);
  }

  /** An event that is found by an alias counts as soon as it is known whose that is. */
  private async takeByAlias(event: RecordedEvent, via: string): Promise<void> {
    await this.need(aliasRow(via));
    const { key, waiting = [] } = this.rows.alias(via);
    const caseEvent = caseEventOf(this.definitions, this.time, event, this.dataOf);
    if (key !== undefined) return this.join(key, caseEvent, event);
    if (waiting.some(({ id }) => id === event.id)) return;
    this.unresolved++;
    this.rows.setAlias(via, { waiting: [...waiting, caseEvent] });
  }

  /** The first meaning of an alias stands; who waited for it counts now. */
  private async tell(alias: string, key: string, event: RecordedEvent): Promise<void> {
    await this.need(aliasRow(alias));
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
        this.raise([this.observerFlags.anomaly("tick", definitions.current, time.nowMs, event, differenceMs)], event);
    } else if (event.type === resetType) {
      const toMs = Date.parse((event.data as ClockResetData | undefined)?.to ?? "");
      if (!Number.isNaN(toMs)) time.reset(toMs);
    } else if (event.type === acknowledgedType) {
      const { observer, case: key, slot, by, note } = (event.data ?? {}) as Partial<AcknowledgedData>;
      if (observer !== name || typeof key !== "string") return;
      await this.rows.prepare([caseRow(key)]);
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
    const steps = redefinedCases(this.context.store, next, {
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
      if (this.isFull) await this.flush();
    }
    this.definitions = next;
    this.time.goBy(next.inForce);
  }

  private checkClocks(event: RecordedEvent): void {
    const { time, observerFlags, definitions } = this;
    const behindMs = time.behindMs(event);
    if (behindMs > clockToleranceMs)
      this.raise([observerFlags.anomaly("behind", definitions.current, time.nowMs, event, behindMs)], event);
    if (time.aheadMs(event) > 0)
      this.raise(
        [
          observerFlags.anomaly(
            "ahead",
            definitions.current,
            time.nowMs,
            event,
            event.occurredAtMs! - event.firstRecordedAtMs,
          ),
        ],
        event,
      );
  }

  private async fire(event: RecordedEvent): Promise<void> {
    const { nowMs } = this.time;
    for (let due = await this.rows.takeDue(nowMs); due; due = await this.rows.takeDue(nowMs))
      this.keep(due, passTime(this.definitions, due, nowMs), event);
  }

  private keep(before: Case, step: CaseStep, event: RecordedEvent): void {
    this.rows.keep(before, step);
    if (step.flags.length > 0) this.raise(step.flags, event);
  }

  private raise(flags: readonly (Flag | undefined)[], { position }: RecordedEvent): void {
    const { time, history, provisional } = this;
    const backfill = history.isBackfill(position);
    for (const flag of flags) {
      if (!flag) continue;
      const { deadlineMs, decidedAtMs } = flag;
      this.flags.push({
        ...flag,
        ...(deadlineMs !== undefined && { deadlineMs: time.inLog(deadlineMs) }),
        position,
        decidedAtMs: time.inLog(decidedAtMs),
        backfill,
        provisional,
      });
    }
  }

  private async record(): Promise<void> {
    const { chain } = this.definitions;
    const byStream = new Map<string, RecordableFlag[]>();
    for (const flag of this.flags) {
      const stream = `${flag.definition} ${flag.case ?? ""} ${flag.case === undefined}`;
      const flags = byStream.get(stream);
      if (flags) flags.push(flag);
      else byStream.set(stream, [flag]);
    }
    await Promise.all([...byStream.values()].map((flags) => this.sink.record(chain[flags[0]!.definition]!, flags)));
    this.flags = [];
  }
}
