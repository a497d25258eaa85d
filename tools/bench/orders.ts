/**
 * A history of orders, payments and shipments: ten events an order, in three streams, with the envelopes that domains
 * write. The same at every call.
 */

import type { EventData, EventStore } from "../../src/index.js";

export const eventsPerOrder = 10;
/** Orders under way at a time, as far as there are so many. */
const underWay = 20_000;

export interface OrderEvent {
  readonly streamName: string;
  readonly revision: number;
  readonly event: EventData;
}

interface Step {
  readonly stream: "order" | "payment" | "shipment";
  readonly revision: number;
  readonly type: string;
  readonly data: (order: number) => object;
}

const item = (revision: number): Step => ({
  stream: "order",
  revision,
  type: "ordering.ItemAdded",
  data: (order) => ({
    product: `product-${(order * 31 + revision) % 5_000}`,
    quantity: 1 + ((order + revision) % 4),
    price: 199 + ((order * 37 + revision * 101) % 10_000),
    currency: "EUR",
    description: "Stainless steel, dishwasher safe, delivered in a box made of recycled paper.",
    options: { colour: "anthracite", engraving: null, giftWrap: order % 3 === 0 },
  }),
});
const payment = (revision: number): Step => ({
  stream: "payment",
  revision,
  type: "billing.PaymentTaken",
  data: (order) => ({
    amount: 500 + ((order * 53 + revision) % 20_000),
    currency: "EUR",
    method: order % 2 ? "card" : "transfer",
    provider: { name: "Example Payments", reference: `ref-${idOf(order * 7 + revision)}`, attempts: 1 },
    statement: "Order at the example shop, thank you for your purchase.",
  }),
});
const shipment = (revision: number): Step => ({
  stream: "shipment",
  revision,
  type: "shipping.ShipmentSent",
  data: (order) => ({
    carrier: "Example Parcel",
    weight: 250 + ((order * 17 + revision) % 9_000),
    parcel: `parcel-${order}-${revision}`,
    address: { street: `Street ${order % 1_000}`, city: cityOf(order), zip: String(10_000 + (order % 90_000)) },
    note: "Please ring twice; the neighbours at number 12 take parcels too.",
  }),
});

const steps: readonly Step[] = [
  {
    stream: "order",
    revision: 0,
    type: "ordering.OrderPlaced",
    data: (order) => ({
      customer: `customer-${(order * 7_919) % 50_000}`,
      channel: ["web", "shop", "phone"][order % 3],
      currency: "EUR",
      address: { street: `Street ${order % 1_000}`, city: cityOf(order), zip: String(10_000 + (order % 90_000)) },
      note: "The quick brown fox jumps over the lazy dog and goes on its way.",
    }),
  },
  item(1),
  item(2),
  item(3),
  payment(0),
  shipment(0),
  item(4),
  payment(1),
  shipment(1),
  {
    stream: "order",
    revision: 5,
    type: "ordering.OrderClosed",
    data: (order) => ({ reason: "complete", rating: order % 6, remark: "Everything came as it should, and on time." }),
  },
];

const cityOf = (order: number) => ["Utrecht", "Ghent", "Lyon", "Porto", "Turin", "Graz", "Aarhus"][order % 7]!;

/** The id of an order, which correlates all that belongs to it: neighbours in time are none in the order of keys. */
export const orderId = (order: number): string => idOf(order);

/** `count` events: each order begins after the one before, and goes on between others. */
export function* orderEvents(count: number): Generator<OrderEvent> {
  const orders = Math.ceil(count / eventsPerOrder);
  const apart = Math.max(1, Math.floor(Math.min(underWay, orders) / eventsPerOrder));
  let n = 0;
  for (let turn = 0; n < count; turn++)
    for (let step = 0; step < eventsPerOrder && n < count; step++) {
      const order = turn - step * apart;
      if (order < 0 || order >= orders) continue;
      yield orderEvent(order, step, n++);
    }
}

function orderEvent(order: number, step: number, n: number): OrderEvent {
  const { stream, revision, type, data } = steps[step]!;
  const correlationId = orderId(order);
  const metadata = {
    $correlationId: correlationId,
    $causationId: idOf(n + 0x4000_0000),
    commandId: idOf(n + 0x6000_0000),
  };
  return {
    streamName: `${stream}-${correlationId}`,
    revision,
    event: { id: idOf(n + 0x2000_0000), type, data: data(order), metadata },
  };
}

/** A UUID-shaped id that costs no hash. */
function idOf(n: number): string {
  const scattered = (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${scattered}-5b1d-4c3e-8f00-${n.toString(16).padStart(12, "0")}`;
}

/** So many orders of which nothing is known yet but that they were placed. */
export function* placedOrders(count: number): Generator<OrderEvent> {
  for (let order = 0; order < count; order++) yield orderEvent(order, 0, order);
}

export const appendOrderEvent = (store: EventStore, { streamName, revision, event }: OrderEvent) =>
  store.append(streamName, [event], { expectedRevision: revision === 0 ? "no_stream" : BigInt(revision - 1) });

export async function writeOrders(store: EventStore, events: Iterable<OrderEvent>, inFlight = 2_000): Promise<void> {
  let appends: Promise<unknown>[] = [];
  for (const event of events) {
    appends.push(appendOrderEvent(store, event));
    if (appends.length < inFlight) continue;
    await Promise.all(appends);
    appends = [];
  }
  await Promise.all(appends);
}
