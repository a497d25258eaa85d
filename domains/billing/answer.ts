/** What billing records of a provider's answer. */

import type { AnyCommand } from "../../src/index.js";
import { RecordPayment, RecordRefusal } from "./commands.js";
import type { PaymentAnswer } from "./payment-gateway.js";

export function commandsFor(aggregateId: string, answer: PaymentAnswer): AnyCommand[] {
  if ("refused" in answer) return [RecordRefusal.of({ aggregateId, reason: answer.refused })];
  return answer.captures.map(({ paymentId, amount }) => RecordPayment.of({ aggregateId, paymentId, amount }));
}
