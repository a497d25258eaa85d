/** A checkpoint as the values of columns, which every store keeps in the same order. */

import type { Checkpoint } from "../subscription/checkpoint-store.js";

export type CheckpointValues = [
  storeId: string,
  position: bigint | null,
  handled: number,
  recordedAtMs: number | null,
  state: string | null,
];

export function valuesOf({ storeId, position, handled, recordedAtMs, state }: Checkpoint): CheckpointValues {
  // Undefined for what JSON has no words for, `undefined` first of all.
  const stateText = JSON.stringify(state) as string | undefined;
  return [storeId, position ?? null, handled, recordedAtMs ?? null, stateText ?? null];
}
