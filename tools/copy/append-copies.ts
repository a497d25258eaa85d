/** Appends what is missing in the target, in the order of the source and in that order only. */

import type { Clock } from "../../src/clock.js";
import { WrongExpectedRevision } from "../../src/errors.js";
import type { RecordedEvent } from "../../src/message/index.js";
import type { AppendResult, EventData, EventStore } from "../../src/store/index.js";
import { appendInOrder } from "../append-in-order.js";
import { CopyOutOfOrder, TargetInUse } from "./errors.js";
import type { LogCursor } from "./log-cursor.js";
import { copyOf, sizeOf } from "./original.js";
import type { Selection } from "./selection.js";

export interface AppendCopiesOptions {
  readonly store: EventStore;
  /** Most appends under way at a time. More than one only for a store that processes them in the order of the calls. */
  readonly inFlight: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Events appended so far. */
  readonly onEvents: (done: number) => void;
}

export interface Copied {
  readonly events: number;
  /** Events whose business time is that of the copy. */
  readonly withoutTime: number;
}

interface Append {
  readonly stream: string;
  readonly events: EventData[];
  readonly after: bigint;
  size: number;
}

/** Of content in the appends under way: far below the megabyte that EventStoreDB takes. */
const longestAppend = 250_000;
/** What is under way together has to fit into one transaction of the store, which happens or does not. */
const mostEvents = 1_000;

/** @throws TargetInUse, CopyOutOfOrder, the signal's reason, and what the stores throw */
export async function appendCopies(
  source: LogCursor,
  selection: Selection,
  options: AppendCopiesOptions,
): Promise<Copied> {
  let events = 0;
  let withoutTime = 0;
  let lastPosition = -1n;
  for (let page = await source.nextPage(); page; page = await source.nextPage()) {
    const copies = page.map(copyOf);
    const appends = appendsOf(
      page.map((event, i) => ({ event, copy: copies[i]!.event })),
      selection,
    );
    for (const group of groupsOf(appends, options.inFlight)) {
      options.signal?.throwIfAborted();
      const results = await appendGroup(group, options);
      for (const [i, { position }] of results.entries()) {
        if (position <= lastPosition) throw new CopyOutOfOrder(group[i]!.stream);
        lastPosition = position;
        events += group[i]!.events.length;
      }
      options.onEvents(events);
    }
    withoutTime += copies.filter(({ timeKept }) => !timeKept).length;
  }
  return { events, withoutTime };
}

/** Neighbours of one stream go together: that keeps the order and saves appends. */
function appendsOf(
  page: readonly { readonly event: RecordedEvent; readonly copy: EventData }[],
  selection: Selection,
): Append[] {
  const appends: Append[] = [];
  for (const { event, copy } of page) {
    const { streamName: stream, id } = event;
    const after = selection.revisionOf(event) - 1n;
    const size = sizeOf(copy);
    const last = appends.at(-1);
    const goesWith =
      last?.stream === stream &&
      last.size + size <= longestAppend &&
      last.events.length < mostEvents &&
      // One append cannot hold an id twice; a stream may.
      !last.events.some((other) => other.id === id);
    if (goesWith) {
      last.events.push(copy);
      last.size += size;
    } else appends.push({ stream, events: [copy], after, size });
  }
  return appends;
}

/** What is under way together. One that may be too large goes alone: were it refused, those behind it must not go ahead. */
function groupsOf(appends: readonly Append[], inFlight: number): Append[][] {
  const groups: Append[][] = [];
  let room = { appends: 0, events: 0, size: 0 };
  for (const append of appends) {
    const { length } = append.events;
    if (room.appends === 0 || length > room.events || append.size > room.size) {
      groups.push([]);
      room = { appends: inFlight, events: mostEvents, size: longestAppend };
    }
    groups.at(-1)!.push(append);
    room = { appends: room.appends - 1, events: room.events - length, size: room.size - append.size };
  }
  return groups;
}

/** @throws TargetInUse, and what `appendInOrder` throws */
async function appendGroup(group: readonly Append[], options: AppendCopiesOptions): Promise<AppendResult[]> {
  try {
    return await appendInOrder(
      group.map(({ stream, events, after }) => ({
        stream,
        events,
        expectedRevision: after < 0n ? "no_stream" : after,
      })),
      options,
    );
  } catch (error) {
    if (error instanceof WrongExpectedRevision) throw new TargetInUse(error.streamName, { cause: error });
    throw error;
  }
}
