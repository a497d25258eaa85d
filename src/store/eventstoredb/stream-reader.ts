/** Reads of one stream: page by page, and on from where it was when something comes in between. */

import type { RecordedEvent } from "../../message/index.js";
import type { Page } from "../event-store.js";
import { answersTo, resuming, type Reading } from "./reading.js";
import { streamRead, type StreamRead } from "./read-requests.js";
import { eventOf, revisionOf } from "./recorded.js";

/** The server keeps 2^63 - 1 for streams that are deleted for good. */
const highestRevision = 2n ** 63n - 2n;

/** @throws StreamDeleted, StoreUnavailable, StoreClosed, AccessDenied */
export async function* readStream(reading: Reading, read: StreamRead): AsyncGenerator<Page, void> {
  const { streamName, direction } = read;
  const what = `read ${streamName}`;
  const forwards = direction === "forwards";
  let from = beginning(read);
  let left = Math.ceil(read.limit ?? Number.POSITIVE_INFINITY);
  const isDone = () => left <= 0 || (from !== undefined && (from < 0n || from > highestRevision));

  async function* attempt(): AsyncGenerator<Page, void> {
    if (isDone()) return;
    for await (const answers of answersTo(reading, streamRead({ ...read, from, limit: left }), what)) {
      const events: RecordedEvent[] = [];
      for (const answer of answers) {
        const readEvent = answer.getEvent();
        if (!readEvent) continue; // that the stream is not there, or what later servers may add
        const event = eventOf(readEvent);
        if (event) events.push(event);
        left--;
        from = revisionOf(readEvent) + (forwards ? 1n : -1n);
      }
      if (events.length > 0) yield events;
    }
  }

  yield* resuming(reading, { what, privilege: what, who: reading.who, streamName }, attempt);
}

/** Where to begin; `undefined` for the beginning (forwards) or the end (backwards) of the stream. */
function beginning({ direction, from }: StreamRead): bigint | undefined {
  if (from === undefined) return undefined;
  if (direction === "forwards") return from < 0n ? undefined : from;
  return from > highestRevision ? undefined : from;
}
