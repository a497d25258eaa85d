/** Participant C as its authors would write it: the files of a domain, an observer and an application. */

export const shippingSources: Readonly<Record<string, string>> = {
  "domains/shipping/contracts.ts": `/** What shipping reads of events that are not its own. */

import { DomainEvent } from "../../../src/index.js";

export class PaymentTaken extends DomainEvent("billing.PaymentTaken") {
  readonly paymentId!: string;
}
`,
  "domains/shipping/commands.ts": `/** What shipping can be asked to record. */

import { IsNotEmpty } from "class-validator";
import { Command } from "../../../src/index.js";

export class RecordShipment extends Command("shipping.RecordShipment") {
  @IsNotEmpty()
  readonly parcel!: string;
}
`,
  "domains/shipping/events.ts": `/** What shipping has recorded. */

import { DomainEvent } from "../../../src/index.js";

export class OrderShipped extends DomainEvent("shipping.OrderShipped") {
  readonly parcel!: string;
}
`,
  "domains/shipping/shipment.ts": `/** The shipment of one order. */

import { Aggregate, Applies, Handles } from "../../../src/index.js";
import { RecordShipment } from "./commands.js";
import { OrderShipped } from "./events.js";

@Aggregate({ name: "shipment" })
export class Shipment {
  private shipped = false;

  @Handles(RecordShipment)
  record({ parcel }: RecordShipment): OrderShipped[] {
    return this.shipped ? [] : [OrderShipped.of({ parcel })];
  }

  @Applies(OrderShipped)
  wasShipped(_: OrderShipped): void {
    this.shipped = true;
  }
}
`,
  "domains/shipping/carrier.ts": `/** Who carries parcels, as shipping sees it. */

export interface Carrier {
  /** The parcel's number; nothing when the carrier forgot about it. */
  collect(orderId: string, idempotencyKey: string): Promise<string | undefined>;
}

export const Carrier = Symbol.for("shipping.Carrier");
`,
  "domains/shipping/ship-paid-orders.ts": `/** Whenever a payment was taken, shipping has the order collected. */

import { inject } from "inversify";
import { Reactor, ReactsTo, type Reaction, type RecordedEvent } from "../../../src/index.js";
import { Carrier } from "./carrier.js";
import { RecordShipment } from "./commands.js";
import { PaymentTaken } from "./contracts.js";

@Reactor({ name: "ship-paid-orders" })
export class ShipPaidOrders {
  constructor(@inject(Carrier) private readonly carrier: Carrier) {}

  @ReactsTo(PaymentTaken)
  async ship(_: PaymentTaken, { aggregateId }: RecordedEvent, { idempotencyKey }: Reaction): Promise<RecordShipment[]> {
    const parcel = await this.carrier.collect(aggregateId, idempotencyKey);
    return parcel === undefined ? [] : [RecordShipment.of({ aggregateId, parcel })];
  }
}
`,
  "domains/shipping/index.ts": `/** What other folders may know of shipping. */

import { domain } from "../../../src/index.js";
import { Shipment } from "./shipment.js";
import { ShipPaidOrders } from "./ship-paid-orders.js";

export { Carrier } from "./carrier.js";
export { OrderShipped } from "./events.js";

export const shipping = domain({ name: "shipping", aggregates: [Shipment], reactors: [ShipPaidOrders] });
`,
  "projections/order-to-door.ts": `/** Watches that every order is paid and shipped. */

import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderCancelled, OrderPlaced } from "../../domains/ordering/index.js";
import { Observer, whenever } from "../../src/index.js";
import { OrderShipped } from "../domains/shipping/index.js";

@Observer({ name: "order-to-door", version: 1 })
export class OrderToDoor {
  readonly payment = whenever(OrderPlaced).expect(PaymentTaken).within({ seconds: 5 }).once().unless(OrderCancelled);

  readonly shipment = whenever(OrderPlaced).expect(OrderShipped).within({ seconds: 30 }).unless(OrderCancelled);
}
`,
  "application.ts": `/** The three participants together. The carrier forgets about orders whose name begins with "lost". */

import { billing, PaymentGateway, type PaymentRequest } from "../domains/billing/index.js";
import { ordering } from "../domains/ordering/index.js";
import { application } from "../src/index.js";
import { Carrier, shipping } from "./domains/shipping/index.js";
import { OrderToDoor } from "./projections/order-to-door.js";

const gateway: PaymentGateway = {
  request: async ({ orderId, amount }: PaymentRequest) => ({ captures: [{ paymentId: "pay-" + orderId, amount }] }),
};
const carrier: Carrier = {
  collect: async (orderId) => (orderId.startsWith("lost") ? undefined : "parcel-" + orderId),
};

export default application({
  domains: [ordering, billing, shipping],
  observers: [OrderToDoor],
  bindings: (container) => {
    container.bind(PaymentGateway).toConstantValue(gateway);
    container.bind(Carrier).toConstantValue(carrier);
  },
});
`,
};
