/** act on SQLite: a projection with a batch handler, made anew by `reset` and `drain`; rows in a libSQL file of their own. */

import { join } from "node:path";
import { createClient } from "@libsql/client";
import { act, projection, store } from "@rotorsoft/act";
import { SqliteStore } from "@rotorsoft/act-sqlite";
import { z } from "zod";
import { eventsIn, runPeer, timed } from "./peer.js";
import { createIndex, createTable, dropTable, upsertOf } from "./upsert.js";

const target = "order-summaries";
const anything = z.any();

async function open(folder) {
  store(new SqliteStore({ url: `file:${join(folder, "act.sqlite")}` }));
  await store().seed();
}

async function prepare(events, folder) {
  await open(folder);
  for await (const { streamName, event } of eventsIn(events)) {
    const { type: name, data, metadata } = event;
    await store().commit(streamName, [{ name, data }], { correlation: metadata.$correlationId, causation: {} });
  }
}

async function rebuild(folder) {
  await open(folder);
  const rows = createClient({ url: `file:${join(folder, "act-rows.sqlite")}` });
  await rows.execute("PRAGMA journal_mode = WAL");
  await rows.execute("PRAGMA synchronous = NORMAL");
  await rows.executeMultiple(`${dropTable}; ${createTable};`);
  const nothing = async () => {};
  let handled = 0;
  const summaries = projection(target)
    .on({ "ordering.OrderPlaced": anything })
    .do(nothing)
    .on({ "ordering.ItemAdded": anything })
    .do(nothing)
    .on({ "ordering.OrderClosed": anything })
    .do(nothing)
    .on({ "billing.PaymentTaken": anything })
    .do(nothing)
    .on({ "shipping.ShipmentSent": anything })
    .do(nothing)
    .batch(async (events) => {
      handled += events.length;
      await rows.batch(
        events.map(({ name, meta, data }) => upsertOf(name, meta.correlation, data)),
        "write",
      );
    })
    .build();
  const app = act().withProjection(summaries).build();
  await app.correlate();
  const ms = await timed(async () => {
    await app.reset([target]);
    // As its documentation says.
    const settled = new Promise((resolve) => app.on("settled", resolve));
    app.settle({ eventLimit: 1_000, debounceMs: 0 });
    await settled;
    await rows.execute(createIndex);
  });
  return { ms, rows: (await rows.execute("SELECT * FROM order_summary")).rows };
}

await runPeer({ prepare, rebuild });
