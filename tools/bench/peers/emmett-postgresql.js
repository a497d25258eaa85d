/** emmett on PostgreSQL: a raw SQL projection, made anew by `rebuildPostgreSQLProjections`. `PEER_TUNED=1`: batches of a thousand, each as one. */

import { rawSql } from "@event-driven-io/dumbo";
import {
  getPostgreSQLEventStore,
  postgreSQLRawBatchSQLProjection,
  postgreSQLRawSQLProjection,
  rebuildPostgreSQLProjections,
} from "@event-driven-io/emmett-postgresql";
import pg from "pg";
import { eventsIn, runPeer, timed } from "./peer.js";
import { createIndex, createTable, dropTable, upsertOf } from "./upsert.js";

const isTuned = process.env.PEER_TUNED === "1";
const connectionString = process.env.PEER_POSTGRES;
const types = [
  "ordering.OrderPlaced",
  "ordering.ItemAdded",
  "ordering.OrderClosed",
  "billing.PaymentTaken",
  "shipping.ShipmentSent",
];

async function prepare(events) {
  const store = getPostgreSQLEventStore(connectionString);
  await store.schema.migrate();
  for await (const { streamName, event } of eventsIn(events)) {
    const { type, data, metadata } = event;
    await store.appendToStream(streamName, [{ type, data, metadata }]);
  }
  await store.close();
}

const sqlOf = ({ type, data, metadata }) => rawSql(upsertOf(type, metadata.$correlationId, data));

async function rebuild() {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`${dropTable}; ${createTable};`);
  const name = `summaries-${Date.now()}`;
  const projection = isTuned
    ? postgreSQLRawBatchSQLProjection({ name, canHandle: types, evolve: (events) => events.map(sqlOf) })
    : postgreSQLRawSQLProjection({ name, canHandle: types, evolve: sqlOf });
  const consumer = rebuildPostgreSQLProjections({
    connectionString,
    projections: [projection],
    ...(isTuned && { pulling: { batchSize: 1_000 } }),
  });
  const ms = await timed(async () => {
    await consumer.start();
    await client.query(createIndex);
  });
  await consumer.close();
  // BIGINT comes as text.
  const { rows } = await client.query("SELECT * FROM order_summary");
  await client.end();
  const isNumber = (value) => typeof value === "string" && /^\d+$/.test(value);
  const rowOf = (row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, isNumber(v) ? Number(v) : v]));
  return { ms, rows: rows.map(rowOf) };
}

await runPeer({ prepare, rebuild });
