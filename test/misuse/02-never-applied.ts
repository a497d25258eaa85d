// refused: TS1238 AggregateError<"an event is decided but never applied", OrderPlaced>
// An event is decided, but no method folds it into state.
import { OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { Aggregate, Handles } from "../../src/index.js";

@Aggregate({ name: "order" })
export class Order {
  @Handles(PlaceOrder)
  place({ total, currency }: PlaceOrder): OrderPlaced {
    return OrderPlaced.of({ total, currency });
  }
}
