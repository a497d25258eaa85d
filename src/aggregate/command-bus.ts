/** The way in: a command is validated, its aggregate loaded, the decision made and its events appended. */

import { systemClock, type Clock } from "../clock.js";
import { CommandIdReused, UnknownCommand, WrongExpectedRevision } from "../errors.js";
import {
  currentContext,
  derivedId,
  randomId,
  validateCommand,
  type AnyCommand,
  type AnyEvent,
  type EventMetadata,
  type Upcasters,
} from "../message/index.js";
import type { Model } from "../model/index.js";
import type { EventData, EventStore } from "../store/event-store.js";
import { AggregateLoader, eventPlace, type Loaded } from "./aggregate-loader.js";
import { AggregateType } from "./aggregate-type.js";
import { commandDigest } from "./command-digest.js";
import type { SnapshotStore } from "./snapshot-store.js";
import { Snapshots } from "./snapshots.js";

export interface DispatchOptions {
  /** Makes the command idempotent: sent again with the same id it is answered from its events. A new UUID unless given. */
  readonly commandId?: string | undefined;
  /** The business process; otherwise that of the present context, of the stream's first event, or a new one. */
  readonly correlationId?: string | undefined;
  /** When it happened in the business, if that is not now. */
  readonly occurredAt?: Date | undefined;
}

export interface CommandResult {
  readonly commandId: string;
  readonly correlationId: string;
  readonly streamName: string;
  /** Revision of the stream's last event after the command; `undefined` while it has none. */
  readonly revision: bigint | undefined;
  /** Position in the log of the last event of this command; `undefined` when it led to none, or to some earlier. */
  readonly position: bigint | undefined;
  /** What was decided, now or when the same command id came first. */
  readonly eventTypes: readonly string[];
  /** True when it was answered from events that were there; of two at the same moment, in two processes, none may be. */
  readonly duplicate: boolean;
}

export interface CommandBusOptions {
  readonly clock?: Clock;
  /** How often a command is decided anew when somebody else appended first. */
  readonly maxAttempts?: number;
  /** Where aggregates that declare snapshots have them; without it they have none. The caller closes it. */
  readonly snapshots?: SnapshotStore | undefined;
  /** Told what happened to snapshots: a state that cannot be kept, a store that failed. No command fails by that. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export class CommandBus {
  private readonly byCommand = new Map<string, AggregateType>();
  /** The last command under way on each stream: those of one process do not compete with each other. */
  private readonly streams = new Map<string, Promise<unknown>>();
  private readonly upcasters: Upcasters;
  private readonly clock: Clock;
  private readonly maxAttempts: number;
  private readonly snapshots: Snapshots | undefined;
  private readonly loader: AggregateLoader;

  constructor(
    model: Model,
    private readonly store: EventStore,
    { clock = systemClock, maxAttempts = 10, snapshots, onError }: CommandBusOptions = {},
  ) {
    this.upcasters = model.upcasters;
    this.clock = clock;
    this.maxAttempts = maxAttempts;
    this.snapshots = snapshots && new Snapshots(snapshots, store, { clock, onError });
    this.loader = new AggregateLoader(store, this.snapshots);
    for (const declared of model.aggregates) {
      const type = new AggregateType(declared, model.upcasters);
      for (const commandType of type.commandTypes) this.byCommand.set(commandType, type);
    }
  }

  /**
   * Loads, decides and appends at the revision it saw; decides anew, a bounded number of times, when somebody else
   * appended first.
   * @throws UnknownCommand, InvalidCommand
   * @throws CommandRejected, or whatever else the handler throws
   * @throws ApplyFailed when an event cannot be folded into the state, recorded or just decided
   * @throws CommandIdReused when the id was used for another command on this aggregate
   * @throws WrongExpectedRevision when every attempt met a conflict
   */
  async dispatch(command: AnyCommand, options: DispatchOptions = {}): Promise<CommandResult> {
    const type = this.byCommand.get(command.type);
    if (!type) throw new UnknownCommand(command.type, [...this.byCommand.keys()]);
    validateCommand(command);
    const commandId = options.commandId ?? randomId();
    return this.inTurn(type.streamOf(command.aggregateId), () => this.decide(type, command, commandId, options));
  }

  /** Resolves when the snapshots are kept that commands so far have made due. */
  async settled(): Promise<void> {
    await this.snapshots?.settled();
  }

  private inTurn<T>(streamName: string, work: () => Promise<T>): Promise<T> {
    const before = this.streams.get(streamName);
    const mine = before ? before.then(work, work) : work();
    this.streams.set(streamName, mine);
    const leave = () => {
      if (this.streams.get(streamName) === mine) this.streams.delete(streamName);
    };
    mine.then(leave, leave);
    return mine;
  }

  private async decide(
    type: AggregateType,
    command: AnyCommand,
    commandId: string,
    options: DispatchOptions,
  ): Promise<CommandResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(type, command, commandId, options);
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision) || attempt >= this.maxAttempts) throw error;
        // Whoever lost once should not lose again to the same rival in lockstep.
        await this.clock.sleep(Math.random() * 5 * attempt);
      }
    }
  }

  private async attempt(
    type: AggregateType,
    command: AnyCommand,
    commandId: string,
    options: DispatchOptions,
  ): Promise<CommandResult> {
    const streamName = type.streamOf(command.aggregateId);
    const loaded = await this.loader.load(type, streamName, commandId);
    try {
      return await this.decideOn(loaded, type, command, commandId, options);
    } finally {
      if (loaded.due) this.snapshots!.keep(type, streamName, loaded.due);
    }
  }

  private async decideOn(
    loaded: Loaded,
    type: AggregateType,
    command: AnyCommand,
    commandId: string,
    options: DispatchOptions,
  ): Promise<CommandResult> {
    const streamName = type.streamOf(command.aggregateId);
    const digest = commandDigest(command);
    const context = currentContext();
    const correlationId =
      options.correlationId ?? context.correlationId ?? loaded.correlationId ?? newCorrelationId(commandId, streamName);
    const result = { commandId, correlationId, streamName };

    const [first] = loaded.earlier;
    if (first) {
      if (first.metadata.commandDigest !== digest) throw new CommandIdReused(commandId, streamName);
      return {
        ...result,
        correlationId: first.correlationId ?? correlationId,
        revision: loaded.revision,
        position: loaded.earlier.at(-1)!.position,
        eventTypes: loaded.earlier.map((event) => event.type),
        duplicate: true,
      };
    }

    const decided = type.decide(loaded.instance, command, {
      commandId,
      correlationId,
      now: new Date(this.clock.now()),
    });
    for (const event of decided) type.applyDecided(loaded.instance, event, streamName);
    const eventTypes = decided.map((event) => event.type);
    if (decided.length === 0)
      return { ...result, revision: loaded.revision, position: undefined, eventTypes, duplicate: false };

    const metadata: EventMetadata = {
      $correlationId: correlationId,
      $causationId: context.causationId ?? commandId,
      commandId,
      commandDigest: digest,
      ...(context.traceparent && { traceparent: context.traceparent }),
      ...(options.occurredAt && { occurredAt: options.occurredAt.toISOString() }),
    };
    const { revision, position } = await this.store.append(
      streamName,
      decided.map((event, index) => this.eventData(event, eventId(commandId, streamName, index, digest), metadata)),
      { expectedRevision: loaded.revision ?? "no_stream" },
    );
    return { ...result, revision, position, eventTypes, duplicate: false };
  }

  private eventData(event: AnyEvent, id: string, metadata: EventMetadata): EventData {
    const schemaVersion = this.upcasters.versionOf(event.type);
    return {
      id,
      type: event.type,
      data: event,
      metadata: schemaVersion === 1 ? metadata : { ...metadata, schemaVersion },
    };
  }
}

/**
 * Ids follow from the command's, so that a retry appends the very same events. The second half says the payload too:
 * of two commands with one id but another payload that are decided at the same time, the store refuses one.
 */
const eventId = (commandId: string, streamName: string, index: number, digest: string) =>
  eventPlace(commandId, streamName, index) + derivedId("event", commandId, streamName, index, digest).slice(18);

/** Of a new process. Not the command id itself: that is the client's, who may use it for several aggregates. */
const newCorrelationId = (commandId: string, streamName: string) => derivedId("correlation", commandId, streamName);
