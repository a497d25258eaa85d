/** A process to be killed: it appends for ever to the log in the file that it is given, with every system projection running. */

import { openRecordLog } from "../../../tools/eventstore/sqlite-record-log.js";
import { startSystemProjections } from "../../../tools/eventstore/system-projections.js";
import { append, proposed } from "./records.js";

const log = await openRecordLog({ file: process.argv[2]! });
startSystemProjections(log, { enabled: true, recordsPerCheckpoint: 50 });
for (let i = 0; ; i++) {
  const correlated = (type: string) => proposed(type, { $correlationId: `process-${i % 7}` });
  await append(log, `order-${i % 5}`, correlated("Placed"), correlated("Paid"), proposed("Noted"));
  process.stdout.write(".");
}
