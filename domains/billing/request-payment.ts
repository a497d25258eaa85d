/** Whenever an order was placed, billing asks for its payment and records what came of it. */

import { inject } from "inversify";
import { Reactor, ReactsTo, type AnyCommand, type Reaction, type RecordedEvent } from "../../src/index.js";
import { commandsFor } from "./answer.js";
import { OrderPlaced } from "./contracts.js";
import { PaymentGateway } from "./payment-gateway.js";

@Reactor({ name: "request-payment" })
export class RequestPayment {
  constructor(@inject(PaymentGateway) private readonly gateway: PaymentGateway) {}

  @ReactsTo(OrderPlaced)
  async request(
    { total }: OrderPlaced,
    { aggregateId }: RecordedEvent,
    { idempotencyKey, signal }: Reaction,
  ): Promise<AnyCommand[]> {
    const answer = await this.gateway.request({ orderId: aggregateId, amount: total, idempotencyKey }, signal);
    return commandsFor(aggregateId, answer);
  }
}
