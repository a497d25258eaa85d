/** What billing reads of events that are not its own: only the fields that it needs (tolerant readers). */

import { DomainEvent } from "../../src/index.js";

export class OrderPlaced extends DomainEvent("ordering.OrderPlaced") {
  readonly total!: number;
}
