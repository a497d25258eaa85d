/** Watches that every order is paid, without ordering or billing knowing of each other, or of this. */

import { PaymentTaken } from "../domains/billing/index.js";
import { OrderCancelled, OrderPlaced } from "../domains/ordering/index.js";
import { Observer, whenever } from "../src/index.js";

@Observer({ name: "order-to-cash", version: 1 })
export class OrderToCash {
  readonly payment = whenever(OrderPlaced)
    .expect(PaymentTaken)
    .within({ seconds: 5 })
    .once()
    .unless(OrderCancelled)
    .owner("payments team")
    .severity("critical");
}
