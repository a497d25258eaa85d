/**
 * A subscriber with effects: at least once for each event, in order within a stream, several streams at a time; what
 * fails for good is parked with the later events of its stream behind it.
 */

import { systemClock, type Clock } from "../clock.js";
import { errorInWords, TooManyParked } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { EventFilter, EventStore, Page } from "../store/event-store.js";
import {
  beginningOf,
  type Checkpoint,
  type CheckpointStore,
  type Lease,
  type ParkedEvent,
} from "./checkpoint-store.js";
import type { Deliveries } from "./deliveries.js";
import { DeliveryRun } from "./delivery-run.js";
import { DeliveryWindow } from "./delivery-window.js";
import { ParkedDelivery, waitsBehind } from "./parked-delivery.js";
import type { ParkedEventStore } from "./parked-events.js";
import type { Obstacle, RunControl, Subscriber } from "./subscriber.js";
import { tell } from "./tell.js";

export interface DeliveryLimits {
  readonly clock?: Clock;
  /** Events taken and not finished, at the most. */
  readonly maxInFlight?: number;
  /** Parked events at which the subscriber stops. */
  readonly maxParked?: number;
  /** Called for each event that was parked, once that is on record; those that only wait behind another included. */
  readonly onParked?: (event: ParkedEvent) => void;
  /** Told what `onParked` throws, which stops nothing; a warning of the process unless stated. */
  readonly onError?: (error: unknown) => void;
}

/** How long a subscriber that is paused lets deliveries under way go on. */
const finishMs = 10_000;

/** How long a subscriber that stops waits for deliveries under way; what is not finished by then is delivered again. */
const graceMs = 1_000;

export class OrderedDelivery implements Subscriber {
  readonly name: string;
  readonly filter: EventFilter;
  readonly rebuildable = false;
  private readonly clock: Clock;
  private run: DeliveryRun | undefined;
  private checkpoint: Checkpoint | undefined;
  private readonly parkedDelivery: ParkedDelivery;
  private readonly maxParked: number;
  private readonly maxInFlight: number;

  constructor(
    private readonly deliveries: Deliveries,
    private readonly store: EventStore,
    private readonly checkpoints: CheckpointStore & ParkedEventStore,
    private readonly limits: DeliveryLimits = {},
  ) {
    this.name = deliveries.name;
    this.filter = deliveries.filter;
    const { clock = systemClock, maxParked = 1_000, maxInFlight = 512 } = limits;
    this.clock = clock;
    this.maxParked = maxParked;
    this.maxInFlight = maxInFlight;
    const save = (run: DeliveryRun) => this.save(run);
    this.parkedDelivery = new ParkedDelivery(deliveries, store, checkpoints, { clock, maxInFlight, save });
  }

  get position(): bigint | undefined {
    return this.checkpoint?.position;
  }

  async open(lease: Lease, control: RunControl): Promise<Checkpoint | undefined> {
    const { checkpoints, name } = this;
    this.checkpoint = await checkpoints.loadCheckpoint(name);
    const parked = await checkpoints.parked(name);
    const start = this.checkpoint ?? (await this.begin(lease));
    const released = await checkpoints.releasedEvents(name, start.position);
    const window = new DeliveryWindow(this.maxInFlight, control.finishing);
    const positions = released.map(({ position }) => position);
    this.run = new DeliveryRun(lease, control, start, parked, positions, window);
    void this.parkedDelivery.serve(this.run);
    return this.checkpoint;
  }

  /** At the bound it does nothing but what it is asked to do with parked events. */
  get obstacle(): Obstacle | undefined {
    const { run, name, maxParked } = this;
    if (!run || run.parkedCount < maxParked) return undefined;
    return { error: new TooManyParked(name, run.parkedCount), changed: () => run.untilReleased() };
  }

  private async begin(lease: Lease): Promise<Checkpoint> {
    const start = beginningOf(await this.store.storeId());
    if (this.deliveries.startFrom === "beginning") return start;
    const now = { ...start, position: await this.store.head() };
    // At once: after a crash the first start must not be a later one, which would leave out what came between.
    await this.checkpoints.saveCheckpoint(lease, now);
    return (this.checkpoint = now);
  }

  async handle(events: Page): Promise<void> {
    const run = this.run!;
    for (const recorded of events) {
      const finished = await run.window.take(recorded.position, recorded.recordedAtMs);
      if (run.control.finishing.aborted) return;
      if (!this.deliveries.concerns(recorded)) {
        finished();
        // Without it, a window full of these would wait for ever for somebody to empty it.
        this.saveSoon(run);
        continue;
      }
      void run.chain(recorded.streamName, async () => {
        if (await this.deliver(run, recorded)) finished();
        this.saveSoon(run);
      });
    }
  }

  async flush(): Promise<void> {
    if (this.run) await this.save(this.run);
  }

  async finish(): Promise<void> {
    if (this.run) await this.wait(this.run, finishMs, this.run.control.signal);
  }

  async close(): Promise<void> {
    const run = this.run;
    if (!run) return;
    this.run = undefined;
    await this.wait(run, graceMs);
    await this.save(run);
  }

  /** Until the deliveries under way have ended, but no longer than so. */
  private async wait(run: DeliveryRun, forMs: number, signal?: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const ended = AbortSignal.any([enough.signal, ...(signal ? [signal] : [])]);
    await Promise.race([Promise.all(run.streams.values()), this.clock.sleep(forMs, ended)]);
    enough.abort();
  }

  /** True when the event needs no further delivery. */
  private async deliver(run: DeliveryRun, recorded: RecordedEvent): Promise<boolean> {
    if (run.control.finishing.aborted) return false;
    if (run.isSettled(recorded)) return true;
    const ahead = run.firstParked(recorded.streamName);
    if (ahead) {
      this.park(run, recorded, 0, waitsBehind(ahead.position));
      return true;
    }
    const outcome = await this.deliveries.deliver(recorded, run.control.signal);
    if (outcome.kind === "failed") {
      this.park(run, recorded, outcome.attempts, errorInWords(outcome.error));
    }
    return outcome.kind !== "interrupted";
  }

  private park(run: DeliveryRun, recorded: RecordedEvent, attempts: number, error: string): void {
    const { position, streamName, revision, id, type } = recorded;
    run.park({
      subscription: this.name,
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
  private saveSoon(run: DeliveryRun): void {
    if (run.saveScheduled) return;
    run.saveScheduled = true;
    setImmediate(() => {
      run.saveScheduled = false;
      this.save(run).catch(run.control.fail);
    });
  }

  private save(run: DeliveryRun): Promise<void> {
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
