/** What a subscriber with effects knows while it holds its lease: what is under way, and what is parked. */

import type { RecordedEvent } from "../message/index.js";
import type { Checkpoint, Lease, ParkedEvent } from "./checkpoint-store.js";
import type { DeliveryWindow } from "./delivery-window.js";
import type { RunControl } from "./subscriber.js";

export class DeliveryRun {
  /** The last delivery of each stream that has one under way. */
  readonly streams = new Map<string, Promise<void>>();
  /** By stream: position of the event that the later ones wait for. */
  readonly parkedStreams = new Map<string, bigint>();
  readonly newlyParked: ParkedEvent[] = [];
  saving: Promise<void> = Promise.resolve();
  saveScheduled = false;
  private readonly parkedPositions = new Set<bigint>();

  constructor(
    readonly lease: Lease,
    readonly control: RunControl,
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
