// refused: TS2551 Property 'currencies' does not exist on type 'Fields<OrderPlaced>'
// A predicate sees the data of the two events that it is about, and nothing else.
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderPlaced } from "../../domains/ordering/index.js";
import { Observer, whenever } from "../../src/index.js";

@Observer({ name: "order-to-cash", version: 1 })
export class OrderToCash {
  readonly payment = whenever(OrderPlaced)
    .expect(PaymentTaken)
    .within({ minutes: 15 })
    .agreeing((order, payment) => order.currencies === payment.paymentId);
}
