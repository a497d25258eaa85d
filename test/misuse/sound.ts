// The sound twin of everything here: it compiles, so what is refused beside it is refused for its own reason.
import { PaymentTaken, RecordPayment } from "../../domains/billing/index.js";
import { RequestPayment } from "../../domains/billing/request-payment.js";
import { CancelOrder, OrderCancelled, OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import { Order as RealOrder } from "../../domains/ordering/order.js";
import { OrderSummaryProjection } from "../../projections/order-summary.js";
import { OrderToCash as RealOrderToCash } from "../../projections/order-to-cash.js";
import {
  after,
  Aggregate,
  Applies,
  byAggregateId,
  DomainEvent,
  Handles,
  Observer,
  Projection,
  Projects,
  Reactor,
  ReactsTo,
  upcaster,
  whenever,
} from "../../src/index.js";
import { aggregate, observer, projection, reactor } from "../../src/testing/index.js";

class OrderReopened extends DomainEvent("ordering.OrderReopened") {
  readonly reason!: string;
}

@Aggregate({ name: "order", snapshot: { version: 1, every: 100 } })
export class Order {
  @Handles(PlaceOrder)
  place({ total, currency }: PlaceOrder): OrderPlaced {
    return OrderPlaced.of({ total, currency });
  }

  @Handles(CancelOrder)
  cancel(_: CancelOrder): [] {
    return [];
  }

  @Applies(OrderPlaced)
  placed(_: OrderPlaced): void {}

  @Applies(OrderReopened)
  reopened(_: OrderReopened): void {}
}

export const step = upcaster("ordering.OrderPlaced", { from: 1 }, ({ amount }: { amount: string }) => ({
  total: Number(amount),
}));

@Reactor({ name: "bill-placed-orders" })
export class BillPlacedOrders {
  @ReactsTo(OrderPlaced)
  bill({ total }: OrderPlaced): RecordPayment {
    return RecordPayment.of({ aggregateId: "o-1", paymentId: "p-1", amount: total });
  }
}

@Projection<{ readonly total: number }>({ name: "order-totals", version: 1, key: byAggregateId, indexes: ["total"] })
export class OrderTotals {
  @Projects(OrderPlaced)
  placed({ total }: OrderPlaced): { total: number } {
    return { total };
  }
}

@Observer({ name: "order-to-door", version: 1, closeAfter: { days: 30 } })
export class OrderToDoor {
  readonly payment = whenever(OrderPlaced)
    .expect(PaymentTaken)
    .within({ minutes: 15 })
    .agreeing((order, payment) => order.total === payment.amount)
    .severity("critical");

  readonly shipment = after(this.payment).expect("shipping.ShipmentSent", "shipping.Collected").within({ days: 2 });
}

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const cancelled = OrderCancelled.of({ reason: "mistake" });
const gateway = { request: () => Promise.resolve({ captures: [] }) };

aggregate(RealOrder)
  .given(placed)
  .when(CancelOrder.of({ aggregateId: "o-1", reason: "mistake" }))
  .thenEvents(cancelled);
observer(RealOrderToCash).given(placed).thenFlags({ slot: "payment", kind: "Missing" });
void reactor(new RequestPayment(gateway)).when(placed).thenCommands();
projection(OrderSummaryProjection)
  .given(placed, { event: cancelled, streamName: "order-1" })
  .thenRow("o-1", { orderId: "o-1", status: "placed", total: 40, currency: "EUR", paid: 0, payments: 0 });
