/** What a filter means to the server, which goes by beginnings of names. */

import { possible } from "../event-filter.js";
import type { EventFilter } from "../event-store.js";

/** Stands for a filter that nothing can pass. */
export const nothing = "nothing";

/** The filter for the server: `undefined` where everything passes. */
export function narrowed(filter: EventFilter | undefined): EventFilter | undefined | typeof nothing {
  if (!filter) return undefined;
  const can = possible(filter);
  if ("streamPrefixes" in can) {
    if (can.streamPrefixes.includes("")) return undefined;
    return can.streamPrefixes.length > 0 ? can : nothing;
  }
  // To the server they are beginnings: an empty one would let everything through to be thrown away here.
  const eventTypes = can.eventTypes.filter((type) => type !== "");
  return eventTypes.length > 0 ? { eventTypes } : nothing;
}
