// refused: TS2555 Expected at least 1 arguments, but got 0
// An expectation names its counterpart.
import { OrderPlaced } from "../../domains/ordering/index.js";
import { Observer, whenever } from "../../src/index.js";

@Observer({ name: "order-to-cash", version: 1 })
export class OrderToCash {
  readonly payment = whenever(OrderPlaced).expect().within({ minutes: 15 });
}
