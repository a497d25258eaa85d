/** emmett on SQLite: a raw SQL projection, run by a consumer. `PEER_TUNED=1`: one connection, WAL, batches of a thousand. */

import { join } from "node:path";
import { getSQLiteEventStore, sqliteConnection, sqliteRawSQLProjection } from "@event-driven-io/emmett-sqlite";
import { eventsIn, runPeer, timed } from "./peer.js";
import { createIndex, createTable, dropTable, upsertOf } from "./upsert.js";

const isTuned = process.env.PEER_TUNED === "1";
const types = [
  "ordering.OrderPlaced",
  "ordering.ItemAdded",
  "ordering.OrderClosed",
  "billing.PaymentTaken",
  "shipping.ShipmentSent",
];
const fileIn = (folder) => join(folder, isTuned ? "emmett-tuned.sqlite" : "emmett.sqlite");

async function oneConnection(fileName) {
  const connection = sqliteConnection({ fileName });
  await connection.command("PRAGMA journal_mode = WAL");
  await connection.command("PRAGMA synchronous = NORMAL");
  return { connection, store: getSQLiteEventStore({ fileName, connectionOptions: { singleton: true, connection } }) };
}

async function prepare(events, folder) {
  const { connection, store } = await oneConnection(fileIn(folder));
  await store.schema.migrate();
  // One transaction: filling the store is not what is measured.
  await connection.withTransaction(async () => {
    for await (const { streamName, event } of eventsIn(events)) {
      const { type, data, metadata } = event;
      await store.appendToStream(streamName, [{ type, data, metadata }]);
    }
  });
  if (!isTuned) await connection.command("PRAGMA journal_mode = DELETE");
  connection.close();
}

async function rebuild(folder) {
  const fileName = fileIn(folder);
  const reading = sqliteConnection({ fileName });
  const { last } = await reading.querySingle("SELECT max(global_position) AS last FROM emt_messages");
  await reading.command(dropTable);
  await reading.command(createTable);
  const store = isTuned ? (await oneConnection(fileName)).store : getSQLiteEventStore({ fileName });
  const consumer = store.consumer(isTuned ? { pulling: { batchSize: 1_000 } } : {});
  consumer.processor({
    processorId: `summaries-${Date.now()}`,
    startFrom: "BEGINNING",
    projection: sqliteRawSQLProjection({
      canHandle: types,
      evolve: ({ type, data, metadata }) => upsertOf(type, metadata.$correlationId, data),
    }),
    stopAfter: ({ metadata }) => metadata.globalPosition >= BigInt(last),
  });
  const ms = await timed(async () => {
    await consumer.start();
    await reading.command(createIndex);
  });
  return { ms, rows: await reading.query("SELECT * FROM order_summary") };
}

await runPeer({ prepare, rebuild });
