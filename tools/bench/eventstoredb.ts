/** Appends, reads and a rebuild over the official client and a server in its own process, next to the client alone. */

import { join } from "node:path";
import { EventStoreDBClient, jsonEvent, type JSONType } from "@eventstore/db-client";
import { Client, credentials } from "@grpc/grpc-js";
import { openSqliteEventStore, Rollcall, type EventData, type EventStore } from "../../src/index.js";
import { openEventStoreDb } from "../../src/store/eventstoredb/index.js";
import { accounts } from "./accounts.js";
import { barePath } from "./bare-server.js";
import { eventAt, manyKeys, writeHistory } from "./history.js";
import { interleaved, rate } from "./measure.js";
import type { Figure, PartOptions } from "./part.js";
import { ServerProcess } from "./server-process.js";

const fullSize = 200_000;
const fileIn = (folder: string) => join(folder, "eventstoredb.sqlite");

export async function run(options: PartOptions): Promise<Figure[]> {
  const server = await ServerProcess.start("eventstore.js", [
    "--port",
    "0",
    "--file",
    fileIn(options.folder),
    "--json",
  ]);
  const { connectionString } = server.said as { connectionString: string };
  const client = EventStoreDBClient.connectionString(connectionString);
  const store = await openEventStoreDb({ connectionString });
  try {
    const reads = await reading(options, connectionString, client, store);
    return [...reads, ...(await appending(options, client, store))];
  } finally {
    await store.close();
    await client.dispose();
    await server.stop();
  }
}

/** The log is read from its beginning to what is its end before anything is appended. */
async function reading(
  { folder, runs, scale }: PartOptions,
  connectionString: string,
  client: EventStoreDBClient,
  store: EventStore,
): Promise<Figure[]> {
  const count = Math.round(fullSize * scale);
  const address = new URL(connectionString).host;
  const bare = await ServerProcess.start("bench/bare-server.js", [address, String(count)]);
  const bareClient = new Client(`127.0.0.1:${String(bare.said["port"])}`, credentials.createInsecure());
  const rollcall = await Rollcall.open(accounts, { readModels: join(folder, "rows.sqlite") }, { store });
  const figures = await interleaved(runs, {
    rebuild: () => rate(count, () => rollcall.rebuild("bench-accounts")),
    log: () => rate(count, () => drained(store.readLog())),
    client: () => rate(count, () => drained(client.readAll())),
    bare: () => rate(count, () => drained(bareStream(bareClient))),
  });
  await rollcall.stop();
  bareClient.close();
  await bare.stop();
  const floor = { what: "the client's own read loop", ...figures.client };
  const size = `${count.toLocaleString("en")} events`;
  return [
    { figure: `EventStoreDB: rebuild, ${size}`, unit: "events/s", ...figures.rebuild, floor, goal: { ratio: 0.6 } },
    { figure: `EventStoreDB: reading the log, ${size}`, unit: "events/s", ...figures.log, floor },
    { figure: "a bare gRPC stream of the same bytes", unit: "messages/s", ...figures.bare, floor },
  ];
}

async function appending(
  { runs, scale }: PartOptions,
  client: EventStoreDBClient,
  store: EventStore,
): Promise<Figure[]> {
  const atOnce = 100;
  const [few, many] = [Math.max(100, 1_000 * scale), Math.max(1_000, 10_000 * scale)];
  let next = fullSize * 2;
  const fresh = () => ({ stream: `bench-appended-${next}`, event: eventAt(next++) });
  const byRollcall = () => {
    const { stream, event } = fresh();
    return store.append(stream, [event], { expectedRevision: "no_stream" });
  };
  const byClient = () => {
    const { stream, event } = fresh();
    return client.appendToStream(stream, eventOfClient(event), { expectedRevision: "no_stream" });
  };
  /** Always so many under way until all are done. */
  const inFlight = (count: number, lanes: number, append: () => Promise<unknown>) => () =>
    rate(count, async () => {
      let begun = 0;
      const lane = async () => {
        while (begun++ < count) await append();
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    });
  // Once for both sides before it counts: connections, and code that is still slow.
  for (const append of [byRollcall, byClient]) await inFlight(many, atOnce, append)();
  const figures = await interleaved(runs, {
    one: inFlight(few, 1, byRollcall),
    clientOne: inFlight(few, 1, byClient),
    many: inFlight(many, atOnce, byRollcall),
    clientMany: inFlight(many, atOnce, byClient),
  });
  const unit = "events/s";
  return [
    {
      figure: "EventStoreDB: append one event at a time",
      unit,
      ...figures.one,
      floor: { what: "the client alone, one at a time", ...figures.clientOne },
    },
    {
      figure: "EventStoreDB: append one event, 100 in flight",
      unit,
      ...figures.many,
      floor: { what: "the client alone, 100 in flight", ...figures.clientMany },
    },
    {
      figure: "EventStoreDB: 100 in flight to one at a time",
      unit,
      ...figures.many,
      floor: { what: "append one event at a time", ...figures.one },
      goal: { ratio: 5 },
    },
  ];
}

const eventOfClient = ({ id, type, data, metadata }: EventData) =>
  jsonEvent({ id, type, data: data as JSONType, metadata: metadata as Record<string, string> });

const asIs = (bytes: Buffer): Buffer => bytes;
const bareStream = (client: Client) => client.makeServerStreamRequest(barePath, asIs, asIs, Buffer.alloc(0));

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** The history, written as the development server's file. */
export async function prepare({ folder, scale }: PartOptions): Promise<void> {
  const store = await openSqliteEventStore({ file: fileIn(folder) });
  await writeHistory(store, Math.round(fullSize * scale), manyKeys);
  await store.close();
}
