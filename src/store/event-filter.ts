/** What an event filter means, for stores that apply it themselves. */

import type { EventFilter } from "./event-store.js";

// No stored name holds half a surrogate pair, so a filter that does names nothing.
const canOccur = (name: string) => !/\p{Surrogate}/u.test(name);

/** The filter without names that no event can have. */
export function possible(filter: EventFilter): EventFilter {
  return "eventTypes" in filter
    ? { eventTypes: filter.eventTypes.filter(canOccur) }
    : { streamPrefixes: filter.streamPrefixes.filter(canOccur) };
}

/** Whether an event of this type in this stream passes. A filter that names nothing lets nothing pass. */
export function passes(filter: EventFilter | undefined, type: string, streamName: string): boolean {
  if (!filter) return true;
  if ("eventTypes" in filter) return filter.eventTypes.includes(type);
  return filter.streamPrefixes.some((prefix) => streamName.startsWith(prefix));
}
