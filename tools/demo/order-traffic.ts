/** Demo traffic: orders are placed at a steady rate; some are cancelled, some of those in time. */

import { setMaxListeners } from "node:events";
import { CancelOrder, PlaceOrder } from "../../domains/ordering/index.js";
import {
  randomId,
  runInContext,
  systemClock,
  type Clock,
  type CommandResult,
  type DispatchOptions,
} from "../../src/index.js";
import type { AnyCommand } from "../../src/index.js";
import { Outage } from "./outage.js";

export interface TrafficOptions {
  readonly signal: AbortSignal;
  /** Orders per second. */
  readonly rate: number;
  /** Stop placing after so many. */
  readonly orders?: number;
  readonly clock?: Clock;
  /** Bears with a store that does not answer. */
  readonly outage?: Outage;
}

interface Dispatcher {
  dispatch(command: AnyCommand, options?: DispatchOptions): Promise<CommandResult>;
}

/** Share of the orders that are cancelled, and the longest time until then. */
const cancelled = 0.1;
const cancelWithinMs = 10_000;

/**
 * Resolves when all orders are placed, or `signal` aborts. A command that the store did not answer is sent again.
 * @throws what a command throws, but for `StoreUnavailable`
 */
export async function driveOrders(
  rollcall: Dispatcher,
  { signal, rate, orders = Infinity, clock = systemClock, outage = new Outage({ signal, clock }) }: TrafficOptions,
): Promise<void> {
  const send = (command: AnyCommand) => {
    // What came of it the first time nobody knows: with the same id it happens once.
    const commandId = randomId();
    return outage.bear(() => rollcall.dispatch(command, { commandId }));
  };
  // Every cancellation that waits listens to it: that is no leak to warn of.
  setMaxListeners(0, signal);
  const cancellations = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for (let n = 0; n < orders && !signal.aborted; n++) {
    const aggregateId = randomId().slice(0, 8);
    const total = 5 + (n % 40) * 2.5;
    await send(PlaceOrder.of({ aggregateId, total, currency: n % 3 ? "EUR" : "USD" }));
    if (Math.random() < cancelled) {
      const cancellation = cancelLater(send, aggregateId, clock, signal);
      cancellations.add(cancellation);
      cancellation.then(
        () => cancellations.delete(cancellation),
        // Seen with the next order: nobody waits for this one yet.
        (error: unknown) => (failure = { error }),
      );
    }
    await clock.sleep(1_000 / rate, signal);
    if (failure) throw failure.error;
  }
  await Promise.all(cancellations);
}

async function cancelLater(
  send: (command: AnyCommand) => Promise<unknown>,
  aggregateId: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(Math.random() * cancelWithinMs, signal);
  if (signal.aborted) return;
  // Another request, with no correlation of its own: the order's stream supplies it.
  await runInContext({}, () => send(CancelOrder.of({ aggregateId, reason: "changed my mind" })));
}
