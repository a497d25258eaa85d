// refused: TS1241 AggregateError<"an event is applied synchronously", never>
// State is the fold of events, not of events and whatever a database says today.
import { OrderPlaced } from "../../domains/ordering/index.js";
import { Applies } from "../../src/index.js";

export class Order {
  @Applies(OrderPlaced)
  async placed(_: OrderPlaced): Promise<void> {}
}
