/** A payment provider that does with each order what the plan says. */

import type { PaymentAnswer, PaymentGateway, PaymentRequest } from "../../domains/billing/index.js";
import type { Clock } from "../../src/index.js";
import type { PlannedOrder } from "./order-plan.js";

export const paymentId = (orderId: string, payment: string): string => `pay-${orderId}-${payment}`;

export class ScriptedGateway implements PaymentGateway {
  private readonly orders: ReadonlyMap<string, PlannedOrder>;

  constructor(
    private readonly clock: Clock,
    plan: readonly PlannedOrder[],
  ) {
    this.orders = new Map(plan.map((order) => [order.orderId, order]));
  }

  async request({ orderId, amount }: PaymentRequest, signal: AbortSignal): Promise<PaymentAnswer> {
    const { answer, refusedAfterMs } = this.orders.get(orderId)!;
    if (refusedAfterMs !== undefined) {
      await this.clock.sleep(refusedAfterMs, signal);
      return { refused: "The card was declined." };
    }
    if (!answer) return { captures: [] };
    await this.clock.sleep(answer.afterMs, signal);
    return { captures: answer.captures.map((payment) => ({ paymentId: paymentId(orderId, payment), amount })) };
  }
}
