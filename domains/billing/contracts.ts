/** What billing reads of events that are not its own: only the fields that it needs (tolerant readers). */

import { DomainEvent } from "../../src/index.js";

/** A flag is an event like any other: that a payment did not come. */
export class CounterpartMissing extends DomainEvent("observer.Missing") {
  readonly observer!: string;
  readonly slot!: string;
  /** The business process in which it is missing: its correlation id. */
  readonly case!: string;
}

export class OrderPlaced extends DomainEvent("ordering.OrderPlaced") {
  readonly total!: number;
}
