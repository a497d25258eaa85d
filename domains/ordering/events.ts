/** What ordering has recorded. */

import { DomainEvent, upcaster } from "../../src/index.js";

export const currencies = ["EUR", "USD"] as const;
export type Currency = (typeof currencies)[number];

export class OrderPlaced extends DomainEvent("ordering.OrderPlaced", { version: 2 }) {
  readonly total!: number;
  readonly currency!: Currency;
}

export class OrderCancelled extends DomainEvent("ordering.OrderCancelled") {
  readonly reason!: string;
}

export const upcasters = [
  // Version 1 wrote the total as text; every order was in euro.
  upcaster("ordering.OrderPlaced", { from: 1 }, ({ amount }: { amount: string }) => ({
    total: Number(amount),
    currency: "EUR",
  })),
];
