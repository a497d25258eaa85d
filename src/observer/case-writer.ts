/** Writes the cases of one observer: folds events into them, fires deadlines as log time passes, records the flags. */

import { HandlingFailed, RollcallError } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { GenerationWriter, WriterContext } from "../projection/read-model.js";
import { RowCache } from "../projection/row-cache.js";
import type { Page } from "../store/event-store.js";
import { beginningOf, type Checkpoint } from "../subscription/index.js";
import { newCase, passTime, type Case, type CaseStep, type Flag } from "./case.js";
import type { ObserverDefinition } from "./definition.js";
import { DueQueue } from "./due-queue.js";
import { recordFlags } from "./flag-stream.js";
import { caseEventOf, joinCase, movesTime } from "./intake.js";
import { ObserverTime, type TimeState } from "./observer-time.js";
import type { Ticker } from "./ticker.js";

/** What an observer keeps besides its cases. */
export interface ObserverState extends TimeState {
  /** Relevant events without a correlation id, which no case can hold. */
  readonly uncorrelated: number;
}

/** How much an observer keeps in memory, and when it commits although more events follow. */
export interface ObserverLimits {
  /** Cases kept between commits; 20,000 unless stated. */
  readonly cachedCases?: number;
  /** Deadlines kept; later ones are read when their time comes. 50,000 unless stated. */
  readonly cachedDeadlines?: number;
  /** Changed cases at which it commits; 20,000 unless stated. */
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

export class CaseWriter implements GenerationWriter {
  checkpoint: Checkpoint;
  private readonly cases: RowCache<Case>;
  private readonly due: DueQueue;
  private readonly time: ObserverTime;
  private uncorrelated: number;
  private uncommitted = 0;
  private flags: Flag[] = [];

  private constructor(
    private readonly definition: ObserverDefinition,
    private readonly context: WriterContext,
    storeId: string,
    private readonly ticker: Ticker | undefined,
    private readonly limits: Required<ObserverLimits>,
  ) {
    const { generation, readModels } = context;
    this.checkpoint = generation.checkpoint ?? beginningOf(storeId);
    const state = (this.checkpoint.state ?? {}) as Partial<ObserverState>;
    this.time = new ObserverTime(definition, state);
    this.uncorrelated = state.uncorrelated ?? 0;
    this.cases = new RowCache(readModels, generation, limits.cachedCases, generation.checkpoint === undefined);
    this.due = new DueQueue(limits.cachedDeadlines);
  }

  static async open(
    definition: ObserverDefinition,
    context: WriterContext,
    ticker: Ticker | undefined,
    limits: ObserverLimits = {},
  ): Promise<CaseWriter> {
    const storeId = await context.store.storeId();
    const writer = new CaseWriter(definition, context, storeId, ticker, { ...defaultLimits, ...limits });
    if (context.generation.checkpoint) await writer.refill();
    return writer;
  }

  async handle(events: Page): Promise<void> {
    await this.cases.prepare(events.flatMap(({ correlationId }) => correlationId ?? []));
    for (const event of events) {
      try {
        await this.take(event);
      } catch (error) {
        // What the stores say is not about this event.
        if (error instanceof RollcallError) throw error;
        const { streamName, revision, type, position } = event;
        throw new HandlingFailed(this.definition.name, streamName, revision, type, position, error);
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
    if (this.uncommitted === 0 && this.cases.dirtyCount === 0) return;
    // Flags first: a crash in between derives them again, and finds them recorded.
    await this.record();
    const { readModels, generation, lease } = this.context;
    const state: ObserverState = { ...this.time.state, uncorrelated: this.uncorrelated };
    this.checkpoint = { ...this.checkpoint, state };
    await readModels.commit(generation, lease, { rows: this.cases.changes(), checkpoint: this.checkpoint });
    this.cases.committed();
    this.uncommitted = 0;
  }

  async caughtUp(): Promise<void> {
    const dueMs = await this.earliestDue();
    const { nowMs, latenessMs } = this.time;
    // A tick moves business time on only to what was recorded so much before.
    this.ticker?.await(dueMs === undefined ? undefined : dueMs + latenessMs, nowMs + latenessMs);
  }

  private get isFull(): boolean {
    const { cachedCases, commitCases, commitFlags } = this.limits;
    return (
      this.cases.dirtyCount >= commitCases ||
      this.flags.length >= commitFlags ||
      // Cases that were read and not changed take room all the same.
      this.cases.size >= cachedCases + commitCases
    );
  }

  /** First time moves on and deadlines before it fire, then the event itself counts. */
  private async take(event: RecordedEvent): Promise<void> {
    const { definition, time } = this;
    if (!movesTime(definition, event)) return;
    time.advance(event);
    await this.fire();
    const caseEvent = caseEventOf(definition, time, event);
    if (!caseEvent) return;
    const key = event.correlationId;
    if (key === undefined) {
      this.uncorrelated++;
      return;
    }
    await this.cases.prepare([key]);
    const state = this.cases.get(key) ?? newCase(key);
    this.keep(state, joinCase(definition, time, state, caseEvent));
  }

  private async fire(): Promise<void> {
    for (;;) {
      if (this.due.exhausted) await this.refill();
      const next = this.due.peek();
      if (!next || next.atMs >= this.time.nowMs) return;
      this.due.pop();
      const state = await this.stateAt(next.key);
      if (state?.dueMs === next.atMs) this.keep(state, passTime(this.definition, state, this.time.nowMs));
    }
  }

  private keep(before: Case, { case: after, flags }: CaseStep): void {
    if (after === before) return;
    this.cases.set(after.key, after);
    if (after.dueMs !== undefined && after.dueMs !== before.dueMs) this.due.add({ atMs: after.dueMs, key: after.key });
    this.flags.push(...flags);
  }

  private async stateAt(key: string): Promise<Case | undefined> {
    await this.cases.prepare([key]);
    return this.cases.get(key);
  }

  /** The earliest time at which a case needs attention; entries that are no longer true are dropped on the way. */
  private async earliestDue(): Promise<number | undefined> {
    for (;;) {
      if (this.due.exhausted) await this.refill();
      const next = this.due.peek();
      if (!next) return undefined;
      if ((await this.stateAt(next.key))?.dueMs === next.atMs) return next.atMs;
      this.due.pop();
    }
  }

  /** Reads on in the index, which must know of every change before it is asked. */
  private async refill(): Promise<void> {
    await this.flush();
    const { readModels, generation } = this.context;
    const after = this.due.until;
    const found = await readModels.rowsInOrder(generation, "dueMs", {
      after: after && { value: after.atMs, key: after.key },
      limit: this.limits.cachedDeadlines,
    });
    this.due.refill(
      found.map(({ key, row }) => ({ atMs: (row as Case).dueMs!, key })),
      found.length === this.limits.cachedDeadlines,
    );
  }

  private async record(): Promise<void> {
    const byCase = new Map<string, Flag[]>();
    for (const flag of this.flags) byCase.set(flag.case, [...(byCase.get(flag.case) ?? []), flag]);
    await Promise.all([...byCase.values()].map((flags) => recordFlags(this.context.store, this.definition, flags)));
    this.flags = [];
  }
}
