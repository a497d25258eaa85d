/** An order is placed once and may be cancelled once. */

import { Aggregate, Applies, CommandRejected, Handles } from "../../src/index.js";
import { CancelOrder, PlaceOrder } from "./commands.js";
import { OrderCancelled, OrderPlaced } from "./events.js";

@Aggregate({ name: "order" })
export class Order {
  private status: "new" | "placed" | "cancelled" = "new";

  @Handles(PlaceOrder)
  place({ total, currency }: PlaceOrder): OrderPlaced {
    if (this.status !== "new") throw new CommandRejected("The order is already placed.");
    return OrderPlaced.of({ total, currency });
  }

  @Handles(CancelOrder)
  cancel({ reason }: CancelOrder): OrderCancelled[] {
    if (this.status === "new") throw new CommandRejected("There is no order to cancel.");
    return this.status === "cancelled" ? [] : [OrderCancelled.of({ reason })];
  }

  @Applies(OrderPlaced)
  placed(_: OrderPlaced): void {
    this.status = "placed";
  }

  @Applies(OrderCancelled)
  cancelled(_: OrderCancelled): void {
    this.status = "cancelled";
  }
}
