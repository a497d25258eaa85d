/** An observer whose deadlines pass while somebody looks, and the traffic around it. */

import { application, Observer, whenever, type ApplicationDefinition, type EventStore } from "../../src/index.js";
import { eventAt } from "./history.js";

/** @param withinMs how long each case may take */
export function deadlines(withinMs: number): ApplicationDefinition {
  @Observer({ name: "bench-deadlines", version: 1 })
  class Deadlines {
    readonly payment = whenever("bench.Opened").expect("bench.Paid").within({ milliseconds: withinMs });
  }
  return application({ domains: [], observers: [Deadlines] });
}

/** Appends one event of a case. */
export async function record(store: EventStore, key: string, type: "bench.Opened" | "bench.Paid"): Promise<void> {
  const event = { ...eventAt(next++), type, metadata: { $correlationId: key } };
  await store.append(`bench-${key}`, [event], { expectedRevision: type === "bench.Opened" ? "no_stream" : 0n });
}

let next = 0;

/** Calls `work` at a steady rate, so many times, however long each takes. */
export async function steadily(perSecond: number, times: number, work: (n: number) => Promise<void>): Promise<void> {
  const started = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let n = 0; n < times; n++) {
    const waitMs = started + (n * 1_000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const begun = work(n).finally(() => underWay.delete(begun));
    underWay.add(begun);
  }
  await Promise.all(underWay);
}
