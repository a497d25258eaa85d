/** Rows as the text that read-model stores keep. */

import { InvalidRow } from "../errors.js";
import type { Row } from "./read-model-store.js";

export interface EncodedRow {
  readonly key: string;
  /** A JSON object; `undefined` removes the row. */
  readonly doc: string | undefined;
}

// Encoded as UTF-8 it would become a replacement character, and two keys could become one.
const loneSurrogate = /\p{Surrogate}/u;

/** Whether a store can tell this key from every other one. */
export function isStorableKey(key: string): boolean {
  return !loneSurrogate.test(key);
}

/**
 * Rows ready to be written, sorted by key, because a store writes neighbours faster; of several with one key the last.
 * @throws InvalidRow for a row that is no JSON object, or a key with half a surrogate pair.
 */
export function encodeRows(
  readModel: string,
  rows: Iterable<readonly [key: string, row: Row | undefined]>,
): EncodedRow[] {
  const encoded: EncodedRow[] = [];
  let sorted = true;
  let before = "";
  for (const [key, row] of rows) {
    if (!isStorableKey(key)) throw new InvalidRow(readModel, key, "has half a surrogate pair in its key.");
    sorted &&= encoded.length === 0 || before < key;
    before = key;
    encoded.push({ key, doc: row === undefined ? undefined : encodeRow(readModel, key, row) });
  }
  if (sorted) return encoded;
  const byKey = new Map(encoded.map((row) => [row.key, row]));
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function encodeRow(readModel: string, key: string, row: Row): string {
  let doc: string | undefined;
  try {
    doc = JSON.stringify(row) as string | undefined;
  } catch (error) {
    throw new InvalidRow(readModel, key, `cannot be written as JSON: ${String(error)}.`, { cause: error });
  }
  if (doc?.startsWith("{")) return doc;
  throw new InvalidRow(readModel, key, `must be a JSON object, found ${doc?.slice(0, 40) ?? typeof row}.`);
}
