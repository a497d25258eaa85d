// refused: TS1238 Property 'total' is missing in type '{ sum: number; }' but required in type '{ readonly total: number; }'
// The fold does not return the row type that the projection declares.
import { OrderPlaced } from "../../domains/ordering/index.js";
import { byAggregateId, Projection, Projects } from "../../src/index.js";

@Projection<{ readonly total: number }>({ name: "order-totals", version: 1, key: byAggregateId })
export class OrderTotals {
  @Projects(OrderPlaced)
  placed({ total }: OrderPlaced): { sum: number } {
    return { sum: total };
  }
}
