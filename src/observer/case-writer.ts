/** Writes the cases of one observer: has events judged, records the flags, and commits rows and checkpoint behind them. */

import { EventTooNew, HandlingFailed, RollcallError } from "../errors.js";
import type { RecordedEvent, Upcasters } from "../message/index.js";
import type { GenerationWriter, WriterContext } from "../projection/read-model.js";
import type { Page } from "../store/event-store.js";
import { beginningOf, type Checkpoint } from "../subscription/index.js";
import { CaseRows } from "./case-rows.js";
import type { DefinitionHistory } from "./definition-history.js";
import { EventJudge } from "./event-judge.js";
import { FlagRecorder } from "./flag-recorder.js";
import type { FlagSink } from "./flag-sink.js";
import { dataReader } from "./intake.js";
import type { LocalControl, LocalState } from "./local-control.js";
import { defaultLimits, type ObserverLimits, type ObserverState } from "./observer-state.js";
import { ObserverTime } from "./observer-time.js";
import { controlRow } from "./rows.js";
import type { DeadlineWatch } from "./ticker.js";

export interface CaseWriterOptions {
  readonly history: DefinitionHistory;
  readonly sink: FlagSink;
  readonly ticker?: DeadlineWatch | undefined;
  readonly limits?: ObserverLimits;
  readonly upcasters?: Upcasters | undefined;
}

export class CaseWriter implements GenerationWriter {
  /** Read-only operation: what was kept, and what of it has counted. */
  local: LocalState | undefined;
  private readonly rows: CaseRows;
  private readonly time: ObserverTime;
  private readonly flags: FlagRecorder;
  private readonly judge: EventJudge;
  private readonly sink: FlagSink;
  private readonly ticker: DeadlineWatch | undefined;
  private readonly limits: Required<ObserverLimits>;
  private settled: Checkpoint;
  /** The last event since, and how many they are: most events are not worth a checkpoint of their own. */
  private passed: RecordedEvent | undefined;
  private passedCount = 0;
  private uncommitted = 0;
  /** What is in the store, if anything is. */
  private committed: Checkpoint | undefined;

  private constructor(
    private readonly context: WriterContext,
    storeId: string,
    { history, sink, ticker, limits, upcasters }: CaseWriterOptions,
  ) {
    const { generation, readModels, store } = context;
    const { checkpoint } = generation;
    this.sink = sink;
    this.ticker = ticker;
    this.limits = { ...defaultLimits, ...limits };
    this.committed = checkpoint;
    const startsAfter = checkpoint ? undefined : history.startsAfter;
    this.settled = checkpoint ?? {
      ...beginningOf(storeId),
      ...(startsAfter !== undefined && { position: startsAfter }),
    };
    const state = (checkpoint?.state ?? {}) as Partial<ObserverState>;
    this.local = state.local;
    this.rows = new CaseRows(readModels, generation, this.limits, () => this.flush());
    this.time = new ObserverTime(history.inForceAt(state.inForce ?? 0).inForce, state);
    this.flags = new FlagRecorder(sink, history, this.time);
    const { rows, time, flags } = this;
    const relieve = async () => {
      if (this.isFull) await this.flush();
    };
    this.judge = new EventJudge({ history, store, rows, time, flags, dataOf: dataReader(upcasters), relieve }, state);
  }

  static async open(context: WriterContext, options: CaseWriterOptions): Promise<CaseWriter> {
    const writer = new CaseWriter(context, await context.store.storeId(), options);
    if (context.generation.checkpoint) await writer.rows.refill();
    return writer;
  }

  get checkpoint(): Checkpoint {
    const { passed, passedCount, settled } = this;
    if (passed) {
      const { position, recordedAtMs } = passed;
      this.settled = { ...settled, position, recordedAtMs, handled: settled.handled + passedCount };
      this.passed = undefined;
      this.passedCount = 0;
    }
    return this.settled;
  }

  async handle(events: Page): Promise<void> {
    const { judge } = this;
    let { position: reached = -1n } = this.checkpoint;
    // Definitions that follow on each other look for keys in the same places: `adopts` sees to that.
    const identities = await judge.prepare(events);
    for (const [i, event] of events.entries()) {
      const { position } = event;
      // What was delivered before has been judged.
      if (position <= reached) continue;
      try {
        await judge.take(event, identities[i]);
      } catch (error) {
        // Until a process comes that knows it, what stands before it is not to wait.
        if (error instanceof EventTooNew && this.context.mode === "live") await this.flush();
        // What the stores say is not about this event.
        if (error instanceof RollcallError) throw error;
        await this.checkLease();
        const { streamName, revision, type } = event;
        throw new HandlingFailed(judge.definitions.inForce.name, streamName, revision, type, position, error);
      }
      reached = position;
      this.passed = event;
      this.passedCount++;
      this.uncommitted++;
    }
    if (this.isFull) await this.flush();
  }

  async flush(): Promise<void> {
    // Deadlines may have fired for an event that is not counted yet.
    if (this.uncommitted === 0 && this.rows.dirtyCount === 0) return;
    // Flags first: a crash in between derives them again, and finds them recorded.
    if (this.flags.count > 0) {
      await this.checkLease();
      await this.flags.record(this.judge.definitions.chain);
    }
    const { readModels, generation, lease } = this.context;
    const rows = await this.rows.changes();
    const checkpoint = { ...this.checkpoint, state: this.state };
    await readModels.commit(generation, lease, { rows, checkpoint });
    this.rows.committed();
    this.settled = checkpoint;
    this.committed = checkpoint;
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
    this.flags.provisional = true;
    try {
      await this.judge.take(event, undefined);
    } finally {
      this.flags.provisional = false;
    }
    const { position = -1n } = this.checkpoint;
    if (after !== undefined && after > position) this.settled = { ...this.checkpoint, position: after };
    this.uncommitted++;
  }

  private get state(): ObserverState {
    const { judge, local } = this;
    return { ...judge.state, ...(local && { local }) };
  }

  private get isFull(): boolean {
    const { cachedCases, commitCases, commitEvents, commitFlags } = this.limits;
    return (
      this.rows.dirtyCount >= commitCases ||
      this.uncommitted >= commitEvents ||
      this.flags.count >= commitFlags ||
      // Cases that were read and not changed take room all the same.
      this.rows.size >= cachedCases + commitCases
    );
  }
}
