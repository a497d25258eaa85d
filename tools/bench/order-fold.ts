/** The fold of order summaries, as plain functions: everybody who is measured folds by these, or says the same in SQL. */

export interface OrderSummary {
  readonly customer: string;
  readonly city: string;
  readonly status: string;
  readonly items: number;
  /** Sums in cents and grams. */
  readonly total: number;
  readonly payments: number;
  readonly paid: number;
  readonly shipments: number;
  readonly weight: number;
  readonly events: number;
}

export const noOrder: OrderSummary = {
  customer: "",
  city: "",
  status: "new",
  items: 0,
  total: 0,
  payments: 0,
  paid: 0,
  shipments: 0,
  weight: 0,
  events: 0,
};

type Fold<Data> = (row: OrderSummary, data: Data) => OrderSummary;

export interface Placed {
  readonly customer: string;
  readonly address: { readonly city: string };
}
export interface ItemAdded {
  readonly quantity: number;
  readonly price: number;
}
export interface PaymentTaken {
  readonly amount: number;
}
export interface ShipmentSent {
  readonly weight: number;
}

export const placed: Fold<Placed> = (row, { customer, address }) => ({
  ...row,
  customer,
  city: address.city,
  status: "placed",
  events: row.events + 1,
});
export const itemAdded: Fold<ItemAdded> = (row, { quantity, price }) => ({
  ...row,
  items: row.items + quantity,
  total: row.total + quantity * price,
  events: row.events + 1,
});
export const paymentTaken: Fold<PaymentTaken> = (row, { amount }) => ({
  ...row,
  status: "paid",
  payments: row.payments + 1,
  paid: row.paid + amount,
  events: row.events + 1,
});
export const shipmentSent: Fold<ShipmentSent> = (row, { weight }) => ({
  ...row,
  status: "sent",
  shipments: row.shipments + 1,
  weight: row.weight + weight,
  events: row.events + 1,
});
export const orderClosed: Fold<object> = (row) => ({ ...row, status: "closed", events: row.events + 1 });

/** By the stored type of an event. */
export const folds: Readonly<Record<string, Fold<never>>> = {
  "ordering.OrderPlaced": placed,
  "ordering.ItemAdded": itemAdded,
  "billing.PaymentTaken": paymentTaken,
  "shipping.ShipmentSent": shipmentSent,
  "ordering.OrderClosed": orderClosed,
};
