/** Seeded scenarios of ordering and billing over virtual time: a plan of timed actions to carry out, and the same as a log for the oracle. */

import fc from "fast-check";

import type { LogRecord, SlotTerms } from "./records.js";

/** How each order fares, with its relative weight. Those from `recordedLate` on miss the deadline in log time. */
export const defaultShares = {
  paidInTime: 60,
  paidOnTheDeadline: 3,
  /** The payment is seen before the order. */
  paidBeforePlaced: 4,
  refusedThenPaid: 3,
  paidTwice: 4,
  cancelledInTime: 4,
  cancelledAfterPayment: 3,
  /** Odd, but possible between domains. */
  cancelledBeforePlaced: 1,
  /** Taken in time, recorded after the deadline. */
  recordedLate: 2,
  paidLate: 5,
  paidLateTwice: 1,
  cancelledLate: 3,
  refused: 2,
  /** The payment never comes. */
  lost: 5,
} as const;
export type Fate = keyof typeof defaultShares;
export const fates = Object.keys(defaultShares) as Fate[];

export interface ScenarioOptions {
  readonly orders: number;
  readonly startMs: number;
  /** Orders are placed over this time, evenly. */
  readonly spanMs: number;
  /** How long a payment may take. */
  readonly withinMs: number;
  /** Relative weights; what is left out has its default, 0 switches a fate off. */
  readonly shares: Partial<Record<Fate, number>>;
  /** Share of the orders whose order event comes a second time, up to twice `withinMs` later. */
  readonly repeatedOrders: number;
  /** Ticks of the log at this distance; 0 for none but the last one, which passes every deadline. */
  readonly tickEveryMs: number;
  readonly tickType: string;
  readonly types: Readonly<Record<ActionKind, string>>;
}

const hourMs = 3_600_000;
export const defaultOptions: ScenarioOptions = {
  orders: 1_000,
  startMs: Date.UTC(2024, 0, 1),
  spanMs: 24 * hourMs,
  withinMs: hourMs,
  shares: {},
  repeatedOrders: 0.03,
  tickEveryMs: 0,
  tickType: "ClockTick",
  types: {
    place: "ordering.OrderPlaced",
    pay: "billing.PaymentTaken",
    refuse: "billing.PaymentRefused",
    cancel: "ordering.OrderCancelled",
  },
};

export type ActionKind = "place" | "pay" | "cancel" | "refuse";

export interface Action {
  readonly atMs: number;
  readonly kind: ActionKind;
  /** Also the correlation id. */
  readonly orderId: string;
  /** Of `pay` and `refuse`. */
  readonly paymentId?: string;
  /** When it happened, if that is not when it is carried out and recorded. */
  readonly occurredAtMs?: number;
}

export interface Scenario {
  /** In the order of time. A `cancel` or `pay` may come before its `place`: append the event then, a command might be rejected. */
  readonly plan: readonly Action[];
  /** The plan as it would be recorded, with ticks. */
  readonly log: readonly LogRecord[];
  readonly fates: ReadonlyMap<string, Fate>;
  /** When every deadline has passed: carry on until then. */
  readonly endMs: number;
}

/** What chance decides of one order; the numbers are fractions in [0, 1). */
interface Draft {
  readonly fate: Fate;
  readonly placed: number;
  readonly first: number;
  readonly second: number;
  readonly repeated: number;
}

type Step = Omit<Action, "orderId" | "paymentId">;

/** A whole number from `low` to `high`, both included. */
const between = (low: number, high: number, fraction: number) => low + Math.floor(fraction * (high - low + 1));

function stepsOf({ fate, first, second }: Draft, placedAtMs: number, withinMs: number): Step[] {
  const deadlineMs = placedAtMs + withinMs;
  const longAfterMs = deadlineMs + 2 * withinMs;
  const inTimeMs = between(placedAtMs + 1, deadlineMs - 1, first);
  const lateMs = between(deadlineMs + 1, longAfterMs, first);
  const beforeMs = between(placedAtMs - withinMs, placedAtMs - 1, first);
  const place: Step = { atMs: placedAtMs, kind: "place" };
  const step = (kind: ActionKind, atMs: number): Step => ({ atMs, kind });
  switch (fate) {
    case "paidInTime":
      return [place, step("pay", inTimeMs)];
    case "paidOnTheDeadline":
      return [place, step("pay", deadlineMs)];
    case "paidBeforePlaced":
      return [step("pay", beforeMs), place];
    case "refusedThenPaid":
      return [place, step("refuse", inTimeMs), step("pay", between(inTimeMs, deadlineMs, second))];
    case "paidTwice":
      return [place, step("pay", inTimeMs), step("pay", between(inTimeMs, longAfterMs, second))];
    case "cancelledInTime":
      return [place, step("cancel", between(placedAtMs, deadlineMs, first))];
    case "cancelledAfterPayment":
      return [place, step("pay", inTimeMs), step("cancel", between(inTimeMs, longAfterMs, second))];
    case "cancelledBeforePlaced":
      return [step("cancel", beforeMs), place];
    case "recordedLate":
      return [
        place,
        {
          ...step("pay", between(deadlineMs + 1, longAfterMs, second)),
          occurredAtMs: between(placedAtMs, deadlineMs, first),
        },
      ];
    case "paidLate":
      return [place, step("pay", lateMs)];
    case "paidLateTwice":
      return [place, step("pay", lateMs), step("pay", between(lateMs, longAfterMs, second))];
    case "cancelledLate":
      return [place, step("cancel", lateMs)];
    case "refused":
      return [place, step("refuse", inTimeMs)];
    case "lost":
      return [place];
  }
}

function logOf(plan: readonly Action[], endMs: number, options: ScenarioOptions): LogRecord[] {
  const { startMs, tickEveryMs, tickType, types } = options;
  const ticks = tickEveryMs > 0 ? Math.floor((endMs - 1 - startMs) / tickEveryMs) : 0;
  const times = [...Array.from({ length: ticks }, (_, i) => startMs + (i + 1) * tickEveryMs), endMs];
  const events = plan.map(({ atMs, kind, orderId, paymentId, occurredAtMs }, i) => ({
    id: `${paymentId ?? orderId}-${kind}-${i}`,
    type: types[kind],
    correlationId: orderId,
    recordedAtMs: atMs,
    occurredAtMs,
  }));
  return [...events, ...times.map((atMs) => ({ id: `tick-${atMs}`, type: tickType, recordedAtMs: atMs }))]
    .toSorted((x, y) => x.recordedAtMs - y.recordedAtMs)
    .map((record, i) => ({ ...record, position: i * 7 }));
}

function scenarioOf(drafts: readonly Draft[], options: ScenarioOptions): Scenario {
  const { startMs, spanMs, withinMs, repeatedOrders } = options;
  const orderId = (i: number) => `order-${i + 1}`;
  const plan = drafts.flatMap((draft, i): Action[] => {
    const placedAtMs = between(startMs + withinMs, startMs + withinMs + spanMs, draft.placed);
    const steps = stepsOf(draft, placedAtMs, withinMs);
    // What is left of the fraction below the share is uniform again.
    const repeated = draft.repeated / repeatedOrders;
    if (repeated < 1) steps.push({ atMs: between(placedAtMs, placedAtMs + 2 * withinMs, repeated), kind: "place" });
    return steps.map((step, n) => ({
      ...step,
      orderId: orderId(i),
      ...(step.kind === "pay" || step.kind === "refuse" ? { paymentId: `payment-${i + 1}-${n}` } : {}),
    }));
  });
  plan.sort((x, y) => x.atMs - y.atMs);
  const endMs = startMs + spanMs + 5 * withinMs;
  const log = logOf(plan, endMs, options);
  return { plan, log, endMs, fates: new Map(drafts.map(({ fate }, i) => [orderId(i), fate])) };
}

/** Uniform fractions in [0, 1) from a seed (mulberry32). */
export function seededFractions(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same seed and options give the same scenario. */
export function scenario(seed: number, given: Partial<ScenarioOptions> = {}): Scenario {
  const options = { ...defaultOptions, ...given };
  const next = seededFractions(seed);
  const shares = { ...defaultShares, ...options.shares };
  const total = fates.reduce((sum, fate) => sum + shares[fate], 0);
  const anyFate = (): Fate => {
    let left = next() * total;
    return fates.find((fate) => (left -= shares[fate]) < 0) ?? "lost";
  };
  const drafts = Array.from({ length: options.orders }, () => ({
    fate: anyFate(),
    placed: next(),
    first: next(),
    second: next(),
    repeated: next(),
  }));
  return scenarioOf(drafts, options);
}

/** Scenarios of at most `orders` orders, shrinking towards few orders that are paid in time; fates with a share above 0 are equally likely. */
export function anyScenario(given: Partial<ScenarioOptions> = {}): fc.Arbitrary<Scenario> {
  const options = { ...defaultOptions, orders: 8, ...given };
  const shares = { ...defaultShares, ...options.shares };
  // Thousandths: they shrink well, and meet the ends of every range often.
  const fraction = fc.nat(999).map((n) => n / 1000);
  const draft = fc.record({
    fate: fc.constantFrom(...fates.filter((fate) => shares[fate] > 0)),
    placed: fraction,
    first: fraction,
    second: fraction,
    repeated: fraction,
  });
  return fc.array(draft, { maxLength: options.orders }).map((drafts) => scenarioOf(drafts, options));
}

/** Whenever an order is placed expect its payment, once, within the time, unless the order is cancelled. */
export function paymentTerms(given: Partial<ScenarioOptions> = {}, terms: Partial<SlotTerms> = {}): SlotTerms {
  const { withinMs, tickType, types } = { ...defaultOptions, ...given };
  return {
    observer: "Payments",
    slot: "paid",
    trigger: [types.place],
    counterpart: [types.pay],
    unless: [types.cancel],
    withinMs,
    max: 1,
    timeBase: "recorded",
    tickType,
    ...terms,
  };
}
