/** What is delivered, and how: what tells reactors and notifications apart. */

import type { RecordedEvent } from "../message/index.js";
import type { EventFilter } from "../store/event-store.js";

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
  /**
   * What it throws is no fault of the event: the subscriber stops, in sight, and parks nothing.
   * @param maxAttempts as often as ever unless stated
   */
  deliver(recorded: RecordedEvent, signal: AbortSignal, maxAttempts?: number): Promise<DeliveryOutcome>;
}
