/** Rows as the text that read-model stores keep. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { InvalidRow } from "../errors.js";
import type { Row } from "./read-model-store.js";

export interface EncodedRow {
  readonly key: string;
  /** A JSON object; `undefined` removes the row. */
  readonly doc: string | undefined;
}

/** A row that was encoded already, elsewhere: it is stored as it is. */
export class EncodedText {
  /** @param doc a JSON object, by `JSON.stringify` */
  constructor(readonly doc: string) {}
}

/** Whether a store can tell this key from every other one: half a surrogate pair would become U+FFFD, like any other. */
export const isStorableKey = (key: string): boolean => key.isWellFormed();

/** Rows after which others get a turn. */
const rowsPerTurn = 5_000;

/**
 * Rows ready to be written, sorted by key, because a store writes neighbours faster; of several with one key the last.
 * @throws InvalidRow for a row that is no JSON object, or a key with half a surrogate pair.
 */
export async function encodeRows(
  readModel: string,
  rows: Iterable<readonly [key: string, row: Row | undefined]>,
): Promise<EncodedRow[]> {
  const encoded: EncodedRow[] = [];
  let sorted = true;
  let before = "";
  for (const [key, row] of rows) {
    encoded.push(encodeRow(readModel, key, row));
    sorted &&= encoded.length === 1 || before < key;
    before = key;
    if (encoded.length % rowsPerTurn === 0) await nextTurn();
  }
  if (sorted) return encoded;
  // The sort is stable.
  encoded.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return encoded.filter(({ key }, i) => key !== encoded[i + 1]?.key);
}

/** @throws InvalidRow */
export function encodeRow(readModel: string, key: string, row: Row | undefined): EncodedRow {
  if (!isStorableKey(key)) throw new InvalidRow(readModel, key, "has half a surrogate pair in its key.");
  return { key, doc: row === undefined ? undefined : textOf(readModel, key, row) };
}

function textOf(readModel: string, key: string, row: Row): string {
  if (row instanceof EncodedText) return row.doc;
  let doc: string | undefined;
  try {
    doc = JSON.stringify(row) as string | undefined;
  } catch (error) {
    throw new InvalidRow(readModel, key, `cannot be written as JSON: ${String(error)}.`, { cause: error });
  }
  if (doc?.startsWith("{")) return doc;
  throw new InvalidRow(readModel, key, `must be a JSON object, found ${doc?.slice(0, 40) ?? typeof row}.`);
}
