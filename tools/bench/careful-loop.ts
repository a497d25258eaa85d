/** What rebuilds are compared with: a plain loop written with care, and SQLite alone. Both fill `(key, doc)` in a new file. */

import { rmSync } from "node:fs";
import Database from "better-sqlite3";
import { folds, noOrder, type OrderSummary } from "./order-fold.js";
import { digestOf } from "./order-rows.js";

const eventsPerTransaction = 1_000;

/** One get and one upsert an event, a thousand events and their checkpoint to a transaction. */
export function carefulLoop(log: string, file: string): void {
  const events = new Database(log, { readonly: true });
  const rows = newRows(file);
  const page = events
    .prepare<[number], [position: number, type: string, correlationId: string, data: string]>(
      `SELECT position, type, correlation_id, data FROM event NOT INDEXED
       WHERE position > ? ORDER BY position LIMIT ${eventsPerTransaction}`,
    )
    .raw();
  const find = rows.prepare<[string], string>("SELECT doc FROM summary WHERE key = ?").pluck();
  const upsert = rows.prepare(
    "INSERT INTO summary (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",
  );
  const saveCheckpoint = rows.prepare("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)");
  const handle = rows.transaction((found: ReturnType<typeof page.all>) => {
    for (const [, type, key, data] of found) {
      const doc = find.get(key);
      const row = doc === undefined ? noOrder : (JSON.parse(doc) as OrderSummary);
      upsert.run(key, JSON.stringify(folds[type]!(row, JSON.parse(data) as never)));
    }
    saveCheckpoint.run(found.at(-1)![0]);
  });
  for (let after = 0; ;) {
    const found = page.all(after);
    if (found.length === 0) break;
    handle(found);
    after = found.at(-1)![0];
  }
  index(rows);
  events.close();
  rows.close();
}

/** The same fold as one statement, which no JavaScript takes part in. */
export function sqliteAlone(log: string, file: string): void {
  const rows = newRows(file);
  rows.exec(`ATTACH '${log.replaceAll("'", "''")}' AS log`);
  rows.exec(
    `INSERT INTO summary (key, doc) SELECT correlation_id, ${summary} FROM log.event NOT INDEXED GROUP BY correlation_id`,
  );
  index(rows);
  rows.close();
}

const isA = (type: string) => `type = '${type}'`;
const valueOf = (path: string) => `json_extract(data, '$.${path}')`;
const only = (type: string, value: string) => `CASE WHEN ${isA(type)} THEN ${value} END`;
const sumOf = (type: string, value: string) => `coalesce(sum(${only(type, value)}), 0)`;
const countOf = (type: string) => `count(${only(type, "1")})`;

/** The status that the last event which has one set: positions of equal length sort as texts. */
const status = `substr(max(CASE WHEN NOT ${isA("ordering.ItemAdded")} THEN printf('%015d', position) || CASE type
  WHEN 'ordering.OrderPlaced' THEN 'placed' WHEN 'billing.PaymentTaken' THEN 'paid'
  WHEN 'shipping.ShipmentSent' THEN 'sent' ELSE 'closed' END END), 16)`;

const summary = `json_object(
  'customer', max(${only("ordering.OrderPlaced", valueOf("customer"))}),
  'city', max(${only("ordering.OrderPlaced", valueOf("address.city"))}),
  'status', ${status},
  'items', ${sumOf("ordering.ItemAdded", valueOf("quantity"))},
  'total', ${sumOf("ordering.ItemAdded", `${valueOf("quantity")} * ${valueOf("price")}`)},
  'payments', ${countOf("billing.PaymentTaken")},
  'paid', ${sumOf("billing.PaymentTaken", valueOf("amount"))},
  'shipments', ${countOf("shipping.ShipmentSent")},
  'weight', ${sumOf("shipping.ShipmentSent", valueOf("weight"))},
  'events', count(*))`;

function newRows(file: string): Database.Database {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  const rows = new Database(file);
  rows.pragma("journal_mode = WAL");
  rows.pragma("synchronous = NORMAL");
  rows.pragma("cache_size = -65536");
  rows.exec("CREATE TABLE summary (key TEXT PRIMARY KEY, doc TEXT NOT NULL)");
  rows.exec("CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER NOT NULL)");
  return rows;
}

/** Made when the rows are there, as Rollcall does. */
const index = (rows: Database.Database) =>
  rows.exec("CREATE INDEX summary_by_status ON summary (json_extract(doc, '$.status'), key)");

export function digestOfFile(file: string): string {
  const rows = new Database(file, { readonly: true });
  const found = rows.prepare<[], [string, string]>("SELECT key, doc FROM summary").raw().all();
  rows.close();
  return digestOf(found.map(([key, doc]) => [key, JSON.parse(doc) as OrderSummary] as const));
}
