/** A shop that has recorded its orders in three shapes; and the next version of it, which knows a fourth. */

import {
  Aggregate,
  application,
  Applies,
  Command,
  CommandRejected,
  domain,
  DomainEvent,
  Handles,
  Observer,
  Projection,
  Projects,
  Reactor,
  ReactsTo,
  upcaster,
  whenever,
  type ApplicationDefinition,
  type EventStore,
  type RaisedFlag,
} from "../../src/index.js";

/** What every order says, in the shape of version 3. */
export interface Said {
  readonly orderId: string;
  readonly total: number;
  readonly currency: string;
  readonly parcels: number;
}

export const said = (orderId: string, total = 40): Said => ({ orderId, total, currency: "EUR", parcels: 1 });

/** Answers with its state. */
export class Tell extends Command("shop.Tell") {}

export class PaymentTaken extends DomainEvent("shop.PaymentTaken") {
  readonly orderId!: string;
  readonly amount!: number;
}

/** Each version as it was recorded. Fields were renamed, given another type and added. */
export const shapes: Readonly<Record<number, (orderId: string) => object>> = {
  1: (orderId) => ({ order: orderId, amount: "40" }),
  2: (orderId) => ({ orderId, total: 40 }),
  3: (orderId) => said(orderId),
  4: (orderId) => ({ ...said(orderId), channel: "web" }),
};

const steps = [
  upcaster("shop.OrderPlaced", { from: 1 }, ({ order, amount }: { order: string; amount: string }) => ({
    orderId: order,
    total: Number(amount),
  })),
  upcaster("shop.OrderPlaced", { from: 2 }, (old: object) => ({ ...old, currency: "EUR", parcels: 1 })),
  upcaster("shop.OrderPlaced", { from: 3 }, (old: object) => ({ ...old, channel: "unknown" })),
];

/** What the application was told, by reactor and notification. */
export interface Heard {
  readonly reactions: Said[];
  readonly flags: RaisedFlag[];
}

/** A process that knows versions up to this one. */
export function shop(version: 3 | 4, heard: Heard = { reactions: [], flags: [] }): ApplicationDefinition {
  class OrderPlaced extends DomainEvent("shop.OrderPlaced", { version }) implements Said {
    readonly orderId!: string;
    readonly total!: number;
    readonly currency!: string;
    readonly parcels!: number;
  }
  const read = ({ orderId, total, currency, parcels }: OrderPlaced): Said => ({ orderId, total, currency, parcels });

  @Aggregate({ name: "order", snapshot: { version: 1, every: 1 } })
  class Order {
    private said: Said | undefined = undefined;

    @Handles(Tell)
    tell(_: Tell): never[] {
      throw new CommandRejected(JSON.stringify(this.said));
    }

    @Applies(OrderPlaced)
    placed(event: OrderPlaced): void {
      this.said = read(event);
    }

    @Applies(PaymentTaken)
    paid(_: PaymentTaken): void {}
  }

  @Projection<Said>({
    name: "orders",
    version: 1,
    // What the key reads has its present shape, too.
    key: ({ data }) => (data as Said).orderId,
  })
  class Orders {
    @Projects(OrderPlaced)
    placed(event: OrderPlaced): Said {
      return read(event);
    }
  }

  @Observer({ name: "payments", version: 1, key: "data.orderId" })
  class Payments {
    readonly payment = whenever(OrderPlaced)
      .expect(PaymentTaken)
      .within({ hours: 1 })
      .times("data.parcels")
      .where(({ currency }) => currency === "EUR")
      .agreeing(({ total }, { amount }) => total === amount);
  }

  @Reactor({ name: "greet" })
  class Greet {
    @ReactsTo(OrderPlaced)
    greet(event: OrderPlaced): void {
      heard.reactions.push(read(event));
    }
  }

  return application({
    domains: [
      domain({
        name: "shop",
        aggregates: [Order],
        reactors: [Greet],
        upcasters: steps.filter(({ from }) => from < version),
      }),
    ],
    projections: [Orders],
    observers: [Payments],
    notifications: [
      { name: "ops", startFrom: "beginning", includeBackfill: true, deliver: (flag) => void heard.flags.push(flag) },
    ],
  });
}

/** Records an order in the shape of a version, and its payment, if there is one. */
export async function order(store: EventStore, orderId: string, version: number, isPaid = true): Promise<void> {
  const metadata = { $correlationId: `process-${orderId}`, ...(version > 1 && { schemaVersion: version }) };
  const placed = { id: uuidOf(orderId, 1), type: "shop.OrderPlaced", data: shapes[version]!(orderId), metadata };
  const paid = {
    id: uuidOf(orderId, 2),
    type: "shop.PaymentTaken",
    data: { orderId, amount: 40 },
    metadata: { $correlationId: `process-${orderId}` },
  };
  await store.append(`order-${orderId}`, isPaid ? [placed, paid] : [placed], { expectedRevision: "no_stream" });
}

const uuidOf = (orderId: string, n: number) => `00000000-0000-4000-8000-${orderId.padStart(11, "0")}${n}`;
