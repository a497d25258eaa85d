/** A planned run of the real application in simulated time: hours of orders in a few seconds. */

import { billing, PaymentGateway, RecordPayment } from "../../domains/billing/index.js";
import { CancelOrder, ordering, PlaceOrder } from "../../domains/ordering/index.js";
import { OrderSummaryProjection } from "../../projections/order-summary.js";
import { OrderToCash } from "../../projections/order-to-cash.js";
import {
  application,
  Rollcall,
  type AnyCommand,
  type CommandResult,
  type Configuration,
  type EventStore,
} from "../../src/index.js";
import { caseOf, commandIdOf, type PlannedOrder } from "./order-plan.js";
import { paymentId, ScriptedGateway } from "./scripted-gateway.js";
import { SimulatedTime } from "./simulated-time.js";

export const hourMs = 3_600_000;

/** The terms of `order-to-cash`, as the oracle takes them. */
export const orderToCashTerms = {
  observer: "order-to-cash",
  slot: "payment",
  trigger: ["ordering.OrderPlaced"],
  counterpart: ["billing.PaymentTaken"],
  unless: ["ordering.OrderCancelled"],
  withinMs: 5_000,
  max: 1,
  timeBase: "recorded",
  tickType: "observer.ClockTick",
} as const;

/** Renewed rarely: a simulated hour should not consist of renewals. */
const leaseTtlMs = hourMs;

export class SimulatedRun {
  readonly time = new SimulatedTime();
  /** What went wrong in a subscription; to be empty. */
  readonly failures: Error[] = [];
  private readonly gateway: ScriptedGateway;
  private readonly startedAtMs = this.time.now();

  constructor(private readonly plan: readonly PlannedOrder[]) {
    this.gateway = new ScriptedGateway(this.time, plan);
  }

  /** @param store instead of the one that the configuration names */
  open(configuration: Partial<Configuration>, store?: EventStore): Promise<Rollcall> {
    const definition = application({
      domains: [ordering, billing],
      projections: [OrderSummaryProjection],
      observers: [OrderToCash],
      bindings: (container) => void container.bind(PaymentGateway).toConstantValue(this.gateway),
    });
    return Rollcall.open(
      definition,
      { leaseTtlMs, ...configuration },
      { clock: this.time, onChange: ({ error }) => void (error && this.failures.push(error)), ...(store && { store }) },
    );
  }

  /**
   * Sends every command at its time, each as a request of its own, and lets time pass until every deadline has.
   * @param meanwhile is called about every simulated minute
   */
  async drive(rollcall: Rollcall, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    const answers: Promise<CommandResult>[] = [];
    let nextMinuteMs = 0;
    for (const { atMs, command, what, order } of requestsOf(this.plan)) {
      for (; nextMinuteMs < atMs; nextMinuteMs += 60_000) {
        await this.time.moveTo(this.startedAtMs + nextMinuteMs);
        await meanwhile();
      }
      await this.time.moveTo(this.startedAtMs + atMs);
      const explicit = what === "cancel" ? undefined : order.correlationId;
      answers.push(
        rollcall.dispatch(command, { commandId: commandIdOf(order.orderId, what), correlationId: explicit }),
      );
    }
    const results = await Promise.all(answers);
    for (const [i, { order }] of requestsOf(this.plan).entries())
      if (results[i]!.correlationId !== caseOf(order))
        throw new Error(`${order.orderId}: expected case ${caseOf(order)}, found ${results[i]!.correlationId}.`);
    await this.time.moveTo(this.time.now() + 3 * hourMs);
  }
}

interface Request {
  readonly atMs: number;
  readonly command: AnyCommand;
  /** Tells the commands of one order apart. */
  readonly what: string;
  readonly order: PlannedOrder;
}

const requestsOf = (plan: readonly PlannedOrder[]): Request[] =>
  plan.flatMap(requestsFor).toSorted((a, b) => a.atMs - b.atMs);

function requestsFor(order: PlannedOrder, index: number): Request[] {
  const { orderId: aggregateId, placedAtMs, ahead = [], cancelledAfterMs } = order;
  const total = 5 + (index % 40) * 2.5;
  const place = PlaceOrder.of({ aggregateId, total, currency: index % 3 ? "EUR" : "USD" });
  const requests: Request[] = ahead.map(({ byMs, payment }) => ({
    atMs: placedAtMs - byMs,
    command: RecordPayment.of({ aggregateId, paymentId: paymentId(aggregateId, payment), amount: total }),
    what: `payment ${payment}`,
    order,
  }));
  requests.push({ atMs: placedAtMs, command: place, what: "place", order });
  if (cancelledAfterMs !== undefined) {
    const command = CancelOrder.of({ aggregateId, reason: "changed my mind" });
    requests.push({ atMs: placedAtMs + cancelledAfterMs, command, what: "cancel", order });
  }
  return requests;
}
