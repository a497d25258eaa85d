/** A class that carries `@Observer`, as a read model: its rows are cases, aliases of their keys, and statistics. */

import { systemClock, type Clock } from "../clock.js";
import { CheckpointMismatch, ReadModelOutdated } from "../errors.js";
import type { RecordedEvent, Upcasters } from "../message/index.js";
import type { DeclaredClass } from "../model/index.js";
import type {
  Generation,
  GenerationWriter,
  ReadModel,
  ReadModelDeclaration,
  ReadModelStore,
  WriterContext,
} from "../projection/index.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import { CaseWriter } from "./case-writer.js";
import type { ObserverLimits, ObserverState } from "./observer-state.js";
import { controlTypes, definedType } from "./control-events.js";
import { DefinitionHistory } from "./definition-history.js";
import { checkUnchanged, recordDefinition, recordedDefinitions, type RecordedDefinition } from "./definition-log.js";
import { logSink, type FlagSink } from "./flag-sink.js";
import { dataReader } from "./intake.js";
import { passedBy, RebuildSink } from "./rebuild-sink.js";
import { definitionOf, previousOf, type ObserverDefinition } from "./definition.js";
import { openReadOnly } from "./read-only-writer.js";
import { declaredDefinition, hashOfDeclared } from "./rows.js";
import { Ticker } from "./ticker.js";

export interface ObserverReadModelOptions {
  readonly clock?: Clock | undefined;
  readonly limits?: ObserverLimits | undefined;
  /** Bring the data that predicates and paths see to its present shape. */
  readonly upcasters?: Upcasters | undefined;
}

/** Judging beside everything that serves. */
export interface Elsewhere {
  readonly sink: FlagSink;
  /** Where the generation is that serves; where the rows are written unless stated. */
  readonly servedBy?: ReadModelStore | undefined;
}

export class ObserverReadModel implements ReadModel {
  readonly definition: ObserverDefinition;
  readonly declaration: ReadModelDeclaration;
  readonly filter: EventFilter;
  /** Definitions whose predicates are at hand, this one first. */
  readonly known: readonly ObserverDefinition[];
  /** Data of an event in its present shape. */
  readonly dataOf: (event: RecordedEvent) => unknown;

  constructor(
    declared: DeclaredClass,
    private readonly options: ObserverReadModelOptions = {},
  ) {
    this.definition = definitionOf(declared);
    this.known = [this.definition, ...previousOf(declared)];
    this.dataOf = dataReader(options.upcasters);
    const { name, version, hash, eventTypes } = this.definition;
    const definition = declaredDefinition(hash);
    // Cases go on from version to version: one place for all of them.
    this.declaration = { name, version, place: name, definition, indexes: ["status", "dueMs"] };
    this.filter = { eventTypes };
  }

  /** The types of every definition that is on record, which open cases may still be judged by. */
  async filterFor(store: EventStore): Promise<EventFilter> {
    // Definitions of whoever writes into a log that is only read are not ours.
    if (store.own) return { eventTypes: this.definition.eventTypes.filter((type) => type !== definedType) };
    const recorded = await recordedDefinitions(store, this.known);
    const types = [this.definition, ...recorded.map(({ definition }) => definition)].flatMap(({ ownTypes }) => [
      ...ownTypes,
    ]);
    return { eventTypes: [...new Set(types)].toSorted().concat(controlTypes) };
  }

  /**
   * Whether open cases of an earlier definition go on under this one, which is on record then.
   * @throws DefinitionChanged when the terms changed and the version did not; DefinitionMissing
   */
  async adopts({ version, definition }: Generation, store: EventStore): Promise<boolean> {
    const own = this.definition;
    const recorded = await recordedDefinitions(store, this.known);
    checkUnchanged(own, recorded);
    // In a log that is only read no event says from where on another definition is in force.
    if (store.own) return false;
    const isSameLayout = declaredDefinition(hashOfDeclared(definition)) === definition;
    if (!isSameLayout || own.version <= version || own.applyTo === "all") return false;
    const last = recorded.at(-1)?.definition;
    const isOwnLast = last?.hash === own.hash;
    const before = isOwnLast ? recorded.at(-2)?.definition : last;
    if (before?.hash !== hashOfDeclared(definition)) return false;
    // A case that is open under one key would wait in vain for what comes under another.
    if (JSON.stringify([before.key, before.keys]) !== JSON.stringify([own.key, own.keys])) return false;
    if (!isOwnLast) await recordDefinition(store, own, recorded.length);
    return true;
  }

  open(context: WriterContext): Promise<GenerationWriter> {
    return this.openInto(context);
  }

  /** The same with another place for the flags than the log; only of what nobody else sees. */
  async openInto(context: WriterContext, elsewhere?: Elsewhere): Promise<GenerationWriter> {
    const { mode, store, signal, fail } = context;
    const { clock = systemClock, limits, upcasters } = this.options;
    this.checkOperation(context);
    const history = new DefinitionHistory(this.definition, await this.definitions(mode === "live", store));
    const sink = elsewhere?.sink ?? (mode === "live" ? logSink(store) : await this.rebuildSink(context, history));
    const options = { history, sink, upcasters, ...(limits && { limits }) };
    const { live } = this.definition;
    if (store.own) {
      const filter = await this.filterFor(store);
      const servedBy = elsewhere?.servedBy ?? context.readModels;
      return openReadOnly(context, { ...options, clock, filter, live, own: store.own, servedBy });
    }
    const ticker = mode === "live" && live ? new Ticker(store, clock, signal, fail) : undefined;
    return CaseWriter.open(context, { ...options, ticker });
  }

  private async rebuildSink(context: WriterContext, history: DefinitionHistory): Promise<FlagSink> {
    const passed = await passedBy(context, history.inForceAt(0).chain);
    return passed ? new RebuildSink(context.store, passed, this.dataOf) : logSink(context.store);
  }

  /** @throws CheckpointMismatch when flags of what is built are in the log and are not to be, or the other way round */
  private checkOperation({ generation: { checkpoint }, store }: WriterContext): void {
    const state = checkpoint?.state as ObserverState | undefined;
    if (!checkpoint || Boolean(state?.local) === Boolean(store.own)) return;
    const [built, here] = ["writes its flags into the log", "only reads the log"];
    const reason = `it was built by a process that ${store.own ? built : here}, this one ${store.own ? here : built}.`;
    throw new CheckpointMismatch(this.definition.name, reason);
  }

  /** What is on record; who goes live makes sure that its own definition is. */
  private async definitions(isLive: boolean, store: EventStore): Promise<readonly RecordedDefinition[]> {
    const own = this.definition;
    const recorded = await recordedDefinitions(store, this.known);
    checkUnchanged(own, recorded);
    const last = recorded.at(-1)?.definition;
    if (!isLive || last?.hash === own.hash) return recorded;
    if (last && last.version > own.version)
      throw new ReadModelOutdated(own.name, this.declaration, {
        version: last.version,
        definition: declaredDefinition(last.hash),
      });
    // It was rebuilt before it was started: everything was judged by it.
    const definition: ObserverDefinition = last ? { ...own, applyTo: "all" } : own;
    return [...recorded, await recordDefinition(store, definition, recorded.length)];
  }
}
