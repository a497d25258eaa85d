/** A running application: opens the stores, runs the roles of this process, and stops without losing anything. */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { systemClock, type Clock } from "../clock.js";
import { InvalidConfiguration, UnknownReadModel } from "../errors.js";
import type { AnyCommand } from "../message/index.js";
import type { ObserverLimits } from "../observer/index.js";
import type { CommandResult, DispatchOptions, SnapshotStore } from "../aggregate/index.js";
import {
  rehearse,
  verifyObserver,
  type ObserverReadModel,
  type Rehearsal,
  type Verification,
} from "../observer/index.js";
import {
  LiveReadModel,
  rebuild,
  prune,
  rebuildRow,
  rebuildTogether,
  rebuildUntil,
  rollback,
  verifyReadModel,
  type AsideOptions,
  type Moment,
  type PruneVerdict,
  type RowRebuildResult,
  type ReadModel,
  type ReadModelStore,
  type RebuildOptions,
  type RebuildResult,
  type ReadModelVerification,
  type ProjectionVerifyOptions,
} from "../projection/index.js";
import type { HttpServer, QueryContext } from "../query/index.js";
import { flagsStoreOf, type EventStore } from "../store/event-store.js";
import {
  askAboutParked,
  Processor,
  type AskOptions,
  type ParkedAnswer,
  type ParkedEvent,
  type ParkedRequest,
  type Pause,
  type ProcessorStatus,
  type Subscriber,
} from "../subscription/index.js";
import type { Assembly } from "./assembly.js";
import { completed, type Configuration, type StatedConfiguration } from "./configuration.js";
import { modelOf } from "./definition-model.js";
import { openReadModels } from "./open-read-models.js";
import { openSnapshots } from "./open-snapshots.js";
import { openStore, readOnlyOver } from "./open-store.js";
import { historyByWorkers, type RebuildWorkers } from "./rebuild-threads/workers.js";
import type { ApplicationDefinition } from "./registration.js";
import { withScratch } from "./scratch.js";
import { applicationStatus, readinessOf, type Worker } from "./status.js";
import { parkingNamed, subscriptionNamed, subscriptionsOf, type NamedSubscription } from "./subscriptions.js";

export interface RollcallOptions {
  /** An event store that the caller opened and closes, instead of the configured one. */
  readonly store?: EventStore;
  /** Where snapshots of aggregates are kept, opened and closed by the caller; beside the read models unless stated. */
  readonly snapshots?: SnapshotStore;
  readonly clock?: Clock;
  /** How much each observer keeps in memory: so much it takes, however many cases are open. */
  readonly observerLimits?: ObserverLimits;
  /** Called whenever a subscription of this process changes its state. */
  readonly onChange?: (status: ProcessorStatus) => void;
  /** Called whenever a reactor or a notification of this process has parked an event, those that wait behind another included. */
  readonly onParked?: (event: ParkedEvent) => void;
  /** Called for each error that no caller sees: an HTTP request that failed unexpectedly, snapshots that failed, a hook above that threw. */
  readonly onError?: (error: unknown) => void;
}

type WatchedRebuild = Pick<RebuildOptions, "signal" | "onProgress" | "fresh">;
type WatchedOptions = Pick<AsideOptions, "signal" | "onProgress">;

export class Rollcall {
  private http: HttpServer | undefined;
  private listening: string | undefined;
  private readonly processors: readonly { readonly processor: Processor; readonly role: string }[];
  private started = false;
  private stopped = false;
  /** Names this process in leases. */
  private readonly holder = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;

  private constructor(
    readonly configuration: Configuration,
    readonly store: EventStore,
    readonly readModels: ReadModelStore,
    readonly assembly: Assembly,
    private readonly options: RollcallOptions,
    private readonly snapshots: SnapshotStore | undefined,
  ) {
    const { projections, observers, reactors, notifications } = assembly;
    const live = (readModel: ReadModel) =>
      this.processor(
        new LiveReadModel(readModel, store, readModels),
        async () => (await readModels.activeGeneration(readModel.declaration.place))?.id,
      );
    this.processors = [
      ...projections.map((each) => ({ processor: live(each), role: "projection" })),
      ...observers.map((each) => ({ processor: live(each), role: "observer" })),
      ...reactors.map(({ subscriber, role }) => ({ processor: this.processor(subscriber), role })),
      ...notifications.map(({ subscriber }) => ({
        processor: this.processor(subscriber, undefined, this.flagsStore),
        role: "notification",
      })),
    ];
  }

  /**
   * Checks the whole model, then opens the stores. Nothing runs before `start`.
   * @throws InvalidModel, InvalidConfiguration with every problem; IncompatibleStore, StoreUnavailable, AccessDenied
   */
  static async open(
    definition: ApplicationDefinition,
    configuration: StatedConfiguration = {},
    options: RollcallOptions = {},
  ): Promise<Rollcall> {
    const complete = completed(configuration);
    const model = modelOf(definition);
    const { clock = systemClock, onParked, onError } = options;
    const given = options.store;
    const store = !given
      ? await openStore(complete, clock)
      : complete.readOnly
        ? await readOnlyOver(given, complete, { clock, closesLog: false })
        : given;
    const isOurs = store !== given;
    try {
      const readModels = await openReadModels(complete, options.clock);
      const snapshots = options.snapshots ?? (await openSnapshots(model, complete, onError));
      try {
        const { observerLimits } = options;
        const limits = {
          clock,
          ...(observerLimits && { observerLimits }),
          ...(onParked && { onParked }),
          ...(onError && { onError }),
        };
        // Who declares an application, and runs none, does without the library.
        const { assemble } = await import("./assembly.js");
        const assembly = assemble(definition, model, { store, readModels, snapshots }, limits);
        checkRoles(complete.roles, assembly.roles);
        if (complete.readOnly) checkReactors(complete.roles, assembly.reactors);
        for (const { declared } of assembly.notifications)
          for (const warning of declared.warnings ?? []) process.emitWarning(warning, "RollcallWarning");
        return new Rollcall(complete, store, readModels, assembly, options, snapshots);
      } catch (error) {
        if (snapshots !== options.snapshots) await snapshots?.close();
        await readModels.close();
        throw error;
      }
    } catch (error) {
      if (isOurs) await store.close();
      throw error;
    }
  }

  /** Where the flags are: in the log, unless that is only read. Its positions are those by which flags are followed. */
  get flagsStore(): EventStore {
    return flagsStoreOf(this.store);
  }

  /** Where HTTP listens, while it does. */
  get url(): string | undefined {
    return this.listening;
  }

  /** Runs the roles of this process. */
  async start(): Promise<void> {
    this.started = true;
    for (const { processor, role } of this.processors) if (this.hasRole(role)) processor.start();
    if (!this.hasRole("http")) return;
    const { createHttpServer } = await import("../query/index.js");
    if (this.stopped) return;
    const { onError } = this.options;
    this.http = createHttpServer(this.queryContext(), { ...this.configuration.http, ...(onError && { onError }) });
    this.listening = (await this.http.listen()).url;
  }

  /** Finishes what is under way, gives the leases back and closes the stores; not one that the caller opened. */
  async stop(): Promise<void> {
    this.stopped = true;
    const stopped = await Promise.allSettled([
      Promise.resolve(this.http?.close()),
      ...this.processors.map(({ processor }) => processor.stop()),
    ]);
    await this.assembly.commands.settled();
    if (this.snapshots !== this.options.snapshots) await this.snapshots?.close();
    await this.readModels.close();
    if (this.store !== this.options.store) await this.store.close();
    for (const outcome of stopped) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Sends a command. @see CommandBus.dispatch for what it throws */
  dispatch(command: AnyCommand, options?: DispatchOptions): Promise<CommandResult> {
    return this.assembly.commands.dispatch(command, options);
  }

  /**
   * Rebuilds a projection or an observer from history, beside the one that serves; a projection by several threads, with
   * `workers`. Rows and checkpoint are the same, however many there are; such a rebuild is not resumed.
   * @throws UnknownReadModel, RebuildInProgress, Fenced, or what the fold meets
   * @throws NoRowsAlone, InvalidConfiguration, RebuildThreadEnded with `workers`
   */
  async rebuild(
    name: string,
    { workers, ...watched }: WatchedRebuild & { readonly workers?: RebuildWorkers } = {},
  ): Promise<RebuildResult> {
    const readModel = this.readModel(name);
    const options = { ...this.rebuildOptions, ...watched };
    if (!workers) return rebuild(readModel, options);
    const isOwnStore = this.options.store === undefined;
    const writeHistory = historyByWorkers(readModel, workers, this.configuration, isOwnStore, options);
    return rebuild(readModel, { ...options, writeHistory });
  }

  /**
   * Rebuilds several of them by one read of the log. One that fails leaves the others alone.
   * @returns of each, in their order, what `rebuild` would have returned or thrown
   * @throws UnknownReadModel before anything is rebuilt
   */
  async rebuildTogether(
    names: readonly string[],
    options: WatchedRebuild = {},
  ): Promise<readonly PromiseSettledResult<RebuildResult>[]> {
    const readModels = names.map((name) => this.readModel(name));
    return rebuildTogether(readModels, { ...this.rebuildOptions, ...options });
  }

  /**
   * Puts what served before the last rebuild of a projection back in its place, once it has caught up.
   * @throws UnknownReadModel, NothingRetained, RebuildInProgress, Fenced, or what the fold meets
   */
  async rollback(name: string, options: WatchedRebuild = {}): Promise<RebuildResult> {
    return rollback(this.readModel(name), { ...this.rebuildOptions, ...options });
  }

  /**
   * Builds a projection as it was at a moment of the log, beside what serves: `GET /read-models/NAME~LABEL`.
   * @throws UnknownReadModel, NoRowsAlone, InvalidConfiguration, MomentNotReached, RebuildInProgress, or what the fold meets
   */
  async rebuildUntil(
    name: string,
    moment: Moment,
    label: string,
    options: WatchedRebuild = {},
  ): Promise<RebuildResult> {
    return rebuildUntil(this.readModel(name), moment, label, { ...this.rebuildOptions, ...options });
  }

  /**
   * Makes one row of a projection anew from history, in place.
   * @throws UnknownReadModel, NoRowsAlone, or what the fold meets
   */
  async rebuildRow(name: string, key: string, options: Pick<WatchedRebuild, "signal"> = {}): Promise<RowRebuildResult> {
    return rebuildRow(this.readModel(name), key, { ...this.rebuildOptions, ...options });
  }

  /**
   * Drops what no longer serves of the read models of that name, of all of them unless one is named: what was retained by a
   * rebuild, left unfinished, built under a label, or serves in the place of an earlier version. What somebody is at work
   * on is left.
   * @throws UnknownReadModel
   */
  prune({ name, dryRun }: { readonly name?: string; readonly dryRun?: boolean } = {}): Promise<
    readonly PruneVerdict[]
  > {
    const { readModels, holder } = this;
    const names = name === undefined ? this.readModelNames : [name];
    const declarations = names.map((each) => this.readModel(each).declaration);
    return prune(declarations, { readModels, holder, ...(dryRun !== undefined && { dryRun }) });
  }

  private readModel(name: string): ReadModel {
    const { projections, observers } = this.assembly;
    return found<ReadModel>([...projections, ...observers], name);
  }

  private get rebuildOptions(): RebuildOptions {
    const { store, readModels, holder } = this;
    const { clock } = this.options;
    const { leaseTtlMs } = this.configuration;
    return { store, readModels, holder, leaseTtlMs, ...(clock && { clock }) };
  }

  /**
   * Builds a projection from history again, aside, and compares its rows with those that serve. Of one that was declared
   * otherwise than what serves, it tells what a rebuild would change.
   * @throws UnknownReadModel, InvalidConfiguration for a sample that is none, or what the fold meets
   */
  verifyProjection(
    name: string,
    options: WatchedOptions & Pick<ProjectionVerifyOptions, "sample"> = {},
  ): Promise<ReadModelVerification> {
    const { store, readModels } = this;
    const projection = found(this.assembly.projections, name);
    return this.aside((scratch) => verifyReadModel(projection, { store, readModels, scratch, ...options }));
  }

  /**
   * Judges the history of an observer again, aside, and compares flags and cases with what is recorded and serves.
   * @throws UnknownReadModel, ReadModelOutdated, or what the observer meets
   */
  verify(name: string, options: WatchedOptions = {}): Promise<Verification> {
    const { store, readModels } = this;
    return this.aside((scratch) => verifyObserver(this.observer(name), { store, readModels, scratch, ...options }));
  }

  /**
   * What an observer would make of all of history, if it were rebuilt; nothing is recorded.
   * @throws UnknownReadModel, or what the observer meets
   */
  rehearse(name: string, options: WatchedOptions = {}): Promise<Rehearsal> {
    const { store, readModels } = this;
    return this.aside((scratch) => rehearse(this.observer(name), { store, readModels, scratch, ...options }));
  }

  /** @throws UnknownReadModel */
  observer(name: string): ObserverReadModel {
    return found(this.assembly.observers, name);
  }

  private aside<T>(work: (scratch: ReadModelStore) => Promise<T>): Promise<T> {
    return withScratch(this.options.clock ?? systemClock, work);
  }

  /** In the order of their processors. */
  get subscriptions(): readonly NamedSubscription[] {
    return subscriptionsOf(this.assembly);
  }

  /**
   * Lets a projection, an observer, a reactor or a notification stand still, in every process, until it is resumed.
   * @param name `reactor:charge` where `charge` alone would not say which
   * @throws UnknownSubscription, AmbiguousSubscription
   */
  async pause(name: string, words: Pick<Pause, "reason" | "by">): Promise<Pause> {
    return this.readModels.pause(subscriptionNamed(this.subscriptions, name).subscription, words);
  }

  /** Lets it go on from its checkpoint; false when it was not paused. @throws UnknownSubscription, AmbiguousSubscription */
  async resume(name: string): Promise<boolean> {
    return this.readModels.resume(subscriptionNamed(this.subscriptions, name).subscription);
  }

  /**
   * Asks whoever works on a reactor or a notification to deliver parked events again, or to drop them, and waits for the
   * answer; `undefined` when that takes longer than `options` allow, and goes on.
   * @throws UnknownSubscription, AmbiguousSubscription, ParksNothing, SubscriptionPaused, NobodyAtWork
   */
  async askAboutParked(
    name: string,
    request: Pick<ParkedRequest, "kind" | "positions" | "by" | "reason">,
    options: Omit<AskOptions, "clock"> = {},
  ): Promise<ParkedAnswer | undefined> {
    const { subscription } = parkingNamed(this.subscriptions, name);
    const { clock = systemClock } = this.options;
    return askAboutParked(this.readModels, { ...request, subscription }, { clock, ...options });
  }

  get readModelNames(): readonly string[] {
    return [...this.assembly.projections, ...this.assembly.observers].map(({ declaration }) => declaration.name);
  }

  hasRole(role: string): boolean {
    return this.configuration.roles === "all" || this.configuration.roles.includes(role);
  }

  queryContext(): QueryContext {
    const { store, readModels, assembly, configuration } = this;
    const { commands, model, roles } = assembly;
    const { clock = systemClock } = this.options;
    const running = configuration.roles === "all" ? roles : configuration.roles;
    const metered = assembly.notifications.find(({ declared }) => declared.exposition);
    const status = () => applicationStatus({ store, readModels, clock }, running, this.workers());
    return {
      store,
      readModels,
      commands,
      model,
      projections: assembly.projections.map(({ declaration }) => declaration),
      observers: assembly.observers,
      reactors: assembly.reactors.map(({ name, subscriber }) => ({ name, subscription: subscriber.name })),
      notifications: assembly.notifications.map(({ declared, subscriber }) => ({
        name: declared.name,
        subscription: subscriber.name,
      })),
      exposition: metered && (() => metered.declared.exposition!()),
      status,
      readiness: () => readinessOf(readModels, this.workers()),
    };
  }

  private workers(): readonly Worker[] {
    const { subscriptions } = this;
    const { projections, observers } = this.assembly;
    const declarations = [...projections, ...observers].map(({ declaration }) => declaration);
    return this.processors.map(({ processor, role }, i) => ({
      ...subscriptions[i]!,
      ...(declarations[i] && { declaration: declarations[i] }),
      filter: processor.subscriber.filter,
      status: this.started && this.hasRole(role) ? processor.status : undefined,
    }));
  }

  private processor(subscriber: Subscriber, serving?: () => Promise<unknown>, store = this.store): Processor {
    const { clock, onChange, onError } = this.options;
    return new Processor(subscriber, store, this.readModels, {
      holder: this.holder,
      leaseTtlMs: this.configuration.leaseTtlMs,
      ...(clock && { clock }),
      ...(onChange && { onChange }),
      ...(onError && { onError }),
      ...(serving && { serving }),
    });
  }
}

function checkRoles(roles: Configuration["roles"], known: readonly string[]): void {
  const unknown = roles === "all" ? [] : roles.filter((role) => !known.includes(role));
  if (unknown.length > 0)
    throw new InvalidConfiguration(
      unknown.map((role) => `ROLLCALL_ROLES names "${role}". Known roles: ${known.join(", ")}.`),
    );
}

/** What reacts writes. */
function checkReactors(roles: Configuration["roles"], reactors: Assembly["reactors"]): void {
  const running = reactors.filter(({ role }) => roles === "all" || roles.includes(role));
  if (running.length > 0)
    throw new InvalidConfiguration(
      running.map(
        ({ name, role }) =>
          `ROLLCALL_READ_ONLY (readOnly) is true, and the reactor ${name} would write. Leave ${role} out of ROLLCALL_ROLES (roles), or run it in a process that may write.`,
      ),
    );
}

/** @throws UnknownReadModel */
function found<T extends ReadModel>(among: readonly T[], name: string): T {
  const readModel = among.find(({ declaration }) => declaration.name === name);
  if (readModel) return readModel;
  throw new UnknownReadModel(
    name,
    among.map(({ declaration }) => declaration.name),
  );
}
