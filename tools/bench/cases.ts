/** What the observer is measured with: a history of cases of which so many stay open, and the observer that judges it. */

import { application, DomainEvent, Observer, whenever, type EventData, type EventStore } from "../../src/index.js";
import { eventAt } from "./history.js";

class Opened extends DomainEvent("bench.Opened") {}
class Paid extends DomainEvent("bench.Paid") {}

@Observer({ name: "bench-cases", version: 1 })
class Cases {
  readonly payment = whenever(Opened).expect(Paid).within({ days: 30 }).unless("bench.Cancelled");
}

export const cases = application({ domains: [], observers: [Cases] });
export const casesObserver = "bench-cases";

/** The key of a case: neighbours in time are none in the order of keys, as with random ids. */
export function caseKey(n: number): string {
  const scattered = (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${scattered}-5b1d-4c3e-8f00-${n.toString(16).padStart(12, "0")}`;
}

interface CaseEvent {
  readonly case: number;
  readonly isTrigger: boolean;
}

/** `count` events: `open` cases are opened, and from then on the oldest is closed whenever another is opened. */
export function* caseEvents(count: number, open: number): Generator<CaseEvent> {
  for (let n = 0; n < Math.min(count, open); n++) yield { case: n, isTrigger: true };
  for (let n = open; n < count; n++) {
    const closed = n - open;
    yield closed % 2 ? { case: open + (closed >> 1), isTrigger: true } : { case: closed >> 1, isTrigger: false };
  }
}

export async function writeCases(store: EventStore, events: Iterable<CaseEvent>, inFlight = 2_000): Promise<void> {
  let n = 0;
  let appends: Promise<unknown>[] = [];
  for (const { case: index, isTrigger } of events) {
    const key = caseKey(index);
    const type = isTrigger ? "bench.Opened" : "bench.Paid";
    const event: EventData = { ...eventAt(n++), type, metadata: { $correlationId: key, $causationId: key } };
    appends.push(store.append(`bench-${index}`, [event], { expectedRevision: isTrigger ? "no_stream" : 0n }));
    if (appends.length < inFlight) continue;
    await Promise.all(appends);
    appends = [];
  }
  await Promise.all(appends);
}
