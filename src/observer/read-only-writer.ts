/** Read-only operation: a case writer that takes local ticks and control events between pages, one thing at a time. */

import type { Clock } from "../clock.js";
import { StoreUnavailable } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { GenerationWriter, ReadModelStore, WriterContext } from "../projection/index.js";
import type { EventFilter, EventStore, Page } from "../store/event-store.js";
import type { Checkpoint } from "../subscription/index.js";
import { CaseWriter, type CaseWriterOptions } from "./case-writer.js";
import { acknowledgedType, resetType, type AcknowledgedData } from "./control-events.js";
import { afterTaking, atFirst, controlEvent, controlsFrom, placeOf, type LocalControl } from "./local-control.js";
import { LocalTicker } from "./local-ticker.js";
import { ReplayingWriter } from "./replaying-writer.js";

export interface ReadOnlyOptions extends CaseWriterOptions {
  readonly clock: Clock;
  /** What the observer reads of the log. */
  readonly filter: EventFilter;
  /** Whether its time goes on although no event comes. */
  readonly live: boolean;
  /** Where acknowledgements and resets are recorded for it. */
  readonly own: EventStore;
  /** Where the generation is that serves: what it took, a rebuild takes too. */
  readonly servedBy: ReadModelStore;
}

export const openReadOnly = (context: WriterContext, options: ReadOnlyOptions): Promise<GenerationWriter> =>
  context.mode === "rebuild" ? ReplayingWriter.open(context, options) : ReadOnlyWriter.open(context, options);

const retryMs = 1_000;

class ReadOnlyWriter implements GenerationWriter {
  private writer!: CaseWriter;
  private turn: Promise<unknown> = Promise.resolve();
  private following = false;

  private constructor(
    private readonly context: WriterContext,
    private readonly options: ReadOnlyOptions,
  ) {}

  static async open(context: WriterContext, options: ReadOnlyOptions): Promise<ReadOnlyWriter> {
    const { store, signal, fail, readModels, generation } = context;
    const { clock, filter, live } = options;
    const opened = new ReadOnlyWriter(context, options);
    const ticker = new LocalTicker({
      store,
      filter,
      clock,
      signal,
      fail,
      position: () => opened.checkpoint.position,
      onTick: ({ after, atMs }) =>
        opened.inTurn(() => opened.take({ ...(after !== undefined && { after: String(after) }), atMs })),
    });
    const writer = await CaseWriter.open(context, { ...options, ...(live && { ticker }) });
    opened.writer = writer;
    writer.local ??= atFirst;
    // What was kept, but has not counted, when the last one to work here stopped.
    for (const control of await controlsFrom(readModels, generation, writer.local.taken)) await opened.count(control);
    return opened;
  }

  get checkpoint(): Checkpoint {
    return this.writer.checkpoint;
  }

  handle(events: Page): Promise<void> {
    return this.inTurn(() => this.writer.handle(events));
  }

  flush(): Promise<void> {
    return this.inTurn(() => this.writer.flush());
  }

  async caughtUp(): Promise<void> {
    await this.inTurn(() => this.writer.caughtUp());
    if (this.following) return;
    // Only now: what an operator has seen was raised by something that was read before.
    this.following = true;
    this.follow().catch(this.context.fail);
  }

  /** Takes a control at this place: kept first, so that it counts at the same place whatever happens next. */
  private async take(control: LocalControl): Promise<void> {
    const { writer, context } = this;
    if (context.signal.aborted) return;
    const { position = -1n } = writer.checkpoint;
    const after = placeOf(control) > position ? placeOf(control) : position;
    const placed = { ...control, ...(after >= 0n && { after: String(after) }) };
    writer.keepLocal(placed);
    await writer.flush();
    await this.count(placed);
    await writer.caughtUp();
  }

  private async count(control: LocalControl): Promise<void> {
    const { writer } = this;
    await writer.takeLocal(controlEvent(control), control.after === undefined ? undefined : placeOf(control));
    writer.local = afterTaking(writer.local!, control);
    await writer.flush();
  }

  /** Takes what operators record for this observer, as they record it. */
  private async follow(): Promise<void> {
    const { own, clock } = this.options;
    const { signal } = this.context;
    const filter = { eventTypes: [resetType, acknowledgedType] };
    let after = this.writer.local!.ownPosition === undefined ? undefined : BigInt(this.writer.local!.ownPosition);
    while (!signal.aborted)
      try {
        for await (const message of own.subscribe({ after, filter, signal }))
          for (const event of message.kind === "events" ? message.events : []) {
            if (this.concerns(event)) await this.inTurn(() => this.take({ event: ownEvent(event) }));
            after = event.position;
          }
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await clock.sleep(retryMs, signal);
      }
  }

  private concerns({ type, data }: RecordedEvent): boolean {
    const { name } = this.options.history.own;
    return type === resetType || (data as Partial<AcknowledgedData> | null)?.observer === name;
  }

  /** Nothing may change while something else is under way. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

const ownEvent = ({ id, type, data, position }: RecordedEvent) => ({ id, type, data, position: String(position) });
