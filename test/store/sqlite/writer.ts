/** A process that appends to a log and prints each acknowledgement: `node writer.js FILE WRITER APPENDS_PER_LANE SHARED`. */

import { WrongExpectedRevision } from "../../../src/errors.js";
import { randomId } from "../../../src/message/index.js";
import { openSqliteEventStore, type EventStore } from "../../../src/store/index.js";
import { laneCount, writeLane } from "./lanes.js";

const [file, writer, count, shared] = process.argv.slice(2) as [string, string, string, string];

/** Appends to the stream that all writers share, whoever else does. */
async function appendShared(store: EventStore): Promise<void> {
  for (;;) {
    let last: bigint | undefined;
    for await (const page of store.readStream("shared", { direction: "backwards", limit: 1 })) last = page[0]!.revision;
    const event = { id: randomId(), type: "test.Shared", data: { writer } };
    try {
      await store.append("shared", [event], { expectedRevision: last ?? "no_stream" });
      return;
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}

const store = await openSqliteEventStore({ file });
const lanes = Array.from({ length: laneCount }, (_, lane) =>
  // A write to a pipe is done when it returns: what is printed survives a kill.
  writeLane(store, writer, lane, Number(count), (index) => process.stdout.write(`${lane} ${index}\n`)),
);
const hammer = (async () => {
  for (let i = 0; i < Number(shared); i++) await appendShared(store);
})();
await Promise.all([...lanes, hammer]);
await store.close();
