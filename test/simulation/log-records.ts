/** A log as the oracle reads it. */

import type { EventStore, RecordedEvent } from "../../src/index.js";
import type { LogRecord } from "../oracle/records.js";

export const logRecord = (event: RecordedEvent): LogRecord => ({
  id: event.id,
  type: event.type,
  correlationId: event.correlationId,
  position: Number(event.position),
  recordedAtMs: event.firstRecordedAtMs,
  occurredAtMs: event.occurredAtMs,
  imported: event.imported,
});

export async function eventsOf(log: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of log.readLog()) events.push(...page);
  return events;
}

export const logRecords = async (log: EventStore): Promise<LogRecord[]> => (await eventsOf(log)).map(logRecord);
