/** Reads that end: a stream or the whole log, forwards or backwards, page by page as the client takes them. */

import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { Direction, LogRecord, RecordFilter, RecordLog } from "../record-log.js";
import type { Outlet } from "./outlet.js";
import { streamDeleted } from "./status.js";
import { streamNotFound, type Presentation } from "./wire.js";

/** Records that are read at once. */
export const pageSize = 128;

export interface FiniteRead {
  readonly log: RecordLog;
  readonly outlet: Outlet<ReadResp>;
  readonly direction: Direction;
  /** May be larger than any log. */
  readonly count: number;
  readonly present: Presentation;
}

/** @throws RpcError when the stream is deleted for good */
export async function readStream(read: FiniteRead, streamName: string, from: bigint | "start" | "end"): Promise<void> {
  const { log, outlet, direction, present } = read;
  const next = ({ revision }: LogRecord) => (direction === "forwards" ? revision + 1n : revision - 1n);
  let [left, at] = [read.count, from];
  do {
    const page = log.readStream(streamName, direction, at, Math.min(Math.max(left, 1), pageSize));
    if (page.kind === "deleted") throw streamDeleted(streamName);
    if (page.kind === "notFound") return outlet.write(streamNotFound(streamName));
    for (const record of page.records.slice(0, left)) outlet.write(present(record));
    const last = page.records.at(-1);
    if (!last || page.complete || next(last) < 0n) return;
    left -= page.records.length;
    at = next(last);
  } while (left > 0 && (await outlet.taken()));
}

/** `from` is exclusive. */
export async function readAll(read: FiniteRead, from: number, filter: RecordFilter | undefined): Promise<void> {
  const { log, outlet, direction, present } = read;
  let [left, at] = [read.count, from];
  while (left > 0 && (await outlet.taken())) {
    const page = log.readAll(direction, at, Math.min(left, pageSize), filter);
    for (const record of page.records) outlet.write(present(record));
    if (page.complete) return;
    left -= page.records.length;
    at = page.through;
    // A filter that nothing passes must not keep everybody else waiting.
    if (page.records.length === 0) await new Promise(setImmediate);
  }
}
