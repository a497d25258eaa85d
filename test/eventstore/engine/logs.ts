/** Logs for the tests of one file, events to append, and what reading gives in short. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomId } from "../../../src/message/index.js";
import type { ExpectedRevision } from "../../../src/store/index.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";
import type { Direction, LogRecord, ProposedRecord, RecordLog } from "../../../tools/eventstore/record-log.js";
import { openRecordLog, type RecordLogOptions } from "../../../tools/eventstore/sqlite-record-log.js";

/** Call it in a `describe`: each of its tests gets a file of its own, and logs that are closed afterwards. */
export function temporaryLogs() {
  let folder = "";
  let logs: RecordLog[] = [];
  const clock = new ManualClock();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-engine-"));
  });
  afterEach(async () => {
    await Promise.all(logs.map((log) => log.close()));
    logs = [];
    rmSync(folder, { recursive: true });
  });
  return {
    clock,
    file: () => join(folder, "log.sqlite"),
    open: async (options: Partial<RecordLogOptions> = {}) => {
      const log = await openRecordLog({ file: join(folder, "log.sqlite"), clock, ...options });
      logs.push(log);
      return log;
    },
  };
}

export const event = (changes: Partial<ProposedRecord> = {}): ProposedRecord => ({
  id: randomId(),
  type: "test.Happened",
  contentType: "application/json",
  data: bytes("{}"),
  metadata: new Uint8Array(),
  ...changes,
});

/** Events with these ids. */
export const events = (...ids: string[]): ProposedRecord[] => ids.map((id) => event({ id }));

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const text = (content: Uint8Array): string => Buffer.from(content).toString();

/** Writes stream metadata as a client does. */
export const setMetadata = (log: RecordLog, streamName: string, json: string, expected: ExpectedRevision = "any") =>
  log.append(`$$${streamName}`, [event({ type: "$metadata", data: bytes(json) })], expected);

/** All records of a stream that can be read, or why none can. */
export function streamRecords(
  log: RecordLog,
  streamName: string,
  direction: Direction = "forwards",
): LogRecord[] | "notFound" | "deleted" {
  const records: LogRecord[] = [];
  for (let from: bigint | "start" | "end" = direction === "forwards" ? "start" : "end"; ;) {
    const page = log.readStream(streamName, direction, from, Number.MAX_SAFE_INTEGER);
    if (page.kind !== "records") return page.kind;
    records.push(...page.records);
    if (page.complete) return records;
    from = page.records.at(-1)!.revision + (direction === "forwards" ? 1n : -1n);
  }
}

/** Their revisions, or why there are none. */
export function revisions(log: RecordLog, streamName: string, direction: Direction = "forwards") {
  const records = streamRecords(log, streamName, direction);
  return typeof records === "string" ? records : records.map(({ revision }) => Number(revision));
}

/** The whole log, or what comes behind (before) a position. */
export function allRecords(
  log: RecordLog,
  direction: Direction = "forwards",
  start = direction === "forwards" ? 0 : Number.MAX_SAFE_INTEGER,
): LogRecord[] {
  const records: LogRecord[] = [];
  for (let from = start; ;) {
    const page = log.readAll(direction, from, Number.MAX_SAFE_INTEGER);
    records.push(...page.records);
    if (page.complete) return records;
    from = page.through;
  }
}

/** `written` up to this revision and position. */
export const written = (revision: number | bigint | undefined, position: number | undefined) => ({
  kind: "written",
  revision: revision === undefined ? undefined : BigInt(revision),
  position,
});

export const wrongRevision = (current?: number) => ({
  kind: "wrongRevision",
  current: current === undefined ? undefined : BigInt(current),
});

export const streamDeleted = { kind: "streamDeleted" };

/** The error that a promise is rejected with. */
export const rejection = (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(
    () => Promise.reject(new Error("It did not fail.")),
    (error: Error) => error,
  );
