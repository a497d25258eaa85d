// refused: TS1241 Type 'Promise<OrderPlaced>' is not assignable to type 'AnyEvent | readonly AnyEvent[]'
// A decision that waits for the outside world cannot be replayed or retried.
import { OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { Handles } from "../../src/index.js";

export class Order {
  @Handles(PlaceOrder)
  async place({ total, currency }: PlaceOrder): Promise<OrderPlaced> {
    return OrderPlaced.of({ total, currency });
  }
}
