/** The rows of `order-summary`, derived from the log in the plainest way. */

import type { Entry } from "./evidence.js";

interface Placed {
  readonly total: number;
  readonly currency: string;
}

/** By correlation id. Says for each order what the log says of it as a whole, without going through it in order. */
export function orderSummaries(log: readonly Entry[]): Record<string, object> {
  const summaries: Record<string, object> = {};
  const types = ["ordering.OrderPlaced", "ordering.OrderCancelled", "billing.PaymentTaken", "billing.PaymentRefused"];
  const byCase = new Map<string, Entry[]>();
  for (const entry of log)
    if (types.includes(entry.type))
      byCase.set(entry.correlationId!, [...(byCase.get(entry.correlationId!) ?? []), entry]);
  for (const [name, entries] of byCase) {
    const of = (type: string) => entries.filter((entry) => entry.type === type);
    const [placed] = of("ordering.OrderPlaced");
    const amounts = of("billing.PaymentTaken").map(({ data }) => (data as { amount: number }).amount);
    const { total = 0, currency = "" } = (placed?.data ?? {}) as Partial<Placed>;
    summaries[name] = {
      orderId: placed?.stream.slice("order-".length) ?? "",
      status:
        of("ordering.OrderCancelled").length > 0
          ? "cancelled"
          : amounts.length > 0
            ? "paid"
            : of("billing.PaymentRefused").length > 0
              ? "refused"
              : "placed",
      total,
      currency,
      paid: amounts.reduce((sum, amount) => sum + amount, 0),
      payments: amounts.length,
    };
  }
  return summaries;
}
