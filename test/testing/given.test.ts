/** The test language tells the truth: a story that does not hold fails, and says what came instead. */

import { AssertionError } from "node:assert";
import { expect } from "chai";
import { PaymentTaken, RecordPayment } from "../../domains/billing/index.js";
import { RequestPayment } from "../../domains/billing/request-payment.js";
import { CancelOrder, OrderCancelled, OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { Order } from "../../domains/ordering/order.js";
import { LoanApplications } from "../../projections/loan-applications.js";
import { OrderSummaryProjection, type OrderSummary } from "../../projections/order-summary.js";
import { OrderToCash } from "../../projections/order-to-cash.js";
import {
  Applies,
  byCorrelationId,
  CommandRejected,
  DomainEvent,
  Observer,
  Projection,
  Projects,
  UnknownCommand,
  whenever,
} from "../../src/index.js";
import { aggregate, observer, projection, reactor } from "../../src/testing/index.js";
import { rejectionOf } from "../aggregate/rejection.js";

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const cancelled = OrderCancelled.of({ reason: "mistake" });
const paid = PaymentTaken.of({ paymentId: "p-1", amount: 40 });
const place = PlaceOrder.of({ aggregateId: "7", total: 40, currency: "EUR" });

function failureOf(story: () => void): string {
  try {
    story();
  } catch (error) {
    expect(error).to.be.instanceOf(AssertionError);
    return (error as Error).message;
  }
  throw new Error("The story held.");
}

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
    expect(failureOf(() => aggregate(Undecorated))).to.equal("Undecorated is no aggregate. Decorate the class with @Aggregate.");
    expect(() => aggregate(Order).given(paid as never).when(place).thenEvents(placed)).to.throw(/which Order does not apply/);
  });

  it("can be told again and gives the same", () => {
    story.thenEvents(placed);
    story.thenEvents(placed);
  });
});

describe("a story of a reactor", () => {
  const gateway = { request: () => Promise.resolve({ captures: [{ paymentId: "p-1", amount: 40 }] }) };
  const story = reactor(new RequestPayment(gateway)).when(placed, { streamName: "order-7" });
  const record = RecordPayment.of({ aggregateId: "7", paymentId: "p-1", amount: 40 });

  it("fails when other commands are sent, fewer or more", async () => {
    await story.thenCommands(record);
    const failure = await rejectionOf(story.thenCommands(), AssertionError);
    expect(failure.message).to.match(/^RequestPayment sent other commands than expected\.\n/);
    await rejectionOf(story.thenCommands(record, record), AssertionError);
    await rejectionOf(story.thenCommands(RecordPayment.of({ aggregateId: "8", paymentId: "p-1", amount: 40 })), AssertionError);
  });

  it("fails when a reaction succeeds that was to fail, and says what was sent", async () => {
    const { message } = await rejectionOf(story.thenFails(TypeError), AssertionError);
    expect(message).to.match(/^RequestPayment reacted to ordering\.OrderPlaced\. Expected: TypeError\. It sent: billing\.RecordPayment \{/);
  });

  it("lets the failure through where commands were expected", async () => {
    const failing = reactor(new RequestPayment({ request: () => Promise.reject(new TypeError("away")) }));
    await rejectionOf(failing.when(placed).thenCommands(), TypeError);
    await rejectionOf(failing.when(placed).thenFails(RangeError), AssertionError);
  });

  it("fails for an event that it does not react to, where the compiler was circumvented", async () => {
    const { message } = await rejectionOf(reactor(new RequestPayment(gateway)).when(paid as never).thenCommands(), AssertionError);
    expect(message).to.equal("RequestPayment has no method that reacts to billing.PaymentTaken.");
  });
});

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
    expect(failureOf(() => story.thenRow("b", row))).to.match(/^OrderSummaryProjection has another row "b" than expected/);
    expect(failureOf(() => story.thenNoRow("a"))).to.include('OrderSummaryProjection has a row "a". Expected: none.');
  });

  it("branches: what is given later changes no earlier story", () => {
    story.given({ event: cancelled, correlationId: "a" }).thenRow("a", { ...row, status: "cancelled" });
    story.thenRow("a", row);
  });

  it("fails where the application would: an event without its key, a fold that changes its row", () => {
    expect(() => projection(OrderSummaryProjection).given({ event: placed, correlationId: undefined }).thenNoRow("a")).to.throw(
      TypeError,
      "its key is undefined",
    );

    @Projection<{ total: number }>({ name: "mutable", version: 1, key: byCorrelationId })
    class Mutable {
      @Projects(OrderPlaced)
      placed({ total }: OrderPlaced, row: { total: number } = { total: 0 }): { total: number } {
        row.total += total;
        return row;
      }
    }
    projection(Mutable).given(placed).thenRow("given", { total: 40 });
    expect(() => projection(Mutable).given(placed, placed).thenRow("given", { total: 80 })).to.throw(TypeError, "read only");
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

describe("a story of an observer", () => {
  const story = observer(OrderToCash).given(placed);
  const missing = { slot: "payment", kind: "Missing" } as const;

  it("raises a flag once time has passed the deadline, not at it", () => {
    story.after({ seconds: 5 }).thenFlags();
    story.after({ seconds: 5, milliseconds: 1 }).thenFlags(missing);
    story.after({ seconds: 5 }).after({ minutes: 1 }).thenFlags(missing);
  });

  it("takes what comes in time, late, twice, or as a waiver", () => {
    story.after({ seconds: 5 }).given(paid).after({ days: 1 }).thenFlags();
    story.after({ seconds: 6 }).given(paid).thenFlags(missing, { slot: "payment", kind: "LateArrival" });
    story.given(paid, paid).thenFlags({ slot: "payment", kind: "Duplicate" });
    story.given(cancelled).after({ days: 1 }).thenFlags();
  });

  it("keeps cases apart by correlation id, and can name them", () => {
    const two = observer(OrderToCash).given({ event: placed, correlationId: "b" }, { event: placed, correlationId: "a" });
    two.after({ minutes: 1 }).thenFlags({ ...missing, case: "a" }, { ...missing, case: "b" });
    two.given({ event: paid, correlationId: "a" }).after({ minutes: 1 }).thenFlags({ ...missing, case: "b" });
    two.given({ event: paid, correlationId: undefined }).after({ minutes: 1 }).thenFlags(missing, missing);
  });

  it("fails when other flags are raised, and says which", () => {
    const late = story.after({ minutes: 16 });
    expect(failureOf(() => late.thenFlags())).to.match(/^OrderToCash raised other flags than expected\.\n[^]*case: 'given'[^]*kind: 'Missing'/);
    failureOf(() => late.thenFlags({ slot: "payment", kind: "LateArrival" }));
    failureOf(() => late.thenFlags(missing, missing));
    failureOf(() => late.thenFlags({ ...missing, case: "another" }));
    failureOf(() => story.thenFlags(missing));
  });

  it("skips imported history as the observer does", () => {
    observer(OrderToCash).given({ event: placed, imported: true }).after({ days: 1 }).thenFlags();
  });

  it("judges business time where the observer does, by stored type names", () => {
    const at = (hour: number) => ({ occurredAt: new Date(Date.UTC(2012, 0, 1, hour)), imported: true });
    const approved = { event: "A_APPROVED", ...at(0) };
    observer(LoanApplications).given(approved, { event: "O_ACCEPTED", ...at(1) }).after({ days: 1 }).thenFlags();
    observer(LoanApplications)
      .given(approved, { event: "O_ACCEPTED", ...at(2) })
      .thenFlags({ slot: "offerAccepted", kind: "Missing" }, { slot: "offerAccepted", kind: "LateArrival" });
    observer(LoanApplications).given(approved).after({ days: 1 }).thenFlags();
  });

  it("is refused for an observer that the model would refuse", () => {
    class Never extends DomainEvent("shop.Never") {}
    @Observer({ name: "never" })
    class NeverObserved {
      readonly never = whenever(Never).expect(Never).within({ days: 1 });
    }
    expect(() => observer(NeverObserved)).to.throw(/names shop\.Never more than once/);
  });

  it("knows commands from events", () => {
    expect(() => observer(OrderToCash).given(CancelOrder.of({ aggregateId: "7", reason: "x" }) as never).thenFlags()).to.throw(
      AssertionError,
      "ordering.CancelOrder is a command; a story is given events.",
    );
  });
});
