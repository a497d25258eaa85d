// refused: TS2741 Property 'version' is missing
// Without a version nobody could say that state has another meaning now.
import { Aggregate, Applies, Handles } from "../../src/index.js";
import { OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";

@Aggregate({ name: "order", snapshot: { every: 100 } })
export class Order {
  @Handles(PlaceOrder)
  place({ total, currency }: PlaceOrder): OrderPlaced {
    return OrderPlaced.of({ total, currency });
  }

  @Applies(OrderPlaced)
  placed(_: OrderPlaced): void {}
}
