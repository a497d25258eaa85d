/** A log that is gone once it is closed: for tests, and for a server that need not remember. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordLog } from "./record-log.js";
import { openRecordLog, type RecordLogOptions } from "./sqlite-record-log.js";

/** Opens an empty log in a folder of its own, which closing the log removes. */
export async function openTemporaryRecordLog(options: Omit<RecordLogOptions, "file"> = {}): Promise<RecordLog> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-eventstore-"));
  const log = await openRecordLog({ ...options, file: join(folder, "log.sqlite") });
  const close = log.close.bind(log);
  let closing: Promise<void> | undefined;
  log.close = () => (closing ??= close().then(() => rm(folder, { recursive: true, force: true })));
  return log;
}
