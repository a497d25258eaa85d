// refused: TS2345 Type '"command"' is not assignable to type '"event"'
// Commands ask and may be refused; only what was recorded is folded.
import { PlaceOrder } from "../../domains/ordering/index.js";
import { Applies } from "../../src/index.js";

export class Order {
  @Applies(PlaceOrder)
  placed(_: PlaceOrder): void {}
}
