/** What a query for rows may ask, and the cursor that leads from one page to the next: the same for every store. */

import { createHash } from "node:crypto";
import { InvalidQuery } from "../errors.js";
import type { Row, RowPage, RowQuery } from "./read-model-store.js";

export const largestLimit = 1000;

export interface KeyedRow {
  readonly key: string;
  readonly row: Row;
}

/** Rows in the order of a field's numbers. */
export interface OrderOptions {
  /** The row that the page before ended with. */
  readonly after?: { readonly value: number; readonly key: string } | undefined;
  readonly limit: number;
}

/** A query that was checked against the generation it is asked of. */
export interface CheckedQuery {
  /** Sorted by field; each value as the JSON text of it, so that `1`, `"1"` and `true` stay different. */
  readonly where: readonly { readonly field: string; readonly json: string }[];
  readonly limit: number;
  /** Keys begin with it. */
  readonly prefix?: string | undefined;
  /** Rows follow this key; `undefined` for the first page. */
  readonly after: string | undefined;
}

interface Cursor {
  readonly generation: number;
  readonly key: string;
  readonly where: string;
}

/** @throws InvalidQuery */
export function checkQuery(
  name: string,
  generation: { readonly id: number; readonly indexes: readonly string[] },
  { where = {}, prefix, limit, cursor }: RowQuery,
): CheckedQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > largestLimit)
    throw new InvalidQuery(`${name}: limit must be a whole number from 1 to ${largestLimit}, found ${limit}.`);
  const checked = Object.entries(where)
    .map(([field, value]) => {
      checkIndexed(name, generation.indexes, field);
      if (!["string", "boolean"].includes(typeof value) && !Number.isFinite(value))
        throw new InvalidQuery(`${name}: ${field} must equal a string, a number or a boolean, found ${String(value)}.`);
      return { field, json: JSON.stringify(value) };
    })
    .sort((a, b) => (a.field < b.field ? -1 : 1));
  if (cursor === undefined) return { where: checked, limit, prefix, after: undefined };
  const { generation: of, key, where: digest } = readCursor(name, cursor);
  if (of !== generation.id)
    throw new InvalidQuery(`${name}: the cursor is of another generation of the rows. Start again without a cursor.`);
  if (digest !== digestOf(checked, prefix))
    throw new InvalidQuery(
      `${name}: the cursor is of a query with another filter. Repeat the filter, or start without a cursor.`,
    );
  return { where: checked, limit, prefix, after: key };
}

/** @throws InvalidQuery when rows cannot be read in the order of the field. */
export function checkOrder(name: string, indexes: readonly string[], field: string, limit: number): void {
  if (!Number.isInteger(limit) || limit < 1)
    throw new InvalidQuery(`${name}: limit must be a whole number from 1, found ${limit}.`);
  checkIndexed(name, indexes, field);
}

/** A page of `found`, of which the query's store read one more than the limit if there was one more. */
export function pageOf(
  generationId: number,
  { where, prefix, limit }: CheckedQuery,
  found: readonly KeyedRow[],
): RowPage {
  const last = found[limit - 1];
  if (found.length <= limit || !last) return { generation: generationId, rows: found };
  const cursor: Cursor = { generation: generationId, key: last.key, where: digestOf(where, prefix) };
  return {
    generation: generationId,
    rows: found.slice(0, limit),
    nextCursor: Buffer.from(JSON.stringify(cursor)).toString("base64url"),
  };
}

/** @throws InvalidQuery */
export function checkIndexed(name: string, indexes: readonly string[], field: string): void {
  if (!indexes.includes(field))
    throw new InvalidQuery(
      `${name}: cannot filter or sort by ${JSON.stringify(field)}. It can by: ${indexes.join(", ") || "no field"}. Declare an index for the field and rebuild.`,
    );
}

function readCursor(name: string, text: string): Cursor {
  let cursor: Partial<Record<keyof Cursor, unknown>> | null | undefined;
  try {
    cursor = JSON.parse(Buffer.from(text, "base64url").toString()) as typeof cursor;
  } catch {
    // Answered below, as everything else that no page has handed out.
  }
  const { generation, key, where } = cursor ?? {};
  if (typeof generation === "number" && typeof key === "string" && typeof where === "string")
    return { generation, key, where };
  throw new InvalidQuery(
    `${name}: the cursor is malformed. Pass on the nextCursor of a page as it is, or start without a cursor.`,
  );
}

const digestOf = (where: CheckedQuery["where"], prefix = "") =>
  createHash("sha256")
    .update(JSON.stringify(prefix === "" ? where : [prefix, where]))
    .digest("base64url")
    .slice(0, 16);
