/** A small shop to ask over HTTP: one aggregate, a read model, an observer, and a log that goes wrong now and then. */

import { IsPositive, Length } from "class-validator";
import { Aggregate, Applies, CommandBus, Handles } from "../../src/aggregate/index.js";
import { CommandRejected } from "../../src/errors.js";
import { Command, DomainEvent, upcaster } from "../../src/message/index.js";
import { buildModel } from "../../src/model/index.js";
import { Observer, ObserverReadModel, whenever } from "../../src/observer/index.js";
import { rebuild, type ReadModelDeclaration, type ReadModelStore, type Row } from "../../src/projection/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import type { ApplicationStatus, QueryContext, Readiness } from "../../src/query/index.js";
import { MemoryEventStore } from "../../src/store/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

class PlaceOrder extends Command("shop.PlaceOrder") {
  @IsPositive()
  readonly total!: number;
}
class RenameOrder extends Command("shop.RenameOrder") {
  @Length(1, 20)
  readonly title!: string;
}
class BreakOrder extends Command("shop.BreakOrder") {}

export class OrderPlaced extends DomainEvent("shop.OrderPlaced", { version: 2 }) {
  readonly total!: number;
}
export class OrderRenamed extends DomainEvent("shop.OrderRenamed") {
  readonly title!: string;
}
export class OrderAlreadyPlaced extends CommandRejected {
  override readonly code = "ORDER_ALREADY_PLACED";
}

@Aggregate({ name: "order" })
class Order {
  private placedBefore = false;
  private title = "";

  @Handles(PlaceOrder)
  place({ total }: PlaceOrder): OrderPlaced {
    if (this.placedBefore) throw new OrderAlreadyPlaced("The order is already placed.");
    return OrderPlaced.of({ total });
  }

  @Handles(RenameOrder)
  rename({ title }: RenameOrder): OrderRenamed[] {
    if (!this.placedBefore) throw new CommandRejected("There is no order to rename.");
    return title === this.title ? [] : [OrderRenamed.of({ title })];
  }

  @Handles(BreakOrder)
  break(_: BreakOrder): OrderPlaced {
    throw new TypeError("secret: /var/lib/shop/password");
  }

  @Applies(OrderPlaced)
  placed(_: OrderPlaced): void {
    this.placedBefore = true;
  }

  @Applies(OrderRenamed)
  renamed({ title }: OrderRenamed): void {
    this.title = title;
  }
}

@Observer({ name: "payments", version: 3 })
class Payments {
  readonly paid = whenever(OrderPlaced).expect("billing.PaymentTaken").within({ minutes: 15 });
}

export const orders: ReadModelDeclaration = {
  name: "orders",
  version: 2,
  place: "orders@2",
  definition: "orders",
  indexes: ["total", "paid", "note", "x", "y", "limit"],
};
const unbuilt: ReadModelDeclaration = {
  name: "unbuilt",
  version: 1,
  place: "unbuilt@1",
  definition: "unbuilt",
  indexes: [],
};

export interface Shop extends QueryContext {
  readonly store: MemoryEventStore;
  readonly clock: ManualClock;
  /** What `readiness` and `status` answer; a test may change it. */
  ready: Readiness;
  writeRows(rows: Readonly<Record<string, Row | undefined>>): Promise<void>;
  /** Judges the log as it is now, and serves the cases. */
  observe(): Promise<void>;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const clock = new ManualClock();
  const store = new MemoryEventStore({ clock, storeId: "shop-log" });
  const readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
  const model = buildModel({
    aggregates: [Order],
    reactors: [],
    projections: [],
    observers: [Payments],
    upcasters: [
      upcaster("shop.OrderPlaced", { from: 1 }, ({ amount }: { amount: string }) => ({ total: Number(amount) })),
    ],
  });
  const payments = new ObserverReadModel(model.observers[0]!, { clock, upcasters: model.upcasters });
  const ready: Readiness = { ready: true, reasons: [] };
  const status: ApplicationStatus = {
    storeId: "shop-log",
    head: "7",
    roles: ["query"],
    subscriptions: [
      { name: "orders", kind: "projection", state: "live", position: "7", lag: { events: 0, more: false, seconds: 0 } },
    ],
  };
  return {
    store,
    clock,
    readModels,
    model,
    commands: new CommandBus(model, store, { clock }),
    projections: [orders, unbuilt],
    observers: [payments],
    reactors: [
      { name: "charge", subscription: "reactor:charge" },
      { name: "ship", subscription: "reactor:ship" },
    ],
    notifications: [{ name: "ops", subscription: "notification:ops" }],
    exposition: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "flags 7\n" }),
    ready,
    status: async () => status,
    readiness(this: Shop) {
      return Promise.resolve(this.ready);
    },
    writeRows: (rows) => writeRows(readModels, rows),
    observe: async () => {
      await rebuild(payments, { store, readModels, holder: "test", clock });
    },
    close: async () => {
      await readModels.close();
      await store.close();
    },
  };
}

async function writeRows(readModels: ReadModelStore, rows: Readonly<Record<string, Row | undefined>>): Promise<void> {
  const lease = (await readModels.acquire("orders", "test", 1_000_000))!;
  const generation = await readModels.openActive(orders, lease);
  const checkpoint = { storeId: "shop-log", position: 7n, handled: 7, recordedAtMs: undefined };
  await readModels.commit(generation, lease, { rows: Object.entries(rows), checkpoint });
}
