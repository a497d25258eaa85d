/** Order summaries of whoever folded them, compared: nobody is quicker by doing less. */

import { createHash } from "node:crypto";
import type { ReadModelStore, Rollcall } from "../../src/index.js";
import { noOrder, type OrderSummary } from "./order-fold.js";

/** Rows in any order. */
export type KeyedSummaries = Iterable<readonly [key: string, summary: OrderSummary]>;

const fields = Object.keys(noOrder) as (keyof OrderSummary)[];

/** The same for the same rows, and for no others. */
export function digestOf(rows: KeyedSummaries): string {
  const lines = Array.from(rows, ([key, row]) => `${key} ${JSON.stringify(fields.map((field) => row[field]))}\n`);
  const hash = createHash("sha256");
  for (const line of lines.toSorted()) hash.update(line);
  return `${lines.length} rows, ${hash.digest("hex").slice(0, 16)}`;
}

/** Of what serves of the application's first read model, in its own store unless another is given. */
export async function digestOfServing(
  { assembly, readModels: own }: Rollcall,
  readModels: ReadModelStore = own,
): Promise<string> {
  const serving = await readModels.activeGeneration(assembly.projections[0]!.declaration.place);
  const found: [string, OrderSummary][] = [];
  for await (const page of readModels.allRows(serving!))
    for (const { key, row } of page) found.push([key, row as OrderSummary]);
  return digestOf(found);
}

/** @throws Error when somebody's rows are not ours */
export function checkSame(ours: string, others: Readonly<Record<string, string>>): void {
  for (const [who, theirs] of Object.entries(others))
    if (theirs !== ours) throw new Error(`${who} made other rows: expected ${ours}, found ${theirs}.`);
}
