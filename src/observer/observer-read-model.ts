/** A class that carries `@Observer`, as a read model: its rows are the cases. */

import { systemClock, type Clock } from "../clock.js";
import type { DeclaredClass } from "../model/index.js";
import type { GenerationWriter, ReadModel, ReadModelDeclaration, WriterContext } from "../projection/index.js";
import type { EventFilter } from "../store/event-store.js";
import { CaseWriter, type ObserverLimits } from "./case-writer.js";
import { definitionOf, type ObserverDefinition } from "./definition.js";
import { Ticker } from "./ticker.js";

export class ObserverReadModel implements ReadModel {
  readonly definition: ObserverDefinition;
  readonly declaration: ReadModelDeclaration;
  readonly filter: EventFilter;

  constructor(
    declared: DeclaredClass,
    private readonly clock: Clock = systemClock,
    private readonly limits: ObserverLimits = {},
  ) {
    this.definition = definitionOf(declared);
    const { name, version, hash, eventTypes } = this.definition;
    this.declaration = { name, version, definition: hash, indexes: ["status", "dueMs"] };
    this.filter = { eventTypes };
  }

  open(context: WriterContext): Promise<GenerationWriter> {
    const { mode, store, signal, fail } = context;
    const ticks = mode === "live" && this.definition.live;
    const ticker = ticks ? new Ticker(store, this.clock, signal, fail) : undefined;
    return CaseWriter.open(this.definition, context, ticker, this.limits);
  }
}
