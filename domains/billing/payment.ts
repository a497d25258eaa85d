/** The payment of one order: every capture is a fact, even one too many. */

import { Aggregate, Applies, Handles } from "../../src/index.js";
import { RecordPayment, RecordRefusal } from "./commands.js";
import { PaymentRefused, PaymentTaken } from "./events.js";

@Aggregate({ name: "payment" })
export class Payment {
  private readonly taken = new Set<string>();
  private refused = false;

  @Handles(RecordPayment)
  record({ paymentId, amount }: RecordPayment): PaymentTaken[] {
    return this.taken.has(paymentId) ? [] : [PaymentTaken.of({ paymentId, amount })];
  }

  @Handles(RecordRefusal)
  refuse({ reason }: RecordRefusal): PaymentRefused[] {
    return this.refused ? [] : [PaymentRefused.of({ reason })];
  }

  @Applies(PaymentTaken)
  wasTaken({ paymentId }: PaymentTaken): void {
    this.taken.add(paymentId);
  }

  @Applies(PaymentRefused)
  wasRefused(_: PaymentRefused): void {
    this.refused = true;
  }
}
