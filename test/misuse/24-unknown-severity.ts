// refused: TS2345 Argument of type '"urgent"' is not assignable to parameter of type 'Severity'
// How grave a flag is, is one of three words.
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderPlaced } from "../../domains/ordering/index.js";
import { Observer, whenever } from "../../src/index.js";

@Observer({ name: "order-to-cash", version: 1 })
export class OrderToCash {
  readonly payment = whenever(OrderPlaced).expect(PaymentTaken).within({ minutes: 15 }).severity("urgent");
}
