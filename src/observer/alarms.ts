/** Alarms: events that record that the flags of an observer, and what history gives, are not the same. */

import { derivedId } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import { appendOnce } from "./append-once.js";
import type { Flag } from "./case.js";
import type { ObserverDefinition } from "./definition.js";

/** Another flag is recorded, or none, where one was derived. */
export const divergenceType = "observer.Divergence";
/** The same, and the beginning of a stream of the case is gone. */
export const truncatedType = "observer.HistoryTruncated";

export interface AlarmData {
  readonly observer: string;
  readonly version: number;
  /** Hash of the observer's definition. */
  readonly definition: string;
  /** Absent, like `slot`, for flags on the observer itself. */
  readonly case?: string;
  readonly slot?: string;
  /** Of the flag. */
  readonly kind: string;
  readonly flagId: string;
  /** Of the flags; for `HistoryTruncated`, the one whose beginning is gone. */
  readonly streamName: string;
  readonly detail: string;
}

export interface Alarm {
  readonly type: typeof divergenceType | typeof truncatedType;
  readonly flag: {
    readonly case?: string | undefined;
    readonly run?: Pick<NonNullable<Flag["run"]>, "slot">;
    readonly kind: string;
  };
  readonly flagId: string;
  readonly streamName: string;
  /** What whoever is at work throws. */
  readonly error: Error;
}

export const alarmStream = (
  { streamPrefix }: Pick<EventStore, "streamPrefix">,
  { name, hash }: Pick<ObserverDefinition, "name" | "hash">,
): string => `${streamPrefix}alarms-${name}-${hash.slice(0, 12)}`;

/** Records the alarm, once however often it is raised. The error that it tells of stays the one to throw, come what may. */
export async function raiseAlarm(
  store: EventStore,
  definition: Pick<ObserverDefinition, "name" | "version" | "hash">,
  { type, flag, flagId, streamName, error }: Alarm,
): Promise<void> {
  const { name: observer, version, hash } = definition;
  const { case: key, run, kind } = flag;
  const data: AlarmData = {
    observer,
    version,
    definition: hash,
    ...(key !== undefined && { case: key }),
    ...(run && { slot: run.slot }),
    kind,
    flagId,
    streamName,
    detail: error.message,
  };
  const id = derivedId("alarm", type, JSON.stringify(data));
  const metadata = key === undefined ? {} : { $correlationId: key };
  // What keeps the alarm from the log must not hide what it is about, which stops whoever met it, in sight.
  await appendOnce(store, alarmStream(store, definition), { id, type, data, metadata }).catch(() => undefined);
}
