/** A log that nobody wrote with Rollcall: a shop's orders and payments, as they lie about, and what is to be said of them. */

import { binaryEvent, jsonEvent, type EventData, type EventStoreDBClient, type JSONType } from "@eventstore/db-client";
import { randomUUID } from "node:crypto";
import type { EventStore } from "../../src/index.js";

/** An event as its writer sees it: data and metadata are JSON, or bytes. */
export interface ForeignEvent {
  readonly stream: string;
  readonly type: string;
  readonly data?: unknown;
  readonly metadata?: unknown;
  readonly id?: string;
}

/** Appends one event, and says at which position. */
export type Append = (event: ForeignEvent) => Promise<bigint>;

/** As a service appends that knows the official client and nothing else. */
export const byOfficialClient =
  (client: EventStoreDBClient): Append =>
  async ({ stream, type, data, metadata, id = randomUUID() }) => {
    const event: EventData =
      data instanceof Uint8Array
        ? binaryEvent({ id, type, data, metadata })
        : jsonEvent({ id, type, data: data as JSONType, metadata });
    return (await client.appendToStream(stream, event)).position!.commit;
  };

/** The same in the embedded log. */
export const byStore =
  (store: EventStore): Append =>
  async ({ stream, type, data, metadata, id = randomUUID() }) => {
    const stated = {
      ...(data instanceof Uint8Array && { contentType: "application/octet-stream" }),
      ...(metadata !== undefined && { metadata: metadata as Uint8Array }),
    };
    return (await store.append(stream, [{ id, type, data, ...stated }], { expectedRevision: "any" })).position;
  };

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export const placed = (order: string | number): ForeignEvent => ({
  stream: `order-${order}`,
  type: "OrderPlaced",
  data: { orderId: order, total: 12 },
});

/** An order cannot be told from a captured payment: only from the payment that was created before. */
export const created = (payment: string, orderId: unknown): ForeignEvent => ({
  stream: `payment-${payment}`,
  type: "PaymentCreated",
  data: { paymentId: payment, order: { orderId } },
});

export const captured = (payment: string): ForeignEvent => ({
  stream: `payment-${payment}`,
  type: "PaymentCaptured",
  data: { paymentId: payment },
});

const metadata = { correlationId: "c-1", causationId: "c-0", schemaVersion: 7, tenant: null, userId: 17 };
const twice = randomUUID();

/** The first morning. */
export const morning: readonly ForeignEvent[] = [
  { ...placed("1"), metadata },
  // A number, and metadata that is null.
  { ...placed(2), metadata: bytes("null") },
  placed("3"),
  { ...placed("4"), metadata: bytes("written by hand") },
  // The projection's links, to what is there and to what is not; an event of the server's own.
  { stream: "category-order", type: "$>", data: bytes("0@order-1") },
  { stream: "category-order", type: "$>", data: bytes("0@order-never") },
  { stream: "category-order", type: "$>", data: bytes("nonsense") },
  { stream: "statistics", type: "$statsCollected", data: { orderId: "1" } },
  created("p1", "1"),
  captured("p1"),
  // Before anybody told whose payment it is.
  { ...captured("p2"), id: twice },
  created("p2", 2),
  { ...captured("p2"), stream: "payments-imported", id: twice },
  { ...captured("p1"), metadata: bytes("[1, 2]") },
  { stream: "order-3", type: "OrderCancelled", data: bytes("\u0000\u0001"), metadata: { orderId: "3" } },
];

/** What belongs to no case: bytes, JSON without the id, an id that is none. */
export const lost: readonly ForeignEvent[] = [
  { stream: "order-5", type: "OrderPlaced", data: bytes('{"orderId":"5"}') },
  { stream: "order-5", type: "OrderPlaced", data: { orderId: null } },
  { stream: "order-5", type: "OrderPlaced", data: { orderId: { is: "5" } } },
  { stream: "order-5", type: "OrderPlaced", data: "5" },
  { stream: "order-5", type: "OrderCancelled", data: {}, metadata: bytes("null") },
  { stream: "payment-p5", type: "PaymentCreated", data: { order: {}, paymentId: "p5" } },
];

/** Twenty minutes later: a payment that is late, an order that is never paid. */
export const noon: readonly ForeignEvent[] = [placed("6"), created("p4", "4"), captured("p4")];

/** Twenty minutes later again. */
export const evening: readonly ForeignEvent[] = [placed("7")];

/** And again, once somebody is watching. */
export const night: readonly ForeignEvent[] = [placed("8")];

/** The next day, for which nobody was there. */
export const morningAfter: readonly ForeignEvent[] = [placed("9")];
