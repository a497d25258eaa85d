/** A subscription to the whole log: with a filter it says, every so many records, how far it has looked. */

import type { LogRecord } from "../record-log.js";
import { hiddenByDefault, type EventFilter } from "./filter.js";
import { pageSize } from "./finite-read.js";
import { subscribe, type Subscribing } from "./subscription.js";
import { checkpoint } from "./wire.js";

/** Runs until the client goes; `from` is exclusive. */
export function subscribeToAll(subscribing: Subscribing, from: number, filter: EventFilter | undefined): Promise<void> {
  const { log, outlet, present } = subscribing;
  const passes = filter?.passes ?? hiddenByDefault;
  const interval = filter?.checkpointInterval ?? Infinity;
  let position = from;
  let checkpointed = from;
  /** Records since the last checkpoint, whether or not they passed. */
  let considered = 0;

  const sendCheckpoint = () => {
    considered = 0;
    if (!filter || position <= checkpointed) return;
    outlet.write(checkpoint(position));
    checkpointed = position;
  };
  const send = (record: LogRecord, passed: boolean, checkpointDue: boolean) => {
    position = record.position;
    if (passed) outlet.write(present(record));
    if (checkpointDue) sendCheckpoint();
  };

  return subscribe(subscribing, {
    streamName: undefined,
    readPage() {
      // A record at which a checkpoint is due is asked for whether or not it passes: only so is its position known.
      const asked: { passed: boolean; checkpointDue: boolean }[] = [];
      let count = considered;
      const page = log.readAll("forwards", position, pageSize, (record) => {
        const each = { passed: passes(record), checkpointDue: ++count % interval === 0 };
        if (each.passed || each.checkpointDue) asked.push(each);
        return each.passed || each.checkpointDue;
      });
      const before = considered;
      for (const [i, record] of page.records.entries()) send(record, asked[i]!.passed, asked[i]!.checkpointDue);
      considered = (before + page.considered) % interval;
      position = page.through;
      return page.complete;
    },
    receive(record) {
      // A subscription may begin beyond the end.
      if (record.position <= position) return;
      considered++;
      send(record, passes(record), considered >= interval);
    },
    whenCaughtUp: sendCheckpoint,
    whenBehind: sendCheckpoint,
  });
}
