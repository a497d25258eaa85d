// refused: TS2345 Property 'version' is missing
// Without a version nobody could say that a projection is to be rebuilt.
import { byAggregateId, Projection } from "../../src/index.js";

@Projection<{ readonly total: number }>({ name: "order-totals", key: byAggregateId })
export class OrderTotals {}
