/** Stories of a projection tell the truth: one that does not hold fails, and says what came instead. */

import { expect } from "chai";
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderCancelled, OrderPlaced } from "../../domains/ordering/index.js";
import { OrderSummaryProjection, type OrderSummary } from "../../projections/order-summary.js";
import { byCorrelationId, Projection, Projects } from "../../src/index.js";
import { projection } from "../../src/testing/index.js";
import { failureOf } from "./failure.js";

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const cancelled = OrderCancelled.of({ reason: "mistake" });
const paid = PaymentTaken.of({ paymentId: "p-1", amount: 40 });

describe("a story of a projection", () => {
  const row: OrderSummary = { orderId: "7", status: "paid", total: 40, currency: "EUR", paid: 40, payments: 1 };
  const story = projection(OrderSummaryProjection).given(
    { event: placed, streamName: "order-7", correlationId: "a" },
    { event: paid, streamName: "payment-7", correlationId: "a" },
  );

  it("holds for the rows that the fold makes, and no others", () => {
    story.thenRow("a", row);
    story.thenNoRow("b");
    expect(failureOf(() => story.thenRow("a", { ...row, paid: 41 }))).to.include("paid: 41");
    expect(failureOf(() => story.thenRow("b", row))).to.match(
      /^OrderSummaryProjection has another row "b" than expected/,
    );
    expect(failureOf(() => story.thenNoRow("a"))).to.include('OrderSummaryProjection has a row "a". Expected: none.');
  });

  it("branches: what is given later changes no earlier story", () => {
    story.given({ event: cancelled, correlationId: "a" }).thenRow("a", { ...row, status: "cancelled" });
    story.thenRow("a", row);
  });

  it("fails where the application would: an event without its key, a fold that changes its row", () => {
    expect(() =>
      projection(OrderSummaryProjection).given({ event: placed, correlationId: undefined }).thenNoRow("a"),
    ).to.throw(TypeError, "its key is undefined");

    @Projection<{ total: number }>({ name: "mutable", version: 1, key: byCorrelationId })
    class Mutable {
      @Projects(OrderPlaced)
      placed({ total }: OrderPlaced, row: { total: number } = { total: 0 }): { total: number } {
        row.total += total;
        return row;
      }
    }
    projection(Mutable).given(placed).thenRow("given", { total: 40 });
    expect(() => projection(Mutable).given(placed, placed).thenRow("given", { total: 80 })).to.throw(
      TypeError,
      "read only",
    );
  });

  it("removes a row where the fold says so", () => {
    @Projection<{ total: number }>({ name: "open-orders", version: 1, key: byCorrelationId })
    class OpenOrders {
      @Projects(OrderPlaced)
      placed({ total }: OrderPlaced): { total: number } {
        return { total };
      }

      @Projects(OrderCancelled)
      cancelled(_: OrderCancelled): undefined {
        return undefined;
      }
    }
    projection(OpenOrders).given(placed, cancelled).thenNoRow("given");
    projection(OpenOrders).given(placed, cancelled, placed).thenRow("given", { total: 40 });
  });
});
