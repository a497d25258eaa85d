/** Verifies a projection: builds it from history again, aside, and compares its rows with those that serve. */

import { isDeepStrictEqual } from "node:util";
import { Aside, type AsideOptions } from "./aside.js";
import type { ReadModel } from "./read-model.js";
import { compareWithServing, type RowDifference } from "./row-comparison.js";
import type { Row } from "./read-model-store.js";

/** `added`: history gives it, and nothing serves. `removed`: it serves, and history gives none. */
export type RowChange = "added" | "removed" | "changed";

export interface RowVerdict {
  readonly key: string;
  readonly change: RowChange;
  /** `changed`: which fields differ. */
  readonly fields?: readonly string[];
}

export interface ReadModelVerification {
  readonly name: string;
  /** Of what history was folded by. */
  readonly version: number;
  /** Of what serves; another one tells what a rebuild would change. */
  readonly servingVersion: number;
  /** Whether what serves was declared as the code is: then a difference is damage. */
  readonly isDeclared: boolean;
  /** Up to where history was read: where the serving read model stands. */
  readonly position: bigint | undefined;
  readonly events: number;
  /** How many rows history gives. */
  readonly rows: number;
  /** By key; empty when history gives what serves. */
  readonly differences: readonly RowVerdict[];
}

/** @throws UnknownReadModel when it has not been built; whatever its rebuild would meet; the signal's reason when it aborts */
export async function verifyReadModel(readModel: ReadModel, options: AsideOptions): Promise<ReadModelVerification> {
  const { name, version, definition } = readModel.declaration;
  const aside = await Aside.begin(readModel, options);
  let rows = 0;
  const { differences, position, serving } = await compareWithServing(aside, options, () => rows++);
  return {
    name,
    version,
    servingVersion: serving.version,
    isDeclared: serving.version === version && serving.definition === definition,
    position,
    events: aside.events,
    rows,
    differences: differences.map(verdictOf).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

function verdictOf({ key, derived, serving }: RowDifference): RowVerdict {
  if (!serving) return { key, change: "added" };
  if (!derived) return { key, change: "removed" };
  return { key, change: "changed", fields: differingFields(derived, serving) };
}

/** Of two rows, sorted by name. */
export function differingFields(one: Row, other: Row): string[] {
  const [a, b] = [one, other] as Readonly<Record<string, unknown>>[];
  const fields = new Set([...Object.keys(a!), ...Object.keys(b!)]);
  return [...fields].filter((field) => !isDeepStrictEqual(a![field], b![field])).toSorted();
}
