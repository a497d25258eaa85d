// refused: TS1238 Property 'total' is missing in type 'Promise<{ total: number; }>'
// A projection is a pure fold: no rebuild could wait for, or repeat, what it asks elsewhere.
import { OrderPlaced } from "../../domains/ordering/index.js";
import { byAggregateId, Projection, Projects } from "../../src/index.js";

@Projection<{ readonly total: number }>({ name: "order-totals", version: 1, key: byAggregateId })
export class OrderTotals {
  @Projects(OrderPlaced)
  async placed({ total }: OrderPlaced): Promise<{ total: number }> {
    return { total };
  }
}
