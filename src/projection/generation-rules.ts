/** What holds of declarations and generations in every store. */

import { InvalidModel } from "../errors.js";
import type { Checkpoint } from "../subscription/checkpoint-store.js";
import type { Generation, ReadModelDeclaration } from "./read-model-store.js";

/** Names that can be put between quotes in a JSON path as they are. */
export const isIndexableField = (field: string): boolean => /^[\p{L}\p{N}_$-]{1,100}$/u.test(field);

/** Whether a generation was built by what is declared: by its version, and by its terms. */
export const isDeclaredBy = (
  generation: Pick<Generation, "version" | "definition">,
  { version, definition }: Pick<ReadModelDeclaration, "version" | "definition">,
): boolean => generation.version === version && generation.definition === definition;

/** Whether a generation at `building`, for which the log was read up to `readThrough`, may take the place of one at `active`. */
export function hasReached(
  building: Checkpoint | undefined,
  active: Checkpoint | undefined,
  readThrough: bigint | undefined,
): boolean {
  const position = active?.position;
  if (position === undefined || (readThrough !== undefined && readThrough >= position)) return true;
  if (building === undefined) return false;
  // Positions of two logs cannot be compared; the generation that was made anew is of the log in use.
  return building.storeId !== active?.storeId || (building.position ?? -1n) >= position;
}

/** @throws InvalidModel */
export function checkDeclaration({ name, indexes }: ReadModelDeclaration): void {
  const problems = indexes
    .filter((field) => !isIndexableField(field))
    .map(
      (field) =>
        `${name} declares an index on ${JSON.stringify(field)}. Use a top-level field of letters, digits, "_", "$" and "-", 100 at most.`,
    );
  if (problems.length > 0) throw new InvalidModel(problems);
}
