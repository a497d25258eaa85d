/** What the tests of the projections have in common: records as they write them, and links as they look at them. */

import { randomUUID } from "node:crypto";
import type { LogRecord, ProposedRecord, RecordLog } from "../../../tools/eventstore/record-log.js";

/** `metadata` as JSON, unless it is text already. */
export function proposed(type: string, metadata: unknown = "", data: string | object = {}): ProposedRecord {
  const isJson = typeof data !== "string";
  return {
    id: randomUUID(),
    type,
    contentType: isJson ? "application/json" : "application/octet-stream",
    data: Buffer.from(isJson ? JSON.stringify(data) : data),
    metadata: Buffer.from(typeof metadata === "string" ? metadata : JSON.stringify(metadata)),
  };
}

export const append = (log: RecordLog, streamName: string, ...events: readonly ProposedRecord[]) =>
  log.append(streamName, events, "any");

/** Every record that can be read, in order. */
export function recordsOf(log: RecordLog, streamName: string): LogRecord[] {
  const records: LogRecord[] = [];
  for (let complete = false; !complete;) {
    const from = (records.at(-1)?.revision ?? -1n) + 1n;
    const page = log.readStream(streamName, "forwards", from, 1_000);
    if (page.kind !== "records") break;
    records.push(...page.records);
    ({ complete } = page);
  }
  return records;
}

/** The log from the first record on. */
export function everything(log: RecordLog): LogRecord[] {
  const records: LogRecord[] = [];
  for (let [through, complete] = [0, false]; !complete;) {
    const page = log.readAll("forwards", through, 1_000);
    records.push(...page.records);
    ({ through, complete } = page);
  }
  return records;
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** What the links of a stream say: `0@order-1`. */
export const targets = (log: RecordLog, streamName: string): string[] =>
  recordsOf(log, streamName).map(({ data }) => text(data));
