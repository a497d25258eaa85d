/** A subscription to one stream. */

import { tombstoneRevision, type LogRecord } from "../record-log.js";
import { pageSize } from "./finite-read.js";
import { streamDeleted } from "./status.js";
import { subscribe, type Subscribing } from "./subscription.js";

/**
 * Runs until the client goes; `from` is exclusive. A stream that does not exist yet is waited for.
 * @throws RpcError when the stream is, or becomes, deleted for good
 */
export async function subscribeToStream(
  subscribing: Subscribing,
  streamName: string,
  from: bigint | "start" | "end",
): Promise<void> {
  const { log, outlet, present } = subscribing;
  const write = (record: LogRecord) => {
    outlet.write(present(record));
    next = record.revision + 1n;
  };
  const recorded = (direction: "forwards" | "backwards", at: bigint | "end", limit: number) => {
    const page = log.readStream(streamName, direction, at, limit);
    if (page.kind === "deleted") throw streamDeleted(streamName);
    return page.kind === "records" ? page : { records: [], complete: true };
  };

  let next = from === "start" ? 0n : 1n + (from === "end" ? lastRevision() : from);
  function lastRevision(): bigint {
    return recorded("backwards", "end", 1).records[0]?.revision ?? -1n;
  }

  await subscribe(subscribing, {
    streamName,
    readPage() {
      const { records, complete } = recorded("forwards", next, pageSize);
      for (const record of records) write(record);
      return complete;
    },
    receive(record) {
      // A subscription may begin beyond the end.
      if (record.revision >= next) write(record);
      if (record.revision === tombstoneRevision) throw streamDeleted(streamName);
    },
    whenCaughtUp() {},
    whenBehind() {},
  });
}
