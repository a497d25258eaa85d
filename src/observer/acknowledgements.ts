/** Where acknowledgements are: a stream for each case. */

import type { EventStore } from "../store/event-store.js";

export const acknowledgementStream = (
  { streamPrefix }: Pick<EventStore, "streamPrefix">,
  observer: string,
  caseKey: string,
): string => `${streamPrefix}acknowledgements-${observer}-${caseKey}`;
