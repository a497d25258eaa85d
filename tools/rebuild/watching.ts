/** The progress of a rebuild, by positions of the log, of which it begins wherever it begins. */

import type { RebuildProgress } from "../../src/index.js";
import { progress, type Progress } from "../command-line.js";
import { Writing } from "./writing.js";

/**
 * @param endOf how far it goes, where that is known
 * @param work may be of several read models: the one that is furthest counts
 */
export async function watching<T>(
  label: string,
  endOf: (said: RebuildProgress) => bigint | undefined,
  work: (onProgress: (said: RebuildProgress) => void) => Promise<T>,
): Promise<T> {
  const writing = new Writing();
  let shown: Progress | undefined;
  let first: bigint | undefined;
  let furthest = 0n;
  try {
    return await work((said) => {
      const { position = 0n } = said;
      const end = endOf(said);
      first ??= position;
      // Positions stand in for events, of which nobody knows beforehand how many there are.
      shown ??= progress(label, end === undefined ? undefined : Number(end - first), "positions");
      if (position > furthest) furthest = position;
      shown.update(Number(furthest - first), writing.besides(said));
    });
  } finally {
    shown?.end();
  }
}
