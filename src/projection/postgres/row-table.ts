/** The rows of one generation: a table of keys, JSON texts, and the values of the fields to filter on. */

import { InvalidRow } from "../../errors.js";
import type { Row } from "../read-model-store.js";
import type { EncodedRow } from "../row-encoding.js";
import type { CheckedQuery, KeyedRow, OrderOptions } from "../row-query.js";
import type { Columns, Database, Transaction } from "./database.js";
import { isMissingTable } from "./failures.js";
import { fieldText, numbers, texts } from "./field-values.js";
import { arrayText, copyLine, endOf, originalText, storedText } from "./stored-text.js";

/** A generation, as its table needs it. */
export interface Indexed {
  readonly id: number;
  readonly name: string;
  /** Names of the fields to filter on: the values of a row are in this order. */
  readonly indexes: readonly string[];
}

/** Rows to one statement. */
const batchSize = 5_000;
/** Rows from which on it is worth asking whether they can be copied. */
const fewestToCopy = 1_000;
/** An entry of an index has 2,700 bytes at most: so many for a key, and so many characters, of four bytes, for a value. */
const longestKey = 2_000;
const indexedCharacters = 100;

type Document = Pick<Required<EncodedRow>, "key"> & { readonly doc: string };

/** Reading, each method answers `undefined` when the generation is not, or no longer, what `condition` says. */
export class RowTable {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    private readonly generation: Indexed,
  ) {
    this.table = tableOf(database, generation.id);
  }

  async create(transaction: Transaction): Promise<void> {
    // One column for all values, so that a field that is added later changes no table that somebody reads.
    await transaction.change(
      `CREATE TABLE ${this.table} (key text COLLATE "C" PRIMARY KEY, doc text NOT NULL, fields text[] COLLATE "C")`,
    );
  }

  /** Rows sorted by key, each key once. @throws InvalidRow for a key that is too long */
  async write(transaction: Transaction, rows: readonly EncodedRow[]): Promise<void> {
    const gone = rows.filter(({ doc }) => doc === undefined).map(({ key }) => storedText(key));
    const kept = rows.flatMap(({ key, doc }) => (doc === undefined ? [] : [{ key, doc }]));
    if (gone.length > 0) await transaction.query(`DELETE FROM ${this.table} WHERE key = ANY($1::text[])`, [gone]);
    if (await this.areAllNew(transaction, kept))
      return transaction.copy(`COPY ${this.table} (key, doc, fields) FROM STDIN`, this.lines(kept));
    for (let i = 0; i < kept.length; i += batchSize) {
      const batch = kept.slice(i, i + batchSize);
      await transaction.query(
        `INSERT INTO ${this.table} (key, doc, fields)
         SELECT key, doc, fields::text[] FROM unnest($1::text[], $2::text[], $3::text[]) AS changed (key, doc, fields)
         ON CONFLICT (key) DO UPDATE SET doc = excluded.doc, fields = excluded.fields`,
        [
          batch.map(({ key }) => this.storedKey(key)),
          batch.map(({ doc }) => doc),
          batch.map((row) => this.fieldsOf(row)),
        ],
      );
    }
  }

  get(condition: string, keys: readonly string[]): Promise<KeyedRow[] | undefined> {
    return this.read(condition, ["key"], "WHERE key = ANY($1::text[])", [keys.map(storedText)]);
  }

  /** Rows in the order of their keys, one more than the limit if there is one more. */
  page(condition: string, { where, limit, prefix, after }: CheckedQuery): Promise<KeyedRow[] | undefined> {
    const values: unknown[] = [limit + 1];
    const parameter = (value: string) => `$${values.push(value)}::text`;
    const conditions = where.map(({ field, json }) => {
      const value = parameter(fieldText(JSON.parse(json))!);
      return `${this.indexedValue(field)} = left(${value}, ${indexedCharacters}) AND ${this.value(field)} = ${value}`;
    });
    conditions.push(...within(prefix, parameter));
    // Not `key > ''` for the first page: the empty text is a key like any other.
    if (after !== undefined) conditions.push(`key > ${parameter(storedText(after))}`);
    const filter = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    return this.read(condition, ["key"], `${filter} ORDER BY key LIMIT $1`, values);
  }

  /** Rows whose field is a number in the order of that number, then of their keys. */
  inOrder(condition: string, field: string, { after, limit }: OrderOptions): Promise<KeyedRow[] | undefined> {
    const value = this.indexedValue(field);
    const [first, end] = numbers;
    const range = after
      ? `(${value}, key) > ($2::text, $3::text) AND ${value} < '${end}'`
      : `${value} >= '${first}' AND ${value} < '${end}'`;
    const values = after ? [limit, fieldText(after.value), storedText(after.key)] : [limit];
    return this.read(condition, [value, "key"], `WHERE ${range} ORDER BY ${value}, key LIMIT $1`, values);
  }

  /** Each text that the field has, and in how many rows. */
  async count(condition: string, field: string, prefix?: string): Promise<Map<string, number> | undefined> {
    const values: unknown[] = [];
    const parameter = (value: string) => `$${values.push(value)}::text`;
    const value = this.value(field);
    const range = [`${value} >= '${texts[0]}'`, `${value} < '${texts[1]}'`, ...within(prefix, parameter)];
    const counted = `SELECT ${value} AS text, count(*) AS rows FROM ${this.table} WHERE ${range.join(" AND ")} GROUP BY 1`;
    const found = await this.whereIs(condition, counted, "", values);
    return found && new Map(found.map(({ text, rows }) => [JSON.parse(text!) as string, Number(rows)]));
  }

  async hasIndex(field: string): Promise<boolean> {
    const [found] = await this.database.query("SELECT to_regclass($1) AS index", [
      `${this.database.schema}.${this.indexName(field)}`,
    ]);
    return found!["index"] !== null;
  }

  /** Creates the index of the field if it is missing. */
  async createIndex(transaction: Transaction, field: string): Promise<void> {
    const on = `${this.table} (${this.indexedValue(field)}, key)`;
    await transaction.change(`CREATE INDEX IF NOT EXISTS ${this.indexName(field)} ON ${on}`);
    // So that the server chooses it where it should.
    await transaction.change(`ANALYZE ${this.table}`);
  }

  /**
   * Gives some of the rows that were written before all fields were declared the values of the others.
   * @returns the key to go on after; `undefined` when no row lacks any
   */
  async fill(transaction: Transaction, after: string | undefined): Promise<string | undefined> {
    const lacking = `coalesce(cardinality(fields), 0) < ${this.generation.indexes.length}`;
    const found = await transaction.query<{ key: string; doc: string }>(
      `SELECT key, doc FROM ${this.table} WHERE ${lacking} ${after === undefined ? "" : "AND key > $1"}
       ORDER BY key LIMIT ${batchSize} FOR UPDATE`,
      after === undefined ? [] : [after],
    );
    if (found.length === 0) return undefined;
    await transaction.query(
      `UPDATE ${this.table} AS lacking SET fields = known.fields::text[]
       FROM unnest($1::text[], $2::text[]) AS known (key, fields) WHERE lacking.key = known.key`,
      [found.map(({ key }) => key), found.map((row) => this.fieldsOf(row))],
    );
    return found.at(-1)!.key;
  }

  private async read(
    condition: string,
    order: readonly string[],
    rest: string,
    values: readonly unknown[],
  ): Promise<KeyedRow[] | undefined> {
    const sorted = order.map((_, i) => `sort${i}`);
    const sort = order.map((expression, i) => `${expression} AS ${sorted[i]}`);
    const inner = `SELECT key, doc, ${sort.join(", ")} FROM ${this.table} ${rest}`;
    const found = await this.whereIs(condition, inner, `ORDER BY ${sorted.join(", ")}`, values);
    return found?.map(({ key, doc }) => ({ key: originalText(key!), row: JSON.parse(doc!) as Row }));
  }

  /** What `inner` selects, on the snapshot in which the generation was as it should be. */
  private async whereIs(
    condition: string,
    inner: string,
    order: string,
    values: readonly unknown[],
  ): Promise<Columns[] | undefined> {
    const { database, generation } = this;
    try {
      const found = await database.query(
        `SELECT found.* FROM ${database.schema}.generation
         LEFT JOIN LATERAL (SELECT true AS "isFound", * FROM (${inner}) AS inside) AS found ON true
         WHERE generation.id = ${generation.id} AND ${condition} ${order}`,
        values,
      );
      return found.length === 0 ? undefined : found.filter(({ isFound }) => isFound !== null);
    } catch (error) {
      if (isMissingTable(error)) return undefined;
      throw error;
    }
  }

  /** Whether the rows all come after every row that is there, as those of a new table do: then none is there already. */
  private async areAllNew(transaction: Transaction, rows: readonly Document[]): Promise<boolean> {
    // Only of these is the first also the first by its bytes.
    if (rows.length < fewestToCopy || rows.some(({ key }) => /[\ud800-\uffff]/.test(key))) return false;
    const first = storedText(rows[0]!.key);
    const later = await transaction.query(`SELECT 1 FROM ${this.table} WHERE key >= $1 LIMIT 1`, [first]);
    return later.length === 0;
  }

  private *lines(rows: readonly Document[]): Generator<string> {
    for (const row of rows) yield copyLine([this.storedKey(row.key), row.doc, this.fieldsOf(row)]);
  }

  private storedKey(key: string): string {
    const stored = storedText(key);
    if (stored.length <= longestKey / 4 || Buffer.byteLength(stored) <= longestKey) return stored;
    const { name } = this.generation;
    throw new InvalidRow(name, key, `has a key of more than ${longestKey} bytes, which PostgreSQL cannot index.`);
  }

  private fieldsOf({ doc }: Document | { doc: string }): string | null {
    const { indexes } = this.generation;
    if (indexes.length === 0) return null;
    // Of the text, because that is what every store filters by: a date, for example, is a text there.
    const row = JSON.parse(doc) as Record<string, unknown>;
    return arrayText(indexes.map((field) => fieldText(Object.hasOwn(row, field) ? row[field] : null)));
  }

  private numberOf(field: string): number {
    const number = this.generation.indexes.indexOf(field);
    if (number < 0) throw new TypeError(`${field} is no indexed field of ${this.generation.name}`);
    return number;
  }

  private value(field: string): string {
    return `fields[${this.numberOf(field) + 1}]`;
  }

  /** So much of a value as an index can take. */
  private indexedValue(field: string): string {
    return `left(${this.value(field)}, ${indexedCharacters})`;
  }

  // By number, because a name in a database is shorter than a field's may be.
  private indexName(field: string): string {
    return `rows_${this.generation.id}_${this.numberOf(field)}`;
  }
}

export async function dropRowTable(database: Database, transaction: Transaction, id: number): Promise<void> {
  await transaction.change(`DROP TABLE IF EXISTS ${tableOf(database, id)}`);
}

function tableOf({ schema }: Database, id: number): string {
  if (!Number.isSafeInteger(id)) throw new TypeError(`${id} is no generation id`);
  return `${schema}.rows_${id}`;
}

function within(prefix: string | undefined, parameter: (value: string) => string): string[] {
  if (prefix === undefined || prefix === "") return [];
  const stored = storedText(prefix);
  const end = endOf(stored);
  return [`key >= ${parameter(stored)}`, ...(end === undefined ? [] : [`key < ${parameter(end)}`])];
}
