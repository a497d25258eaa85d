// refused: TS2322 Type '"shipped"' is not assignable to type
// The test language knows the rows of a projection.
import { OrderSummaryProjection } from "../../projections/order-summary.js";
import { projection } from "../../src/testing/index.js";

projection(OrderSummaryProjection).thenRow("o-1", {
  orderId: "o-1",
  status: "shipped",
  total: 40,
  currency: "EUR",
  paid: 0,
  payments: 0,
});
