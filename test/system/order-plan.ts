/** What happens to each order of a simulated run, and which flags must come of it: written down before anything runs. */

import type { FlagKind } from "../../src/index.js";
import { derivedId } from "../../src/message/index.js";
import { Random } from "./random.js";

/** Times are milliseconds after the order was placed. */
interface Fate {
  /** When the provider answers, and how often it captured; it never captures unless stated. */
  readonly answer?: { readonly afterMs: number; readonly captures: readonly string[] };
  readonly refusedAfterMs?: number;
  /** Payments that are recorded before the order is placed: so long before. */
  readonly ahead?: readonly { readonly byMs: number; readonly payment: string }[];
  readonly cancelledAfterMs?: number;
  readonly flags: readonly FlagKind[];
}

const within = 5_000;
const hour = 3_600_000;

const captured = (afterMs: number, ...captures: string[]) => ({ answer: { afterMs, captures } });
const ahead = (byMs: number, ...payments: string[]) => ({ ahead: payments.map((payment) => ({ byMs, payment })) });
const knows = (...captures: string[]) => captured(200, ...captures);

/** `order-to-cash` expects one payment within five seconds, unless the order is cancelled. */
export const fates: Readonly<Record<string, (random: Random) => Fate>> = {
  "paid in time": (r) => ({ ...captured(r.whole(0, within - 1), "a"), flags: [] }),
  "paid at the deadline": () => ({ ...captured(within, "a"), flags: [] }),
  "paid a millisecond late": () => ({ ...captured(within + 1, "a"), flags: ["Missing", "LateArrival"] }),
  "paid late": (r) => ({ ...captured(r.whole(within + 2, hour), "a"), flags: ["Missing", "LateArrival"] }),
  lost: () => ({ flags: ["Missing"] }),
  refused: (r) => ({ refusedAfterMs: r.whole(0, 10_000), flags: ["Missing"] }),
  doubled: (r) => ({ ...captured(r.whole(0, within), "a", "b"), flags: ["Duplicate"] }),
  "doubled late": (r) => ({
    ...captured(r.whole(within + 1, 60_000), "a", "b"),
    flags: ["Missing", "LateArrival", "Duplicate"],
  }),
  "paid before it was placed": (r) => ({ ...ahead(r.whole(1, hour), "a"), ...knows(), flags: [] }),
  "paid before it was placed, and told again": (r) => ({ ...ahead(r.whole(1, hour), "a"), ...knows("a"), flags: [] }),
  "paid before and after it was placed": (r) => ({
    ...ahead(r.whole(1, hour), "a"),
    ...knows("b"),
    flags: ["Duplicate"],
  }),
  "paid twice before it was placed": (r) => ({
    ...ahead(r.whole(1, hour), "a", "b"),
    ...knows(),
    flags: ["Duplicate"],
  }),
  "paid before it was placed, then cancelled": (r) => ({
    ...ahead(r.whole(1, hour), "a"),
    ...knows(),
    cancelledAfterMs: r.whole(1, hour),
    flags: [],
  }),
  cancelled: (r) => ({ cancelledAfterMs: r.whole(1, within - 1), flags: [] }),
  "cancelled at the deadline": () => ({ cancelledAfterMs: within, flags: [] }),
  "cancelled a millisecond late": () => ({ cancelledAfterMs: within + 1, flags: ["Missing", "Withdrawn"] }),
  "cancelled late": (r) => ({ cancelledAfterMs: r.whole(within + 1, 2 * hour), flags: ["Missing", "Withdrawn"] }),
  "cancelled, then paid": (r) => ({ ...captured(r.whole(2_000, hour), "a"), cancelledAfterMs: 1_000, flags: [] }),
  "paid, then cancelled": (r) => ({
    ...captured(1_000, "a"),
    cancelledAfterMs: r.whole(2_000, 2 * hour),
    flags: [],
  }),
  "paid late, then cancelled": (r) => ({
    ...captured(8_000, "a"),
    cancelledAfterMs: r.whole(9_000, hour),
    flags: ["Missing", "LateArrival"],
  }),
  "cancelled late, then paid": (r) => ({
    ...captured(r.whole(9_000, hour), "a"),
    cancelledAfterMs: 6_000,
    flags: ["Missing", "Withdrawn"],
  }),
};

export interface PlannedOrder extends Fate {
  readonly orderId: string;
  /** The correlation id of its case, where the order's own command does not start one. */
  readonly correlationId: string | undefined;
  readonly fate: string;
  /** After the beginning of the run. */
  readonly placedAtMs: number;
}

/** As many healthy orders as there are others; several at a time, and now and then none for a minute. */
export function planOrders(seed: number, count: number): PlannedOrder[] {
  const random = new Random(seed);
  const others = Object.keys(fates).filter((fate) => fate !== "paid in time");
  let placedAtMs = hour;
  return Array.from({ length: count }, (_, i) => {
    // The last one is flagged in a log in which nothing more happens.
    const fate = i === count - 1 ? "lost" : random.pick(["paid in time", random.pick(others)]);
    placedAtMs += i === count - 1 ? 4 * hour : random.pick([0, 0, 0, random.whole(1, 2_000), random.whole(1, 10_000)]);
    if (i % 97 === 0) placedAtMs += 60_000;
    const terms = fates[fate]!(random);
    const orderId = `${seed}-${i}`;
    const correlationId = terms.ahead || i % 5 === 0 ? `case-${orderId}` : undefined;
    return { ...terms, fate, orderId, placedAtMs, correlationId };
  });
}

/** Ids that follow from the plan: commands sent with them again are the same commands. */
export const commandIdOf = (orderId: string, what: string): string => derivedId("system-test", orderId, what);

/** The case that an order belongs to: a new process is named by its first command and stream. */
export const caseOf = ({ orderId, correlationId }: PlannedOrder): string =>
  correlationId ?? derivedId("correlation", commandIdOf(orderId, "place"), `order-${orderId}`);
