/** Appends an event whose id follows from what it says: with an explicit revision, and once. */

import { WrongExpectedRevision } from "../errors.js";
import type { AppendResult, EventData, EventStore, ExpectedRevision } from "../store/event-store.js";

const mostAttempts = 10;
const lookBack = 1000;

export interface AppendedOnce extends AppendResult {
  /** It was there already. */
  readonly duplicate: boolean;
}

/**
 * Appends at the end of the stream, unless an event with this id is among its last thousand.
 * @throws WrongExpectedRevision when others were faster each time
 */
export async function appendOnce(store: EventStore, streamName: string, event: EventData): Promise<AppendedOnce> {
  // Of a stream whose events are all truncated, only a refused append tells where it ends.
  let end: ExpectedRevision = "no_stream";
  for (let attempt = 1; ; attempt++) {
    let last: bigint | undefined;
    for await (const page of store.readStream(streamName, { direction: "backwards", limit: lookBack }))
      for (const { id, revision, position } of page) {
        if (id === event.id) return { revision, position, duplicate: true };
        last ??= revision;
      }
    end = last ?? end;
    try {
      return { ...(await store.append(streamName, [event], { expectedRevision: end })), duplicate: false };
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision) || attempt === mostAttempts) throw error;
      end = error.actual;
    }
  }
}
