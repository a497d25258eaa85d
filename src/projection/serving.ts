/** Which generation answers for a read model. */

import { labelOf } from "./time-travel.js";
import type { Generation, ReadModelDeclaration, ReadModelStore } from "./read-model-store.js";

/**
 * The generation of the declared version; until that has caught up with the log, one of an earlier version that serves,
 * so that a new version never shows less than the old one did. `undefined` when there is none at all.
 */
export async function servingGeneration(
  readModels: ReadModelStore,
  { name, version, place }: Pick<ReadModelDeclaration, "name" | "version" | "place">,
): Promise<Generation | undefined> {
  const own = await readModels.activeGeneration(place);
  if (own?.isComplete) return own;
  const earlier = (await readModels.generations()).filter(
    (each) =>
      each.name === name &&
      each.state === "active" &&
      each.isComplete &&
      each.version < version &&
      labelOf(each) === undefined,
  );
  return earlier.toSorted((a, b) => b.version - a.version)[0] ?? own;
}
