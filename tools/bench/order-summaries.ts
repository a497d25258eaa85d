/** The read model that history is rebuilt into: order summaries over three domains, declared as a user would. */

import {
  application,
  byCorrelationId,
  DomainEvent,
  Projection,
  Projects,
  type ApplicationDefinition,
} from "../../src/index.js";
import * as fold from "./order-fold.js";
import { noOrder, type OrderSummary } from "./order-fold.js";

class OrderPlaced extends DomainEvent("ordering.OrderPlaced") {
  readonly customer!: string;
  readonly address!: { readonly city: string };
}
class ItemAdded extends DomainEvent("ordering.ItemAdded") {
  readonly quantity!: number;
  readonly price!: number;
}
class PaymentTaken extends DomainEvent("billing.PaymentTaken") {
  readonly amount!: number;
}
class ShipmentSent extends DomainEvent("shipping.ShipmentSent") {
  readonly weight!: number;
}
class OrderClosed extends DomainEvent("ordering.OrderClosed") {}

const nameOf = (n: number) => (n === 0 ? "order-summaries" : `order-summaries-${n}`);

/** The name of the first of them. */
export const orderSummaries = nameOf(0);

/** An application that has nothing but so many of these read models, all of the same rows. */
export function summing(readModels: number): ApplicationDefinition {
  return application({
    domains: [],
    projections: Array.from({ length: readModels }, (_, n) => summariesCalled(nameOf(n))),
  });
}

function summariesCalled(name: string): new () => object {
  @Projection<OrderSummary>({ name, version: 1, key: byCorrelationId, indexes: ["status"] })
  class OrderSummaries {
    @Projects(OrderPlaced)
    placed(event: OrderPlaced, row: OrderSummary = noOrder): OrderSummary {
      return fold.placed(row, event);
    }
    @Projects(ItemAdded)
    itemAdded(event: ItemAdded, row: OrderSummary = noOrder): OrderSummary {
      return fold.itemAdded(row, event);
    }
    @Projects(PaymentTaken)
    paymentTaken(event: PaymentTaken, row: OrderSummary = noOrder): OrderSummary {
      return fold.paymentTaken(row, event);
    }
    @Projects(ShipmentSent)
    shipmentSent(event: ShipmentSent, row: OrderSummary = noOrder): OrderSummary {
      return fold.shipmentSent(row, event);
    }
    @Projects(OrderClosed)
    closed(event: OrderClosed, row: OrderSummary = noOrder): OrderSummary {
      return fold.orderClosed(row, event);
    }
  }
  return OrderSummaries;
}
