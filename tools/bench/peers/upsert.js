/** The fold of order summaries as one upsert an event, in SQL that SQLite and PostgreSQL both take. */

const text = (value) => `'${String(value).replaceAll("'", "''")}'`;

export const columns = [
  "customer",
  "city",
  "status",
  "items",
  "total",
  "payments",
  "paid",
  "shipments",
  "weight",
  "events",
];
const initial = { customer: text(""), city: text(""), status: text("new") };

export const createTable = `CREATE TABLE IF NOT EXISTS order_summary (key TEXT PRIMARY KEY,
  ${columns.map((column) => `${column} ${column in initial ? "TEXT" : "BIGINT"} NOT NULL`).join(", ")})`;
export const dropTable = "DROP TABLE IF EXISTS order_summary";
export const createIndex = "CREATE INDEX order_summary_by_status ON order_summary (status, key)";

/** Values that are set, and numbers that are added. */
function changeOf(type, data) {
  switch (type) {
    case "ordering.OrderPlaced":
      return {
        set: { customer: text(data.customer), city: text(data.address.city), status: text("placed") },
        add: {},
      };
    case "ordering.ItemAdded":
      return { set: {}, add: { items: data.quantity, total: data.quantity * data.price } };
    case "billing.PaymentTaken":
      return { set: { status: text("paid") }, add: { payments: 1, paid: data.amount } };
    case "shipping.ShipmentSent":
      return { set: { status: text("sent") }, add: { shipments: 1, weight: data.weight } };
    default:
      return { set: { status: text("closed") }, add: {} };
  }
}

export function upsertOf(type, key, data) {
  const { set, add: added } = changeOf(type, data);
  const add = { ...added, events: 1 };
  const values = columns.map((column) => set[column] ?? add[column] ?? initial[column] ?? 0);
  const changes = [
    ...Object.entries(set).map(([column, value]) => `${column} = ${value}`),
    ...Object.entries(add).map(([column, value]) => `${column} = order_summary.${column} + ${value}`),
  ];
  return `INSERT INTO order_summary (key, ${columns.join(", ")}) VALUES (${text(key)}, ${values.join(", ")})
    ON CONFLICT (key) DO UPDATE SET ${changes.join(", ")}`;
}
