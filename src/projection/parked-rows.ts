/** Rows that stand still: an event of theirs could not be folded, and the projection lets the others go on. */

import { errorInWords } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { ReadModelDeclaration, Row } from "./read-model-store.js";

/** Field of a row that tells its state; queries may filter on it. */
export const stateField = "$state";
const parked = "parked";

/** Why a row stands still. */
export interface RowFailure {
  /** Of the event that could not be folded, as text. */
  readonly position: string;
  readonly type: string;
  readonly error: string;
}

/** What a row that stands still has besides what it was before. */
export interface ParkedRow {
  readonly $state: typeof parked;
  readonly $failure: RowFailure;
}

export const isParked = (row: Row | undefined): row is Row & ParkedRow =>
  row !== undefined && (row as Partial<ParkedRow>).$state === parked;

/** The row as it was, and why it goes no further. */
export function parkedRow(row: Row | undefined, { position, type }: RecordedEvent, error: unknown): Row & ParkedRow {
  return { ...row, $state: parked, $failure: { position: String(position), type, error: errorInWords(error) } };
}

/** Whether rows of what was declared so may stand still. */
export const parksRows = ({ indexes }: Pick<ReadModelDeclaration, "indexes">): boolean => indexes.includes(stateField);

/** Selects rows that stand still. */
export const whereParked = { [stateField]: parked } as const;
