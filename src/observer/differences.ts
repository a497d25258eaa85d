/** What may differ between what history gives and what is recorded, or serves; each in words. */

import { isDeepStrictEqual } from "node:util";
import type { Row } from "../projection/read-model-store.js";
import type { RowDifference } from "../projection/row-comparison.js";
import type { Case } from "./case.js";
import { aliasPrefix, casePrefix } from "./rows.js";

export interface Difference {
  readonly kind:
    | "flag-not-recorded"
    | "flag-not-derived"
    | "flag-differs"
    | "row-does-not-serve"
    | "row-not-derived"
    | "row-differs";
  /** Absent for what is of no case. */
  readonly case?: string;
  /** Of flags: their stream, and the place in it. */
  readonly streamName?: string;
  readonly revision?: string;
  readonly derivedId?: string;
  readonly recordedId?: string;
  readonly detail: string;
}

/** Of rows that are not equal, of which one may be absent. */
export function rowDifference({ key, derived, serving }: RowDifference): Difference {
  const of = key.startsWith(casePrefix) ? { case: key.slice(casePrefix.length) } : {};
  const name = nameOfRow(key);
  if (!serving)
    return { kind: "row-does-not-serve", ...of, detail: `${name}: history gives ${told(derived!)}, nothing serves.` };
  if (!derived)
    return { kind: "row-not-derived", ...of, detail: `${name}: ${told(serving)} serves, history gives none.` };
  return { kind: "row-differs", ...of, detail: `${name}: ${changes(derived, serving).join("; ")}.` };
}

function nameOfRow(key: string): string {
  if (key.startsWith(casePrefix)) return `case ${JSON.stringify(key.slice(casePrefix.length))}`;
  return key.startsWith(aliasPrefix) ? `alias ${JSON.stringify(key.slice(aliasPrefix.length))}` : key;
}

const told = (row: Row): string => {
  const { status, slots } = row as Partial<Case>;
  if (status === undefined) return "a row";
  const states = Object.entries(slots ?? {}).map(([run, { state }]) => `${run} ${state}`);
  return `${[status, ...states].join(", ")}`;
};

/** Field by field, and of slots state by state. */
function changes(derived: Row, serving: Row): string[] {
  const [is, serves] = [derived, serving] as Readonly<Record<string, unknown>>[];
  return differing(is!, serves!).flatMap((field) => {
    if (field !== "slots") return [said(field, is![field], serves![field])];
    const [runs, others] = [is![field], serves![field]] as Readonly<Record<string, object | undefined>>[];
    return differing(runs!, others!).flatMap((run) => slotChanges(run, runs![run], others![run]));
  });
}

function slotChanges(run: string, derived: object = {}, serving: object = {}): string[] {
  const [is, serves] = [derived, serving] as Readonly<Record<string, unknown>>[];
  return differing(is!, serves!).map((field) => said(`${run}.${field}`, is![field], serves![field]));
}

const differing = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((field) => !isDeepStrictEqual(a[field], b[field]));

const said = (field: string, derived: unknown, serving: unknown): string =>
  `${field} is ${JSON.stringify(derived) ?? "absent"} by history, ${JSON.stringify(serving) ?? "absent"} serves`;
