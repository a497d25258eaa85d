/** Generated history for benchmarks: about 250 bytes of data and 120 of metadata an event, streams of five. */

import type { EventData, EventStore } from "../../src/index.js";

export const eventsPerStream = 5;
/** Correlation ids among which the events are spread, unless stated: the keys of the read model. */
export const manyKeys = 86_000;

const types = ["bench.Opened", "bench.Changed", "bench.Paid", "bench.Shipped", "bench.Closed"];

/** The event `n` of a history: the same at every call. */
export function eventAt(n: number, keys = manyKeys): EventData {
  const stream = Math.floor(n / eventsPerStream);
  return {
    id: idOf(n),
    type: types[n % eventsPerStream]!,
    data: {
      number: n,
      customer: `customer-${(n * 7919) % 50_000}`,
      amount: (n * 37) % 10_000,
      currency: "EUR",
      status: ["new", "open", "late", "done"][n % 4],
      address: { street: `Street ${n % 1_000}`, city: "Utrecht", zip: String(10_000 + (n % 90_000)) },
      note: "The quick brown fox jumps over the lazy dog and goes on its way.",
    },
    metadata: { $correlationId: `case-${stream % keys}`, $causationId: idOf(n + 1), commandId: idOf(n + 2) },
  };
}

/** A UUID-shaped id that costs no hash. */
const idOf = (n: number) =>
  `${(n >>> 0).toString(16).padStart(8, "0")}-0000-4000-8000-${(n % 2 ** 40).toString(16).padStart(12, "0")}`;

/** Appends `count` events, many streams at a time. */
export async function writeHistory(store: EventStore, count: number, keys: number, inFlight = 400): Promise<void> {
  for (let n = 0; n < count;) {
    const appends: Promise<unknown>[] = [];
    for (; n < count && appends.length < inFlight; n += eventsPerStream) {
      const events = Array.from({ length: Math.min(eventsPerStream, count - n) }, (_, i) => eventAt(n + i, keys));
      appends.push(store.append(`bench-${n / eventsPerStream}`, events, { expectedRevision: "no_stream" }));
    }
    await Promise.all(appends);
  }
}
