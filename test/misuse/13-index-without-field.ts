// refused: TS2322 Type '"status"' is not assignable to type '"total"'
// An index is a field of the row.
import { OrderPlaced } from "../../domains/ordering/index.js";
import { byAggregateId, Projection, Projects } from "../../src/index.js";

@Projection<{ readonly total: number }>({ name: "order-totals", version: 1, key: byAggregateId, indexes: ["status"] })
export class OrderTotals {
  @Projects(OrderPlaced)
  placed({ total }: OrderPlaced): { total: number } {
    return { total };
  }
}
