/** The example's domains with a deadline of milliseconds and a provider that misbehaves: for runs in real time. `--app` takes it. */

import { createHash } from "node:crypto";
import {
  billing,
  PaymentGateway,
  PaymentTaken,
  type PaymentAnswer,
  type PaymentRequest,
} from "../../domains/billing/index.js";
import { OrderCancelled, OrderPlaced, ordering } from "../../domains/ordering/index.js";
import { OrderSummaryProjection } from "../../projections/order-summary.js";
import { application, ClockToken, Observer, whenever, type Clock } from "../../src/index.js";
import type { SlotTerms } from "../oracle/records.js";

export const withinMs = 150;

@Observer({ name: "quick-cash", version: 1 })
class QuickCash {
  readonly payment = whenever(OrderPlaced)
    .expect(PaymentTaken)
    .within({ milliseconds: withinMs })
    .once()
    .unless(OrderCancelled);
}

/** What the oracle is told of the observer. */
export const quickCashTerms: SlotTerms = {
  observer: "quick-cash",
  slot: "payment",
  trigger: ["ordering.OrderPlaced"],
  counterpart: ["billing.PaymentTaken"],
  unless: ["ordering.OrderCancelled"],
  withinMs,
  max: 1,
  timeBase: "recorded",
  tickType: "observer.ClockTick",
};

export const readModelNames = ["order-summary", "quick-cash"] as const;

/** The provider's answer to an order, and after how long; it follows from the order's id alone. */
export function fateOf(orderId: string): {
  readonly afterMs: number;
  readonly captures: number;
  readonly refused: boolean;
} {
  const [share, delay] = createHash("sha256").update(orderId).digest() as unknown as [number, number];
  const answer = (afterMs: number, captures: number, refused = false) => ({ afterMs, captures, refused });
  if (share < 30) return answer(0, 0);
  if (share < 70) return answer(withinMs + delay, 1);
  if (share < 100) return answer(delay / 4, 2);
  if (share < 110) return answer(delay / 4, 0, true);
  return answer(delay / 4, 1);
}

export const paymentIdOf = (orderId: string, capture: number): string => `pay-${orderId}-${capture}`;

export class QuickGateway implements PaymentGateway {
  constructor(private readonly clock: Clock) {}

  async request({ orderId, amount }: PaymentRequest, signal: AbortSignal): Promise<PaymentAnswer> {
    const { afterMs, captures, refused } = fateOf(orderId);
    await this.clock.sleep(afterMs, signal);
    if (refused) return { refused: "The card was declined." };
    return {
      captures: Array.from({ length: captures }, (_, i) => ({ paymentId: paymentIdOf(orderId, i), amount })),
    };
  }
}

export default application({
  domains: [ordering, billing],
  projections: [OrderSummaryProjection],
  observers: [QuickCash],
  bindings: (container) => {
    container.bind(PaymentGateway).toDynamicValue((context) => new QuickGateway(context.get<Clock>(ClockToken)));
  },
});
