// refused: TS1238 is missing the following properties from type 'Expectation<any, any>'
// An expectation without a deadline never speaks.
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderPlaced } from "../../domains/ordering/index.js";
import { Observer, whenever } from "../../src/index.js";

@Observer({ name: "order-to-cash", version: 1 })
export class OrderToCash {
  readonly payment = whenever(OrderPlaced).expect(PaymentTaken);
}
