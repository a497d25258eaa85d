/** Verifies a projection: builds it from history again, aside, and compares its rows with those that serve. */

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Aside, type AsideOptions } from "./aside.js";
import type { ProjectionReadModel } from "./projection-read-model.js";
import { verifyCheckpoint } from "../subscription/index.js";
import { isDeclaredBy } from "./generation-rules.js";
import { compareWithServing, servingOf, type RowDifference } from "./row-comparison.js";
import type { Row } from "./read-model-store.js";
import { inSample, sampled, type Sample } from "./sample.js";

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
  /** How many rows history gives, of those that were compared. */
  readonly rows: number;
  /** SHA-256 of these rows and their keys: the same wherever the same history gives the same rows. */
  readonly digest: string;
  /** Which rows were compared; absent for all. */
  readonly sample?: Sample;
  /** By key; empty when history gives what serves. */
  readonly differences: readonly RowVerdict[];
}

export interface ProjectionVerifyOptions extends AsideOptions {
  /** Compares a part of the rows, and folds the events of those alone. All of the log is read nevertheless. */
  readonly sample?: Sample;
}

/**
 * @throws NotBuilt when nothing serves; CheckpointMismatch when what serves is of another log; whatever its rebuild would meet; the signal's reason when it aborts
 * @throws InvalidConfiguration for a sample that is none
 */
export async function verifyReadModel(
  readModel: ProjectionReadModel,
  options: ProjectionVerifyOptions,
): Promise<ReadModelVerification> {
  const { name, version } = readModel.declaration;
  const { sample } = options;
  const concerns = sample && inSample(sample);
  const aside = await Aside.begin(readModel, options, async (context) => {
    const writer = await readModel.open(context);
    return concerns ? sampled(writer, readModel, concerns) : writer;
  });
  await verifyCheckpoint(
    { name },
    (await servingOf(options.readModels, readModel.declaration)).checkpoint,
    options.store,
  );
  let rows = 0;
  const digest = createHash("sha256");
  const onRow = (key: string, row: Row) => {
    rows++;
    digest.update(`${JSON.stringify([key, row])}\n`);
  };
  const { differences, position, serving } = await compareWithServing(aside, { ...options, concerns, onRow });
  return {
    name,
    version,
    servingVersion: serving.version,
    isDeclared: isDeclaredBy(serving, readModel.declaration),
    position,
    events: aside.events,
    rows,
    digest: digest.digest("hex"),
    ...(sample && { sample }),
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
