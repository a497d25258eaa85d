/** A log in a temporary folder that can be asked how much of it was read, and by how many it is followed. */

import { openTemporaryRecordLog } from "../../../tools/eventstore/temporary-record-log.js";
import type { ProposedRecord, RecordLog } from "../../../tools/eventstore/record-log.js";

export interface ObservedLog extends RecordLog {
  /** Records that were handed out. */
  readonly handedOut: number;
  /** Listeners to commits. */
  readonly followers: number;
}

export async function openObservedLog(): Promise<ObservedLog> {
  const log = await openTemporaryRecordLog();
  const { readAll, readStream, onCommit } = log;
  let [handedOut, followers] = [0, 0];
  log.readAll = (...read) => {
    const page = readAll.apply(log, read);
    handedOut += page.records.length;
    return page;
  };
  log.readStream = (...read) => {
    const page = readStream.apply(log, read);
    handedOut += page.kind === "records" ? page.records.length : 0;
    return page;
  };
  log.onCommit = (listener) => {
    const stop = onCommit.call(log, listener);
    followers++;
    return () => {
      followers--;
      stop();
    };
  };
  return Object.defineProperties(log, {
    handedOut: { get: () => handedOut },
    followers: { get: () => followers },
  }) as ObservedLog;
}

export const record = (type: string, data: Uint8Array = Buffer.from("{}")): ProposedRecord => ({
  id: crypto.randomUUID(),
  type,
  contentType: "application/json",
  data,
  metadata: new Uint8Array(),
});

/** So many records of a type, appended together. */
export const records = (count: number, type = "t", data?: Uint8Array): ProposedRecord[] =>
  Array.from({ length: count }, () => record(type, data));
