/** What became of each order: one row per order, joined over both domains by correlation id. */

import { PaymentRefused, PaymentTaken } from "../domains/billing/index.js";
import { OrderCancelled, OrderPlaced, type Currency } from "../domains/ordering/index.js";
import { byCorrelationId, Projection, Projects, type RecordedEvent } from "../src/index.js";

export interface OrderSummary {
  readonly orderId: string;
  readonly status: "placed" | "paid" | "refused" | "cancelled";
  readonly total: number;
  readonly currency: Currency | "";
  readonly paid: number;
  readonly payments: number;
}

// A payment may be recorded before its order is read, when it belongs to another stream.
const unknown: OrderSummary = { orderId: "", status: "placed", total: 0, currency: "", paid: 0, payments: 0 };

@Projection<OrderSummary>({ name: "order-summary", version: 1, key: byCorrelationId, indexes: ["status", "orderId"] })
export class OrderSummaryProjection {
  @Projects(OrderPlaced)
  placed({ total, currency }: OrderPlaced, row: OrderSummary = unknown, { aggregateId }: RecordedEvent): OrderSummary {
    return { ...row, orderId: aggregateId, total, currency };
  }

  @Projects(PaymentTaken)
  paid({ amount }: PaymentTaken, row: OrderSummary = unknown): OrderSummary {
    const status = row.status === "cancelled" ? row.status : "paid";
    return { ...row, status, paid: row.paid + amount, payments: row.payments + 1 };
  }

  @Projects(PaymentRefused)
  refused(_: PaymentRefused, row: OrderSummary = unknown): OrderSummary {
    return row.status === "placed" ? { ...row, status: "refused" } : row;
  }

  @Projects(OrderCancelled)
  cancelled(_: OrderCancelled, row: OrderSummary = unknown): OrderSummary {
    return { ...row, status: "cancelled" };
  }
}
