/** Read-only operation: a case writer of a rebuild, which takes what the serving generation took at the same places. */

import type { GenerationWriter, ReadModelStore, WriterContext } from "../projection/index.js";
import type { EventFilter, Page } from "../store/event-store.js";
import type { Checkpoint } from "../subscription/index.js";
import { CaseWriter, type CaseWriterOptions } from "./case-writer.js";
import {
  afterTaking,
  atFirst,
  controlEvent,
  controlsFrom,
  firstUnread,
  placeOf,
  type LocalControl,
} from "./local-control.js";

export interface ReplayingOptions extends CaseWriterOptions {
  /** What the observer reads of the log. */
  readonly filter: EventFilter;
  /** Where the generation is that serves. */
  readonly servedBy: ReadModelStore;
}

export class ReplayingWriter implements GenerationWriter {
  /** Controls of the serving generation that have not counted here. */
  private waiting: LocalControl[] = [];

  private constructor(
    private readonly writer: CaseWriter,
    private readonly context: WriterContext,
    private readonly options: ReplayingOptions,
  ) {}

  static async open(context: WriterContext, options: ReplayingOptions): Promise<ReplayingWriter> {
    const writer = await CaseWriter.open(context, options);
    writer.local ??= atFirst;
    return new ReplayingWriter(writer, context, options);
  }

  get checkpoint(): Checkpoint {
    return this.writer.checkpoint;
  }

  async handle(events: Page): Promise<void> {
    await this.look();
    let rest = events;
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      const place = placeOf(next);
      const later = rest.findIndex(({ position }) => position > place);
      if (later < 0) break;
      if (later > 0) await this.writer.handle(rest.slice(0, later));
      rest = rest.slice(later);
      await this.replay();
    }
    if (rest.length > 0) await this.writer.handle(rest);
  }

  async flush(): Promise<void> {
    await this.look();
    if (this.waiting.length > 0) {
      // What was taken at the end of the log as it was then: the log may have gone on.
      const unread = await firstUnread(this.context.store, this.options.filter, this.checkpoint.position);
      while (this.waiting[0] && (unread === undefined || placeOf(this.waiting[0]) < unread)) await this.replay();
    }
    await this.writer.flush();
  }

  async beforeActivation(): Promise<void> {
    await this.writer.beforeActivation();
  }

  /** The serving generation may have taken something while this one is made. */
  private async look(): Promise<void> {
    const { servedBy } = this.options;
    const serving = await servedBy.activeGeneration(this.context.generation.name);
    if (!serving) return;
    const known = this.writer.local!.kept + this.waiting.length;
    this.waiting.push(...(await controlsFrom(servedBy, serving, known)));
  }

  private async replay(): Promise<void> {
    const { writer } = this;
    const control = this.waiting.shift()!;
    writer.keepLocal(control);
    await writer.takeLocal(controlEvent(control), control.after === undefined ? undefined : placeOf(control));
    writer.local = afterTaking(writer.local!, control);
  }
}
