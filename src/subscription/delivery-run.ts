/** What a subscriber with effects knows while it holds its lease: what is under way, and what is parked. */

import type { RecordedEvent } from "../message/index.js";
import type { Checkpoint, Lease, ParkedEvent } from "./checkpoint-store.js";
import type { DeliveryWindow } from "./delivery-window.js";
import type { RunControl } from "./subscriber.js";

export class DeliveryRun {
  /** The last delivery of each stream that has one under way. */
  readonly streams = new Map<string, Promise<void>>();
  readonly newlyParked: ParkedEvent[] = [];
  saving: Promise<void> = Promise.resolve();
  saveScheduled = false;
  private readonly parkedStreams = new Map<string, ParkedEvent[]>();
  private readonly parkedPositions = new Set<bigint>();
  private readonly released: Set<bigint>;
  private readonly awaitingRelease: (() => void)[] = [];

  /** @param released positions after the checkpoint of events that were parked, and are done with */
  constructor(
    readonly lease: Lease,
    readonly control: RunControl,
    public checkpoint: Checkpoint,
    parked: readonly ParkedEvent[],
    released: readonly bigint[],
    readonly window: DeliveryWindow,
  ) {
    this.released = new Set(released);
    for (const event of parked) this.remember(event);
    control.finishing.addEventListener("abort", () => this.wake(), { once: true });
  }

  get parkedCount(): number {
    return this.parkedPositions.size;
  }

  /** By stream, in the stream's order: the first one is what the others wait for. */
  get parked(): ReadonlyMap<string, readonly ParkedEvent[]> {
    return this.parkedStreams;
  }

  /** True when nothing is to be done with the event: it is parked, or was and is no more. */
  isSettled({ position }: RecordedEvent): boolean {
    return this.parkedPositions.has(position) || this.released.has(position);
  }

  /** What the later events of the stream wait for. */
  firstParked(streamName: string): ParkedEvent | undefined {
    return this.parkedStreams.get(streamName)?.[0];
  }

  park(event: ParkedEvent): void {
    this.remember(event);
    this.newlyParked.push(event);
  }

  /** They are parked as before, with what is known of them now. */
  parkAgain(events: readonly ParkedEvent[]): void {
    for (const event of events) {
      const waiting = this.parkedStreams.get(event.streamName)!;
      waiting[waiting.findIndex(({ position }) => position === event.position)] = event;
    }
  }

  /** They are parked no more. */
  release(events: readonly ParkedEvent[]): void {
    for (const { streamName, position } of events) {
      const left = this.parkedStreams.get(streamName)!.filter((event) => event.position !== position);
      if (left.length > 0) this.parkedStreams.set(streamName, left);
      else this.parkedStreams.delete(streamName);
      this.parkedPositions.delete(position);
      this.released.add(position);
    }
    this.wake();
  }

  /** Resolves at the next release, or when the run is to finish. */
  untilReleased(): Promise<void> {
    if (this.control.finishing.aborted) return Promise.resolve();
    return new Promise((resolve) => this.awaitingRelease.push(resolve));
  }

  /** Runs `work` after what is under way in the stream; what it throws ends the run. */
  chain(streamName: string, work: () => Promise<void>): Promise<void> {
    const before = this.streams.get(streamName) ?? Promise.resolve();
    const delivery = before
      .then(work)
      .catch(this.control.fail)
      .then(() => {
        if (this.streams.get(streamName) === delivery) this.streams.delete(streamName);
      });
    this.streams.set(streamName, delivery);
    return delivery;
  }

  private remember(event: ParkedEvent): void {
    this.parkedPositions.add(event.position);
    const waiting = this.parkedStreams.get(event.streamName);
    if (waiting) waiting.push(event);
    else this.parkedStreams.set(event.streamName, [event]);
  }

  private wake(): void {
    for (const resolve of this.awaitingRelease.splice(0)) resolve();
  }
}
