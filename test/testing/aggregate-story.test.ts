/** Stories of an aggregate tell the truth: one that does not hold fails, and says what came instead. */

import { expect } from "chai";
import { PaymentTaken, RecordPayment } from "../../domains/billing/index.js";
import { OrderCancelled, OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { Order } from "../../domains/ordering/order.js";
import { Applies, CommandRejected, UnknownCommand } from "../../src/index.js";
import { aggregate } from "../../src/testing/index.js";
import { failureOf } from "./failure.js";

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const cancelled = OrderCancelled.of({ reason: "mistake" });
const paid = PaymentTaken.of({ paymentId: "p-1", amount: 40 });
const place = PlaceOrder.of({ aggregateId: "7", total: 40, currency: "EUR" });

describe("a story of an aggregate", () => {
  const story = aggregate(Order).when(place);

  it("fails when other events are decided, fewer or more", () => {
    const failure = failureOf(() => story.thenEvents(OrderPlaced.of({ total: 41, currency: "EUR" })));
    expect(failure).to.match(/^Order decided other events than expected\.\n/);
    expect(failure).to.include("total: 40").and.to.include("total: 41");
    failureOf(() => story.thenEvents());
    failureOf(() => story.thenEvents(placed, placed));
    failureOf(() => story.thenEvents(cancelled));
  });

  it("fails when a command is accepted that was to be rejected, and says what was decided", () => {
    expect(failureOf(() => story.thenRejects(CommandRejected))).to.equal(
      'Order accepted ordering.PlaceOrder. Expected: CommandRejected. It decided: ordering.OrderPlaced {"total":40,"currency":"EUR"}',
    );
  });

  it("fails when it is rejected with another error, or for another reason", () => {
    const rejected = aggregate(Order).given(placed).when(place);
    expect(failureOf(() => rejected.thenRejects(UnknownCommand))).to.include(
      "Expected: UnknownCommand. Found: CommandRejected: The order is already placed.",
    );
    expect(failureOf(() => rejected.thenRejects(CommandRejected, /weather/))).to.include("Expected: /weather/");
    rejected.thenRejects(CommandRejected, /already/);
  });

  it("lets the rejection through where events were expected", () => {
    expect(() => aggregate(Order).given(placed).when(place).thenEvents()).to.throw(CommandRejected);
  });

  it("fails for a command or a class that does not belong, where the compiler was circumvented", () => {
    const foreign = RecordPayment.of({ aggregateId: "7", paymentId: "p-1", amount: 40 }) as never;
    expect(failureOf(() => aggregate(Order).when(foreign).thenRejects(Error))).to.equal(
      "Order has no method that handles billing.RecordPayment.",
    );
    class Undecorated {
      @Applies(OrderPlaced)
      placed(_: OrderPlaced): void {}
    }
    expect(failureOf(() => aggregate(Undecorated))).to.equal(
      "Undecorated is no aggregate. Decorate the class with @Aggregate.",
    );
    expect(() =>
      aggregate(Order)
        .given(paid as never)
        .when(place)
        .thenEvents(placed),
    ).to.throw(/which Order does not apply/);
  });

  it("can be told again and gives the same", () => {
    story.thenEvents(placed);
    story.thenEvents(placed);
  });
});
