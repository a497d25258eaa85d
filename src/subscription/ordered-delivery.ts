/**
 * A subscriber with effects: at least once for each event, in order within a stream, several streams at a time; what
 * fails for good is parked with the later events of its stream behind it.
 */

import { systemClock, type Clock } from "../clock.js";
import { TooManyParked } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { EventFilter, EventStore, Page } from "../store/event-store.js";
import {
  beginningOf,
  type Checkpoint,
  type CheckpointStore,
  type Lease,
  type ParkedEvent,
} from "./checkpoint-store.js";
import { DeliveryRun } from "./delivery-run.js";
import { DeliveryWindow } from "./delivery-window.js";
import type { RunControl, Subscriber } from "./subscriber.js";
import { tell } from "./tell.js";

/** How the delivery of one event ended. `interrupted`: the subscriber stopped first; it is delivered again. */
export type DeliveryOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "interrupted" }
  | { readonly kind: "failed"; readonly attempts: number; readonly error: unknown };

/** What is delivered, and how. */
export interface Deliveries {
  /** Of the lease, the checkpoint and what is parked. */
  readonly name: string;
  /** With the clock stream, so that a tick moves the checkpoint over events that do not concern it. */
  readonly filter: EventFilter;
  /** Where it begins when there is no checkpoint: with the first event, or after the last that the log holds then. */
  readonly startFrom: "beginning" | "now";
  /** False for an event that is passed over; what waits in its stream does not hold it up. */
  concerns(recorded: RecordedEvent): boolean;
  /** What it throws is no fault of the event: the subscriber stops, in sight, and parks nothing. */
  deliver(recorded: RecordedEvent, signal: AbortSignal): Promise<DeliveryOutcome>;
}

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

  constructor(
    private readonly deliveries: Deliveries,
    private readonly store: EventStore,
    private readonly checkpoints: CheckpointStore,
    private readonly limits: DeliveryLimits = {},
  ) {
    this.name = deliveries.name;
    this.filter = deliveries.filter;
    this.clock = limits.clock ?? systemClock;
  }

  get position(): bigint | undefined {
    return this.checkpoint?.position;
  }

  async open(lease: Lease, control: RunControl): Promise<Checkpoint | undefined> {
    const { checkpoints, name, limits } = this;
    this.checkpoint = await checkpoints.loadCheckpoint(name);
    const parked = await checkpoints.parked(name);
    const start = this.checkpoint ?? (await this.begin(lease));
    const window = new DeliveryWindow(limits.maxInFlight ?? 512, control.finishing);
    this.run = new DeliveryRun(lease, control, start, parked, window);
    return this.checkpoint;
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
      const before = run.streams.get(recorded.streamName) ?? Promise.resolve();
      const delivery = before
        .then(() => this.deliver(run, recorded))
        .then((done) => {
          if (done) finished();
          if (run.streams.get(recorded.streamName) === delivery) run.streams.delete(recorded.streamName);
          this.saveSoon(run);
        })
        .catch(run.control.fail);
      run.streams.set(recorded.streamName, delivery);
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
    if (run.isParked(recorded)) return true;
    const ahead = run.parkedStreams.get(recorded.streamName);
    if (ahead !== undefined) {
      this.park(run, recorded, 0, `waits behind position ${ahead} of the same stream`);
      return true;
    }
    const outcome = await this.deliveries.deliver(recorded, run.control.signal);
    if (outcome.kind === "failed") {
      const { error, attempts } = outcome;
      this.park(run, recorded, attempts, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    return outcome.kind !== "interrupted";
  }

  private park(run: DeliveryRun, recorded: RecordedEvent, attempts: number, error: string): void {
    const { position, streamName, revision, id, type } = recorded;
    const { maxParked = 1_000 } = this.limits;
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
    if (run.parkedCount >= maxParked) run.control.fail(new TooManyParked(this.name, run.parkedCount));
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
