/** What the observer is measured with: a history of cases of which so many stay open, and the observer that judges it. */

import {
  application,
  DomainEvent,
  Observer,
  whenever,
  type EventClass,
  type EventData,
  type EventStore,
} from "../../src/index.js";
import { eventAt } from "./history.js";

class Opened extends DomainEvent("bench.Opened") {}
class Paid extends DomainEvent("bench.Paid") {}
class Cancelled extends DomainEvent("bench.Cancelled") {}

/** More payments than any case here gets: it stays open until it is cancelled. */
const payments = 1_000;

@Observer({ name: "bench-cases", version: 1 })
class Cases {
  readonly payment = whenever(Opened).expect(Paid).within({ days: 30 }).atLeast(payments).unless(Cancelled);
}

export const cases = application({ domains: [], observers: [Cases] });
export const casesObserver = "bench-cases";

/** The key of a case: neighbours in time are none in the order of keys, as with random ids. */
export function caseKey(n: number): string {
  const scattered = (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${scattered}-5b1d-4c3e-8f00-${n.toString(16).padStart(12, "0")}`;
}

export interface CaseEvent {
  readonly case: number;
  readonly type: EventClass;
  readonly revision: number;
}

export const opened = (index: number): CaseEvent => ({ case: index, type: Opened, revision: 0 });

/** `count` events of `open` cases: each is opened, then each gets a payment, and another one, as far as that reaches. */
export function* paidCases(count: number, open: number): Generator<CaseEvent> {
  for (let n = 0; n < count; n++)
    if (n < open) yield opened(n);
    else yield { case: n % open, type: Paid, revision: Math.floor(n / open) };
}

/** `count` events: `open` cases are opened, and from then on the oldest is cancelled before another is opened. */
export function* passingCases(count: number, open: number): Generator<CaseEvent> {
  for (let n = 0; n < Math.min(count, open); n++) yield opened(n);
  for (let n = 0; n < count - open; n++)
    yield n % 2 ? opened(open + (n >> 1)) : { case: n >> 1, type: Cancelled, revision: 1 };
}

export async function writeCases(store: EventStore, events: Iterable<CaseEvent>, inFlight = 2_000): Promise<void> {
  let n = 0;
  let appends: Promise<unknown>[] = [];
  for (const { case: index, type, revision } of events) {
    const key = caseKey(index);
    const metadata = { $correlationId: key, $causationId: key };
    const event: EventData = { ...eventAt(n++), type: type.type, metadata };
    const expectedRevision = revision === 0 ? "no_stream" : BigInt(revision - 1);
    appends.push(store.append(`bench-${index}`, [event], { expectedRevision }));
    if (appends.length < inFlight) continue;
    await Promise.all(appends);
    appends = [];
  }
  await Promise.all(appends);
}
