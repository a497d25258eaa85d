/** The progress of a rebuild of one projection, by positions of the log. */

import type { RebuildProgress } from "../../src/index.js";
import { progress, type Progress } from "../command-line.js";
import { Writing } from "./writing.js";

/** @param endOf how far it goes, where that is known */
export async function watching<T>(
  label: string,
  endOf: (said: RebuildProgress) => bigint | undefined,
  work: (onProgress: (said: RebuildProgress) => void) => Promise<T>,
): Promise<T> {
  const writing = new Writing();
  let shown: Progress | undefined;
  try {
    return await work((said) => {
      const end = endOf(said);
      shown ??= progress(label, end === undefined ? undefined : Number(end), "positions");
      shown.update(Number(said.position ?? 0n), writing.besides(said));
    });
  } finally {
    shown?.end();
  }
}
