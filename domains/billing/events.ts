/** What billing has recorded. */

import { DomainEvent } from "../../src/index.js";

export class PaymentTaken extends DomainEvent("billing.PaymentTaken") {
  readonly paymentId!: string;
  readonly amount!: number;
}

export class PaymentRefused extends DomainEvent("billing.PaymentRefused") {
  readonly reason!: string;
}
