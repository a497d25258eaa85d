/** Streams whose beginning is gone: truncated, or deleted. */

import { StreamDeleted } from "../errors.js";
import type { EventStore } from "../store/event-store.js";

export interface TruncatedStream {
  readonly streamName: string;
  /** `undefined`: nothing is left. */
  readonly firstRevision: bigint | undefined;
}

/** The first of the streams that does not begin at revision 0. A stream that was never written to has no beginning to lose. */
export async function truncatedAmong(
  store: EventStore,
  streamNames: Iterable<string>,
): Promise<TruncatedStream | undefined> {
  for (const streamName of streamNames) {
    try {
      for await (const [first] of store.readStream(streamName, { limit: 1 }))
        if (first!.revision > 0n) return { streamName, firstRevision: first!.revision };
    } catch (error) {
      if (!(error instanceof StreamDeleted)) throw error;
      return { streamName, firstRevision: undefined };
    }
  }
  return undefined;
}
