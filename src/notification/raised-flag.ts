/** A flag as notifications tell it: what its event says, and where that event stands. */

import { UndecodableEvent } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import { flagCategoryOf, flagTypePrefix, type FlagData } from "../observer/index.js";
import type { EventStore } from "../store/event-store.js";

/** What the flag says, as far as the version that raised it did; fields that a later version adds are there as well. */
export interface RaisedFlag extends Pick<FlagData, "observer">, Partial<Omit<FlagData, "observer" | "severity">> {
  /** Id of the flag event, the same in a rebuild and at every delivery. */
  readonly id: string;
  /** `observer.Missing` */
  readonly type: string;
  /** `Missing` */
  readonly kind: string;
  /** A later version may know more of them than this one. */
  readonly severity?: string;
  /** Where the observer joins events by it. */
  readonly correlationId?: string;
  /** When the flag was recorded. ISO 8601, like every time here. */
  readonly recordedAt: string;
  readonly [field: string]: unknown;
}

/** What the names of all flag streams begin with. */
export const flagStreamsOf = (store: Pick<EventStore, "streamPrefix">): string => `${flagCategoryOf(store)}-`;

/** @throws UndecodableEvent when it does not say which observer raised it */
export function raisedFlag(recorded: RecordedEvent): RaisedFlag {
  const { id, type, data, correlationId, recordedAt } = recorded;
  const { observer } = Object(data) as Partial<RaisedFlag>;
  if (typeof observer !== "string")
    throw new UndecodableEvent(
      recorded.streamName,
      recorded.revision,
      type,
      "is no flag: its data names no observer. Flag streams hold flags alone; find out who wrote it.",
    );
  const own = { id, type, kind: type.slice(flagTypePrefix.length) };
  // Twice: first in the order, and last in force, whatever the data says.
  return {
    ...own,
    ...(data as RaisedFlag),
    ...own,
    ...(correlationId !== undefined && { correlationId }),
    recordedAt: recordedAt.toISOString(),
  };
}
