/** The cases of an observer's read model, and what the oracle says of them. */

import { casePrefix, caseRow, type Case, type ReadModelStore } from "../../src/index.js";
import type { ExpectedCase } from "../oracle/records.js";

/** Each row as text with its fields sorted, so that equal rows are equal. */
export async function rowsOf(readModels: ReadModelStore, name: string): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  const generation = await readModels.activeGeneration(name);
  if (generation)
    for await (const page of readModels.allRows(generation))
      for (const { key, row } of page) rows.set(key, JSON.stringify(sorted(row)));
  return rows;
}

/** Where status or state of a slot is another than expected, and cases that should be forgotten. */
export function caseDifferences(expected: readonly ExpectedCase[], rows: ReadonlyMap<string, string>): string[] {
  const names = new Set(expected.map(({ case: name }) => caseRow(name)));
  const unexpected = [...rows].filter(([key, row]) => {
    if (!key.startsWith(casePrefix) || names.has(key)) return false;
    // In business time, one of which nothing has been judged yet.
    const { pending = [], seen } = JSON.parse(row) as Case;
    return pending.length === 0 || seen.length > 0;
  });
  const different = expected.flatMap(({ case: name, status, slots }) => {
    const found = JSON.parse(rows.get(caseRow(name)) ?? "{}") as Partial<Case>;
    const inWords = (of: string | undefined, states: readonly string[]) => [of ?? "settled", ...states].join(" ");
    const is = inWords(
      found.status,
      slots.map(
        ({ slot }) => `${slot} ${found.closedMs === undefined ? (found.slots?.[slot]?.state ?? "IDLE") : "CLOSED"}`,
      ),
    );
    const was = inWords(
      status,
      slots.map(({ slot, state }) => `${slot} ${state}`),
    );
    return is === was ? [] : [`case ${name} is ${is}, expected ${was}`];
  });
  return [...different, ...unexpected.map(([key]) => `${key} is there, expected none`)];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
