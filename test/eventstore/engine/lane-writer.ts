/** A process that writes to a log until it is killed and prints each acknowledgement: `node lane-writer.js FILE`. */

import { openRecordLog } from "../../../tools/eventstore/sqlite-record-log.js";
import { laneCount, laneStep } from "./lanes.js";

const [file] = process.argv.slice(2) as [string];
const log = await openRecordLog({ file });

async function writeLane(lane: number): Promise<void> {
  for (let index = 0; ; index++) {
    await laneStep(log, lane, index);
    // A write to a pipe is done when it returns: what is printed survives a kill.
    process.stdout.write(`${lane} ${index}\n`);
  }
}

await Promise.all(Array.from({ length: laneCount }, (_, lane) => writeLane(lane)));
