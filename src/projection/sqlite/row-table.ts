/** The rows of one generation: a table of keys and JSON texts, and an index for each field to filter on. */

import type { Database as Connection, Statement } from "better-sqlite3";
import { LRUCache } from "lru-cache";
import type { Row } from "../read-model-store.js";
import type { EncodedRow } from "../row-encoding.js";
import { isIndexableField } from "../generation-rules.js";
import type { CheckedQuery, KeyedRow, OrderOptions } from "../row-query.js";

const keptSelects = 16;
const batchSize = 8;

export class RowTable {
  private readonly find: Statement<[string], string>;
  private readonly findMany: Statement<[string], [key: string, doc: string]>;
  private readonly upsert: Statement<[string, string]>;
  /** Several rows to one call, because the call costs as much as the row. */
  private readonly upsertBatch: Statement<string[]>;
  private readonly remove: Statement<[string]>;
  /** Fields whose index is known to be there. */
  private readonly indexed = new Set<string>();
  private readonly selects = new LRUCache<string, Statement<unknown[], [key: string, doc: string]>>({
    max: keptSelects,
  });

  /** @param id of a generation: table names are made of nothing else. */
  constructor(
    private readonly connection: Connection,
    private readonly id: number,
  ) {
    const table = tableOf(id);
    this.find = connection.prepare<[string], string>(`SELECT doc FROM ${table} WHERE key = ?`).pluck();
    this.findMany = connection
      .prepare<[string], [string, string]>(
        `SELECT key, doc FROM ${table} WHERE key IN (SELECT value FROM json_each(?))`,
      )
      .raw();
    const upsertOf = (rows: number) => `INSERT INTO ${table} (key, doc) VALUES ${Array(rows).fill("(?, ?)").join(", ")}
      ON CONFLICT (key) DO UPDATE SET doc = excluded.doc`;
    this.upsert = connection.prepare(upsertOf(1));
    this.upsertBatch = connection.prepare(upsertOf(batchSize));
    this.remove = connection.prepare(`DELETE FROM ${table} WHERE key = ?`);
  }

  get(key: string): Row | undefined {
    const doc = this.find.get(key);
    return doc === undefined ? undefined : (JSON.parse(doc) as Row);
  }

  getMany(keys: readonly string[]): KeyedRow[] {
    return this.findMany.all(JSON.stringify(keys)).map(decode);
  }

  write(rows: readonly EncodedRow[]): void {
    let batch: string[] = [];
    for (const { key, doc } of rows) {
      if (doc === undefined) {
        this.remove.run(key);
        continue;
      }
      batch.push(key, doc);
      if (batch.length < 2 * batchSize) continue;
      this.upsertBatch.run(...batch);
      batch = [];
    }
    for (let i = 0; i < batch.length; i += 2) this.upsert.run(batch[i]!, batch[i + 1]!);
  }

  /** Rows in the order of their keys, one more than the limit if there is one more. */
  page({ where, limit, prefix, after }: CheckedQuery): KeyedRow[] {
    const conditions = where.map(({ field }) => equals(field));
    const values: unknown[] = where.flatMap(({ json }) => [json, json]);
    if (prefix !== undefined) {
      conditions.push("key >= ? AND key < ?");
      values.push(prefix, endOf(prefix));
    }
    // Not `key > ''` for the first page: the empty text is a key like any other.
    if (after !== undefined) {
      conditions.push("key > ?");
      values.push(after);
    }
    return this.select(conditions, "key", [...values, limit + 1]);
  }

  /** Rows whose field is a number in the order of that number, then of their keys. */
  inOrder(field: string, { after, limit }: OrderOptions): KeyedRow[] {
    const value = valueOf(field);
    // Numbers sort before texts, so this is one stretch of the index, with the booleans in between.
    const numbers = [`${value} < ''`, `json_type(doc, '${pathOf(field)}') IN ('integer', 'real')`];
    if (!after) return this.select(numbers, `${value}, key`, [limit]);
    const at = JSON.stringify(after.value);
    const same = this.select([equals(field), "key > ?"], "key", [at, at, after.key, limit]);
    if (same.length === limit) return same;
    const greater = [`${value} > json_extract(?, '$')`, ...numbers];
    return [...same, ...this.select(greater, `${value}, key`, [at, limit - same.length])];
  }

  /** Each text that the field has, and in how many rows. */
  count(field: string, prefix?: string): [text: string, rows: number][] {
    const value = valueOf(field);
    const range = prefix ? "AND key >= ? AND key < ?" : "";
    return this.connection
      .prepare<unknown[], [string, number]>(
        `SELECT ${value}, count(*) FROM ${tableOf(this.id)} WHERE json_type(doc, '${pathOf(field)}') = 'text' ${range} GROUP BY 1`,
      )
      .raw()
      .all(...(prefix ? [prefix, endOf(prefix)] : []));
  }

  /** Whether the index of one of the generation's `fields` is there. */
  hasIndex(fields: readonly string[], field: string): boolean {
    if (this.indexed.has(field)) return true;
    const find = this.connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").pluck();
    if (find.get(indexOf(this.id, fields, field)) === undefined) return false;
    this.indexed.add(field);
    return true;
  }

  /** Creates the index of one of the generation's `fields` if it is missing. */
  createIndex(fields: readonly string[], field: string): void {
    // On the expression: a generated column of the same meaning would slow every insert by a fifth, with or without index.
    const on = `${tableOf(this.id)} (${valueOf(field)}, key)`;
    this.connection.exec(`CREATE INDEX IF NOT EXISTS ${indexOf(this.id, fields, field)} ON ${on}`);
  }

  private select(conditions: readonly string[], order: string, values: readonly unknown[]): KeyedRow[] {
    const filter = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    const sql = `SELECT key, doc FROM ${tableOf(this.id)} ${filter} ORDER BY ${order} LIMIT ?`;
    let statement = this.selects.get(sql);
    if (!statement) {
      statement = this.connection.prepare<unknown[], [string, string]>(sql).raw();
      this.selects.set(sql, statement);
    }
    return statement.all(...values).map(decode);
  }
}

export function createRowTable(connection: Connection, id: number): void {
  // Rows in the order in which they came, beside a tree of keys: what is written together is often changed together, while
  // keys are scattered, and a commit writes whole pages. Older files have one tree, which the statements do not mind.
  connection.exec(`CREATE TABLE ${tableOf(id)} (key TEXT PRIMARY KEY, doc TEXT NOT NULL)`);
}

export function dropRowTable(connection: Connection, id: number): void {
  connection.exec(`DROP TABLE IF EXISTS ${tableOf(id)}`);
}

const pathOf = (field: string) => {
  if (!isIndexableField(field)) throw new TypeError(`${field} is no field to index`);
  return `$."${field}"`;
};

const valueOf = (field: string) => `json_extract(doc, '${pathOf(field)}')`;

/** The first text after all that begin with the prefix. */
const endOf = (prefix: string) => prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

/** The index finds true where it looks for 1, therefore the JSON text must be the same too. */
const equals = (field: string) => `${valueOf(field)} = json_extract(?, '$') AND doc -> '${pathOf(field)}' = ?`;

const tableOf = (id: number) => {
  if (!Number.isSafeInteger(id)) throw new TypeError(`${id} is no generation id`);
  return `rows_${id}`;
};

// By number, because SQLite's names do not tell capitals from small letters.
const indexOf = (id: number, fields: readonly string[], field: string) => `${tableOf(id)}_${fields.indexOf(field)}`;

const decode = ([key, doc]: [string, string]): KeyedRow => ({ key, row: JSON.parse(doc) as Row });
