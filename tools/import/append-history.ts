/** The second pass: appends what is missing, in the order of time and in that order only. */

import type { Clock } from "../../src/clock.js";
import { RollcallError } from "../../src/errors.js";
import type { EventData, EventStore } from "../../src/store/index.js";
import { appendInOrder, type OrderedAppend } from "../append-in-order.js";
import { eventDataOf, type Addressing } from "./addressing.js";
import type { Spill, SpilledEvent } from "./spill.js";

export interface AppendHistoryOptions {
  readonly store: EventStore;
  readonly source: string;
  readonly addressing: Addressing;
  /** Most appends under way at a time. More than one only for a store that processes them in the order of the calls. */
  readonly inFlight: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Events appended so far. */
  readonly onEvents: (done: number) => void;
}

/** The store recorded events in another order than they were appended in. */
export class ImportOutOfOrder extends RollcallError {
  readonly code = "IMPORT_OUT_OF_ORDER";
  constructor(readonly streamName: string) {
    super(
      `${streamName}: the store recorded an event of an earlier time after one of a later time. Import into a fresh store with one append in flight at a time.`,
    );
  }
}

const pageSize = 1000;
/** Of JSON text in one append: far below the megabyte that EventStoreDB takes. */
const longestAppend = 250_000;

/** Returns how many events it appended. @throws ImportOutOfOrder, the signal's reason, and what the store throws. */
export async function appendHistory(spill: Spill, options: AppendHistoryOptions): Promise<number> {
  let done = 0;
  let lastPosition = -1n;
  for (const page of spill.missing(pageSize)) {
    const appends = appendsOf(page, options);
    for (let first = 0; first < appends.length; first += options.inFlight) {
      options.signal?.throwIfAborted();
      const batch = appends.slice(first, first + options.inFlight);
      const results = await appendInOrder(batch, options);
      for (const [i, { position }] of results.entries()) {
        if (position <= lastPosition) throw new ImportOutOfOrder(batch[i]!.stream);
        lastPosition = position;
        done += batch[i]!.events.length;
      }
      options.onEvents(done);
    }
  }
  return done;
}

/** Neighbours of one stream go together: that keeps the order and saves appends. */
function appendsOf(page: readonly SpilledEvent[], { source, addressing }: AppendHistoryOptions): OrderedAppend[] {
  const appends: OrderedAppend[] = [];
  let events: EventData[] = [];
  let length = 0;
  for (const [i, event] of page.entries()) {
    if (i === 0 || event.trace !== page[i - 1]!.trace || length + event.data.length > longestAppend) {
      events = [];
      length = 0;
      const expectedRevision = event.revision === 0 ? "no_stream" : BigInt(event.revision - 1);
      appends.push({ stream: addressing.streamOf(event.traceName), events, expectedRevision });
    }
    events.push(eventDataOf(event, source, addressing));
    length += event.data.length;
  }
  return appends;
}
