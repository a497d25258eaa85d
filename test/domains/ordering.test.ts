/** Ordering: an order is placed once and may be cancelled once. */

import { CancelOrder, OrderCancelled, OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { Order } from "../../domains/ordering/order.js";
import { CommandRejected, InvalidCommand } from "../../src/index.js";
import { aggregate } from "../../src/testing/index.js";

const place = PlaceOrder.of({ aggregateId: "7", total: 40, currency: "EUR" });
const cancel = CancelOrder.of({ aggregateId: "7", reason: "mistake" });
const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const cancelled = OrderCancelled.of({ reason: "mistake" });

describe("an order", () => {
  it("can be placed", () => aggregate(Order).when(place).thenEvents(placed));

  it("is placed once", () =>
    aggregate(Order)
      .given(placed)
      .when(place)
      .thenRejects(CommandRejected, /^The order is already placed\.$/));

  it("is not placed again once it is cancelled", () =>
    aggregate(Order).given(placed, cancelled).when(place).thenRejects(CommandRejected));

  it("can be cancelled", () => aggregate(Order).given(placed).when(cancel).thenEvents(cancelled));

  it("must be there to be cancelled", () =>
    aggregate(Order)
      .when(cancel)
      .thenRejects(CommandRejected, /^There is no order to cancel\.$/));

  it("is cancelled once, however often that is asked", () =>
    aggregate(Order)
      .given(placed, cancelled)
      .when(CancelOrder.of({ aggregateId: "7", reason: "again" }))
      .thenEvents());

  for (const total of [0, -1, NaN])
    it(`has no total of ${total}`, () =>
      aggregate(Order)
        .when(PlaceOrder.of({ aggregateId: "7", total, currency: "EUR" }))
        .thenRejects(InvalidCommand, /\/total/));

  it("is in a currency that is known", () =>
    aggregate(Order)
      .when(PlaceOrder.of({ aggregateId: "7", total: 40, currency: "GBP" as "EUR" }))
      .thenRejects(InvalidCommand, /\/currency: .+EUR, USD/));

  for (const reason of ["", "x".repeat(201)])
    it(`is not cancelled for a reason of ${reason.length} characters`, () =>
      aggregate(Order)
        .given(placed)
        .when(CancelOrder.of({ aggregateId: "7", reason }))
        .thenRejects(InvalidCommand, /\/reason/));
});
