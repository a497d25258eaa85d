/** A flag as notifications tell it: what its event says, and where that event stands. */

import { UndecodableEvent } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import { flagCategoryOf, flagTypePrefix } from "../observer/index.js";
import type { EventStore } from "../store/event-store.js";

/** Fields that a later version adds are there as well. */
export interface RaisedFlag {
  /** Id of the flag event, the same in a rebuild and at every delivery. */
  readonly id: string;
  /** `observer.Missing` */
  readonly type: string;
  /** `Missing` */
  readonly kind: string;
  readonly observer: string;
  readonly version?: number;
  /** Hash of the observer's definition. */
  readonly definition?: string;
  /** For which process and which expectation; absent for what concerns the observer itself. */
  readonly case?: string;
  readonly slot?: string;
  /** Which run of the slot. */
  readonly round?: number;
  readonly pair?: string;
  /** Place among the flags of the case, from 0. */
  readonly sequence?: number;
  /** ISO 8601, like every time here. */
  readonly deadline?: string;
  readonly decidedAt?: string;
  readonly triggerId?: string;
  /** The event that raised it; absent where time did. */
  readonly eventId?: string;
  readonly occurredInTime?: boolean;
  /** `Escalated`: which step, from 1. */
  readonly step?: number;
  readonly owner?: string;
  readonly severity?: string;
  readonly runbook?: string;
  /** Derived from what had been recorded before the observer was defined. */
  readonly backfill?: boolean;
  readonly provisional?: boolean;
  readonly count?: number;
  readonly reason?: string;
  readonly correlationId?: string;
  /** When the flag was recorded. */
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
