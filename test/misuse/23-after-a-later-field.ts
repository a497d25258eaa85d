// refused: TS2729 Property 'payment' is used before its initialization
// A sequence follows on an expectation that is declared before it, so it can never run in a circle.
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderPlaced } from "../../domains/ordering/index.js";
import { after, Observer, whenever } from "../../src/index.js";

@Observer({ name: "order-to-door", version: 1 })
export class OrderToDoor {
  readonly shipment = after(this.payment).expect("shipping.ShipmentSent").within({ days: 2 });
  readonly payment = whenever(OrderPlaced).expect(PaymentTaken).within({ minutes: 15 });
}
