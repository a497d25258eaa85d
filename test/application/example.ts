/** The example application with a gateway that a test opens and closes, and files of its own for each test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { billing, PaymentGateway, type PaymentAnswer, type PaymentRequest } from "../../domains/billing/index.js";
import { ordering, PlaceOrder } from "../../domains/ordering/index.js";
import { OrderSummaryProjection, type OrderSummary } from "../../projections/order-summary.js";
import { OrderToCash } from "../../projections/order-to-cash.js";
import {
  application,
  Rollcall,
  type CommandResult,
  type Configuration,
  type RollcallOptions,
} from "../../src/index.js";
import type { Gate } from "../reactor/charging.js";

/** Pays everything, after the gate was opened. */
export class Gateway implements PaymentGateway {
  readonly requests: PaymentRequest[] = [];
  constructor(private readonly gate?: Gate) {}

  async request(request: PaymentRequest): Promise<PaymentAnswer> {
    this.requests.push(request);
    await this.gate?.opened;
    return { captures: [{ paymentId: `pay-${request.orderId}`, amount: request.amount }] };
  }
}

export class Example {
  gateway = new Gateway();
  private readonly running: Rollcall[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "rollcall-application-"));

  /** In memory, and on a free port, unless stated. */
  async open(configuration: Partial<Configuration> = {}, options: RollcallOptions = {}): Promise<Rollcall> {
    const definition = application({
      domains: [ordering, billing],
      projections: [OrderSummaryProjection],
      observers: [OrderToCash],
      bindings: (container) => void container.bind(PaymentGateway).toConstantValue(this.gateway),
    });
    const http = { host: "127.0.0.1", port: 0 };
    const rollcall = await Rollcall.open(
      definition,
      { store: "memory:", readModels: "memory:", http, ...configuration },
      options,
    );
    this.running.push(rollcall);
    return rollcall;
  }

  /** Files that several processes share, or one after the other. */
  shared(): Pick<Configuration, "store" | "readModels"> {
    return { store: join(this.folder, "log.sqlite"), readModels: join(this.folder, "read-models.sqlite") };
  }

  place(rollcall: Rollcall, aggregateId: string): Promise<CommandResult> {
    return rollcall.dispatch(PlaceOrder.of({ aggregateId, total: 5, currency: "EUR" }));
  }

  async ask(rollcall: Rollcall, path: string, init?: RequestInit) {
    const response = await fetch(`${rollcall.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  }

  summary(rollcall: Rollcall, id: string): Promise<OrderSummary | undefined> {
    return rollcall.readModels.findRow("order-summary@1", id) as Promise<OrderSummary | undefined>;
  }

  async close(): Promise<void> {
    await Promise.all(this.running.map((rollcall) => rollcall.stop()));
    rmSync(this.folder, { recursive: true });
  }
}
