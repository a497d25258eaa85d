/** Whenever an observer says that a payment did not come, billing asks for it once more: no orchestrator tells it to. */

import { inject } from "inversify";
import {
  EventStoreToken,
  Reactor,
  ReactsTo,
  UpcastersToken,
  type AnyCommand,
  type EventStore,
  type Reaction,
  type RecordedEvent,
  type Upcasters,
} from "../../src/index.js";
import { commandsFor } from "./answer.js";
import { CounterpartMissing, OrderPlaced } from "./contracts.js";
import { PaymentGateway } from "./payment-gateway.js";

/** Flags of a backfill are history: like every reactor it leaves them alone unless it says `includeImported`. */
@Reactor({ name: "ask-again" })
export class AskAgain {
  constructor(
    @inject(PaymentGateway) private readonly gateway: PaymentGateway,
    @inject(EventStoreToken) private readonly store: EventStore,
    @inject(UpcastersToken) private readonly upcasters: Upcasters,
  ) {}

  @ReactsTo(CounterpartMissing)
  async askAgain(
    { observer, slot, case: correlationId }: CounterpartMissing,
    _: RecordedEvent,
    { idempotencyKey, signal }: Reaction,
  ): Promise<AnyCommand[]> {
    const isPayment = observer === "order-to-cash" && slot === "payment";
    const order = isPayment ? await this.orderIn(correlationId) : undefined;
    if (!order) return [];
    const { aggregateId } = order;
    // What comes from the store itself has the shape in which it was recorded.
    const { total: amount } = this.upcasters.decode(order, OrderPlaced);
    // The key follows from the flag, which is raised once: so the provider is asked once more, and not again after a crash.
    const answer = await this.gateway.request({ orderId: aggregateId, amount, idempotencyKey }, signal);
    return commandsFor(aggregateId, answer);
  }

  private async orderIn(correlationId: string): Promise<RecordedEvent | undefined> {
    for await (const page of this.store.readCorrelation(correlationId)) {
      const order = page.find(({ type }) => type === OrderPlaced.type);
      if (order) return order;
    }
    return undefined;
  }
}
