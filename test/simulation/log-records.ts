/** A log as the oracle reads it. */

import type { EventStore, FlagData, RecordedEvent } from "../../src/index.js";
import { flagRecordOf } from "../observer/feed.js";
import type { FlagRecord, LogRecord } from "../oracle/records.js";

export const logRecord = (event: RecordedEvent): LogRecord => ({
  id: event.id,
  type: event.type,
  correlationId: event.correlationId,
  position: Number(event.position),
  recordedAtMs: event.firstRecordedAtMs,
  occurredAtMs: event.occurredAtMs,
  imported: event.imported,
  data: event.data as Record<string, unknown>,
  metadata: event.metadata,
  streamName: event.streamName,
});

export async function eventsOf(log: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of log.readLog()) events.push(...page);
  return events;
}

export const flagEventsIn = (events: readonly RecordedEvent[]): RecordedEvent[] =>
  events.filter(({ streamName }) => streamName.startsWith("rollcall.flags-"));

export const flagsIn = (events: readonly RecordedEvent[]): FlagRecord[] =>
  flagEventsIn(events).map(({ type, data }) => flagRecordOf(type, data as FlagData));
