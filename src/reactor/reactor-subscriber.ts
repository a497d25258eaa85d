/**
 * A class that carries `@Reactor`, as a subscriber: at least once for each event, in order within a stream, several
 * streams at a time; what fails for good is parked with the later events of its stream behind it.
 */

import type { CommandBus } from "../aggregate/index.js";
import { systemClock, type Clock } from "../clock.js";
import { TooManyParked } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { DeclaredClass, Model } from "../model/index.js";
import type { EventFilter, EventStore, Page } from "../store/event-store.js";
import type {
  Checkpoint,
  CheckpointStore,
  Lease,
  ParkedEvent,
  Subscriber,
  SubscriberControl,
} from "../subscription/index.js";
import { beginningOf, tell, tickType } from "../subscription/index.js";
import type { ReactorOptions } from "./decorators.js";
import { DeliveryWindow } from "./delivery-window.js";
import { ReactionRunner } from "./reaction-runner.js";

export interface ReactorLimits {
  readonly clock?: Clock;
  /** Attempts before an event is parked. */
  readonly maxAttempts?: number;
  /** Events taken and not finished, at the most. */
  readonly maxInFlight?: number;
  /** Parked events at which the reactor stops. */
  readonly maxParked?: number;
  /** Called for each event that was parked, once that is on record; those that only wait behind another included. */
  readonly onParked?: (event: ParkedEvent) => void;
  /** Told what `onParked` throws, which stops nothing; a warning of the process unless stated. */
  readonly onError?: (error: unknown) => void;
}

/** Name of the lease and the checkpoint of a reactor. */
export const reactorLease = (reactor: string): string => `reactor:${reactor}`;

/** How long a reactor that stops waits for reactions under way; what is not finished by then is delivered again. */
const graceMs = 1_000;

export class ReactorSubscriber implements Subscriber {
  readonly name: string;
  readonly filter: EventFilter;
  readonly rebuildable = false;
  private readonly runner: ReactionRunner;
  private readonly clock: Clock;
  private readonly maxInFlight: number;
  private readonly maxParked: number;
  private readonly includeImported: boolean;
  private readonly startFrom: NonNullable<ReactorOptions["startFrom"]>;
  private run: Run | undefined;
  private checkpoint: Checkpoint | undefined;

  constructor(
    declared: DeclaredClass,
    instance: object,
    model: Model,
    commands: CommandBus,
    private readonly store: EventStore,
    private readonly checkpoints: CheckpointStore,
    private readonly limits: ReactorLimits = {},
  ) {
    const { clock = systemClock, maxAttempts = 6, maxInFlight = 512, maxParked = 1_000 } = limits;
    const { name, includeImported = false, startFrom = "beginning" } = declared.role.options as ReactorOptions;
    this.name = reactorLease(name);
    this.clock = clock;
    this.maxInFlight = maxInFlight;
    this.maxParked = maxParked;
    this.includeImported = includeImported;
    this.startFrom = startFrom;
    this.runner = new ReactionRunner(declared, instance, name, model.upcasters, commands, clock, maxAttempts);
    this.filter = { eventTypes: [...this.runner.eventTypes, tickType] };
  }

  get position(): bigint | undefined {
    return this.checkpoint?.position;
  }

  async open(lease: Lease, control: SubscriberControl): Promise<Checkpoint | undefined> {
    const { checkpoints, name } = this;
    this.checkpoint = await checkpoints.loadCheckpoint(name);
    const parked = await checkpoints.parked(name);
    const start = this.checkpoint ?? (await this.begin(lease));
    this.run = new Run(lease, control, start, parked, new DeliveryWindow(this.maxInFlight, control.signal));
    return this.checkpoint;
  }

  private async begin(lease: Lease): Promise<Checkpoint> {
    const start = beginningOf(await this.store.storeId());
    if (this.startFrom === "beginning") return start;
    const now = { ...start, position: await this.store.head() };
    // At once: after a crash the first start must not be a later one, which would leave out what came between.
    await this.checkpoints.saveCheckpoint(lease, now);
    return (this.checkpoint = now);
  }

  async handle(events: Page): Promise<void> {
    const run = this.run!;
    for (const recorded of events) {
      const finished = await run.window.take(recorded.position, recorded.recordedAtMs);
      if (run.control.signal.aborted) return;
      if (recorded.type === tickType) {
        finished();
        continue;
      }
      const before = run.streams.get(recorded.streamName) ?? Promise.resolve();
      const reaction = before
        .then(() => this.react(run, recorded))
        .then((done) => {
          if (done) finished();
          if (run.streams.get(recorded.streamName) === reaction) run.streams.delete(recorded.streamName);
          this.saveSoon(run);
        })
        .catch(run.control.fail);
      run.streams.set(recorded.streamName, reaction);
    }
  }

  async flush(): Promise<void> {
    if (this.run) await this.save(this.run);
  }

  async close(): Promise<void> {
    const run = this.run;
    if (!run) return;
    this.run = undefined;
    const grace = new AbortController();
    await Promise.race([Promise.all(run.streams.values()), this.clock.sleep(graceMs, grace.signal)]);
    grace.abort();
    await this.save(run);
  }

  /** True when the event needs no further delivery. */
  private async react(run: Run, recorded: RecordedEvent): Promise<boolean> {
    if (recorded.imported && !this.includeImported) return true;
    if (run.isParked(recorded)) return true;
    const ahead = run.parkedStreams.get(recorded.streamName);
    if (ahead !== undefined) {
      this.park(run, recorded, 0, `waits behind position ${ahead} of the same stream`);
      return true;
    }
    const outcome = await this.runner.run(recorded, run.control.signal);
    if (outcome.kind === "failed") {
      const { error, attempts } = outcome;
      this.park(run, recorded, attempts, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    return outcome.kind !== "interrupted";
  }

  private park(run: Run, recorded: RecordedEvent, attempts: number, error: string): void {
    const { position, streamName, revision, id, type } = recorded;
    run.park({
      reactor: this.name,
      position,
      streamName,
      revision,
      eventId: id,
      eventType: type,
      attempts,
      error,
      parkedAtMs: this.clock.now(),
    });
    if (run.parkedCount >= this.maxParked) run.control.fail(new TooManyParked(this.name, run.parkedCount));
  }

  /** Saves what finished in this turn of the event loop, in one transaction. */
  private saveSoon(run: Run): void {
    if (run.saveScheduled) return;
    run.saveScheduled = true;
    setImmediate(() => {
      run.saveScheduled = false;
      this.save(run).catch(run.control.fail);
    });
  }

  private save(run: Run): Promise<void> {
    // One after the other: a checkpoint must not overtake a later one.
    return (run.saving = run.saving.then(async () => {
      const advanced = run.window.advance();
      const parked = run.newlyParked.splice(0);
      if (!advanced && parked.length === 0) return;
      if (advanced)
        run.checkpoint = {
          ...run.checkpoint,
          position: advanced.position,
          recordedAtMs: advanced.recordedAtMs,
          handled: run.checkpoint.handled + advanced.count,
        };
      await this.checkpoints.saveCheckpoint(run.lease, run.checkpoint, parked);
      this.checkpoint = run.checkpoint;
      const { onParked, onError } = this.limits;
      for (const event of parked) tell(onParked, event, onError);
    }));
  }
}

/** What a reactor knows while it holds its lease. */
class Run {
  /** The last reaction of each stream that has one under way. */
  readonly streams = new Map<string, Promise<void>>();
  /** By stream: position of the event that the later ones wait for. */
  readonly parkedStreams = new Map<string, bigint>();
  readonly newlyParked: ParkedEvent[] = [];
  saving: Promise<void> = Promise.resolve();
  saveScheduled = false;
  private readonly parkedPositions = new Set<bigint>();

  constructor(
    readonly lease: Lease,
    readonly control: SubscriberControl,
    public checkpoint: Checkpoint,
    parked: readonly ParkedEvent[],
    readonly window: DeliveryWindow,
  ) {
    for (const event of parked) this.remember(event);
  }

  get parkedCount(): number {
    return this.parkedPositions.size;
  }

  isParked({ position }: RecordedEvent): boolean {
    return this.parkedPositions.has(position);
  }

  park(event: ParkedEvent): void {
    this.remember(event);
    this.newlyParked.push(event);
  }

  private remember({ streamName, position }: ParkedEvent): void {
    this.parkedPositions.add(position);
    if (!this.parkedStreams.has(streamName)) this.parkedStreams.set(streamName, position);
  }
}
