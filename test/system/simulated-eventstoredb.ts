/** A development server whose clock is a simulated run's, and an application on it over a real connection. */

import type { EventFilter, Rollcall } from "../../src/index.js";
import { openEventStoreDb } from "../../src/store/eventstoredb/index.js";
import type { RecordFilter, RecordLog } from "../../tools/eventstore/record-log.js";
import { startEventStoreServer, type EventStoreServer } from "../../tools/eventstore/server.js";
import { openTemporaryRecordLog } from "../../tools/eventstore/temporary-record-log.js";
import { QuietStore } from "./quiet-store.js";
import type { Random } from "./random.js";
import type { SimulatedRun } from "./simulated-run.js";

export class SimulatedEventStoreDb {
  /** How often the server was killed. */
  kills = 0;

  private constructor(
    readonly rollcall: Rollcall,
    private readonly store: QuietStore,
    private readonly log: RecordLog,
    private server: EventStoreServer,
    private readonly random: Random,
  ) {}

  static async open(run: SimulatedRun, random: Random): Promise<SimulatedEventStoreDb> {
    const log = await openTemporaryRecordLog({ clock: run.time });
    const server = await startEventStoreServer({ log });
    const { connectionString } = server;
    const store = new QuietStore(await openEventStoreDb({ connectionString }), (filter) => lastOf(log, filter));
    run.time.settled = () => store.settled();
    const roles = ["ordering", "billing", "projection", "observer"];
    const rollcall = await run.open({ readModels: "memory:", roles }, store);
    return new SimulatedEventStoreDb(rollcall, store, log, server, random);
  }

  /** Now and then every connection breaks, and the server is gone for a moment. */
  async meanwhile(): Promise<void> {
    if (this.random.whole(1, 12) > 1) return;
    const { port } = this.server;
    await this.server.kill();
    this.server = await startEventStoreServer({ log: this.log, port });
    this.kills++;
  }

  async close(): Promise<void> {
    await this.rollcall.stop();
    await this.store.close();
    await this.server.kill();
    await this.log.close();
  }
}

function lastOf(log: RecordLog, filter: EventFilter | undefined): bigint {
  for (let from = log.head() + 1; from > 1;) {
    const { records, through } = log.readAll("backwards", from, 1, filter && predicateOf(filter));
    if (records.length > 0) return BigInt(records[0]!.position);
    from = through;
  }
  return 0n;
}

const predicateOf = (filter: EventFilter): RecordFilter =>
  "eventTypes" in filter
    ? ({ type }) => filter.eventTypes.includes(type)
    : ({ streamName }) => filter.streamPrefixes.some((prefix) => streamName.startsWith(prefix));
