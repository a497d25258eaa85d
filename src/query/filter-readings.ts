/**
 * What the text of a filter in a URL may mean. `?total=5` does not say whether it looks for the number 5 or the text
 * "5", and a read model does not declare the types of its fields, so every reading is looked up, in a fixed order:
 *
 * | text in the URL                    | finds rows whose field is              |
 * |-|-|
 * | anything                           | that text                              |
 * | what JSON reads as a finite number | or that number: `5`, `5.0` and `5e0` find 5 |
 * | `true`, `false`                    | or that boolean                        |
 *
 * A row has one type in a field, so no row is found twice. The rows of one reading follow those of the one before,
 * each sorted by key; a field whose rows are all of one type, which is the usual case, is therefore sorted by key.
 */

import { createHash } from "node:crypto";
import { InvalidQuery } from "../errors.js";
import type { ReadModelStore, RowPage, RowQuery } from "../projection/index.js";

type Value = string | number | boolean;
type Where = NonNullable<RowQuery["where"]>;

/** Each reading costs a query. */
const mostReadings = 16;

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function readingsOf(text: string): Value[] {
  if (text === "true" || text === "false") return [text, text === "true"];
  return number.test(text) && Number.isFinite(Number(text)) ? [text, Number(text)] : [text];
}

/** Every combination of the readings of each filter; without filters the one that finds all rows. */
function combinationsOf(name: string, filters: ReadonlyMap<string, string>): Where[] {
  let combinations: Where[] = [{}];
  for (const [field, text] of filters) {
    combinations = combinations.flatMap((where) =>
      // A computed key, so that a field named __proto__ is one like any other.
      readingsOf(text).map((value) => ({ ...where, [field]: value })),
    );
    if (combinations.length > mostReadings)
      throw new InvalidQuery(
        `${name}: more than ${Math.log2(mostReadings)} of the filters are numbers or booleans. Use fewer, and filter the rest of the rows yourself.`,
      );
  }
  return combinations;
}

/**
 * A page of rows whose fields equal the texts, under any reading of them, all of one generation.
 * @throws InvalidQuery when a field is not indexed, or the cursor is not one of this query's.
 */
export async function findByText(
  readModels: ReadModelStore,
  { name, place }: { readonly name: string; readonly place: string },
  filters: ReadonlyMap<string, string>,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): Promise<RowPage> {
  const combinations = combinationsOf(name, filters);
  const digest = digestOf(filters);
  const start = cursor === undefined ? undefined : readCursor(name, cursor, digest);
  if (!combinations[start?.at ?? 0]) throw malformed(name);
  for (;;) {
    const page = await pageOf(readModels, place, combinations, { limit, digest, start });
    if (page) return page;
    // A rebuild was finished in between: begun anew, it is all of the new rows.
    if (start)
      throw new InvalidQuery(`${name}: the cursor is of another generation of the rows. Start again without a cursor.`);
  }
}

interface Start {
  readonly at: number;
  readonly generation: number;
  readonly inside: string | undefined;
}

/** `undefined` when the rows are not all of one generation, that of the start. */
async function pageOf(
  readModels: ReadModelStore,
  place: string,
  combinations: readonly Where[],
  { limit, digest, start }: { readonly limit: number; readonly digest: string; readonly start: Start | undefined },
): Promise<RowPage | undefined> {
  const rows: RowPage["rows"][number][] = [];
  let generation = start?.generation;
  let inside = start?.inside;
  for (let at = start?.at ?? 0; at < combinations.length; at++, inside = undefined) {
    const left = limit - rows.length;
    // With a full page it only asks whether there is more.
    const page = await readModels.findRows(place, { where: combinations[at]!, limit: left || 1, cursor: inside });
    generation ??= page.generation;
    if (page.generation !== generation) return undefined;
    const cursorTo = (next: string) => `${at}.${digest}.${generation}.${next}`;
    if (left === 0) {
      if (page.rows.length > 0) return { generation, rows, nextCursor: cursorTo("") };
      continue;
    }
    rows.push(...page.rows);
    if (page.nextCursor !== undefined) return { generation, rows, nextCursor: cursorTo(page.nextCursor) };
  }
  return { generation: generation!, rows };
}

/** A cursor names the combination, the query, the generation, and where the page before ended inside of it. */
function readCursor(name: string, cursor: string, digest: string): Start {
  const [, at, of, generation, inside] = /^(\d{1,2})\.([\w-]+)\.(\d+)\.([\w-]*)$/.exec(cursor) ?? [];
  if (at === undefined) throw malformed(name);
  if (of !== digest)
    throw new InvalidQuery(
      `${name}: the cursor is of a query with another filter. Repeat the filter, or start without a cursor.`,
    );
  return { at: Number(at), generation: Number(generation), inside: inside || undefined };
}

const malformed = (name: string) =>
  new InvalidQuery(
    `${name}: the cursor is malformed. Pass on the nextCursor of a page as it is, or start without a cursor.`,
  );

const digestOf = (filters: ReadonlyMap<string, string>) =>
  createHash("sha256")
    .update(JSON.stringify([...filters].toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest("base64url")
    .slice(0, 12);
