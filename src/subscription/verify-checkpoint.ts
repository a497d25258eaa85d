/** A checkpoint is of use only with the log that it belongs to. */

import { CheckpointMismatch } from "../errors.js";
import type { EventStore } from "../store/event-store.js";
import type { Checkpoint } from "./checkpoint-store.js";
import type { Subscriber } from "./subscriber.js";

/** @throws CheckpointMismatch when it is of another log, or beyond the head of this one. */
export async function verifyCheckpoint(
  { name, rebuildable = true }: Pick<Subscriber, "name" | "rebuildable">,
  checkpoint: Checkpoint | undefined,
  store: EventStore,
): Promise<void> {
  if (!checkpoint) return;
  const storeId = await store.storeId();
  if (checkpoint.storeId !== storeId)
    throw new CheckpointMismatch(
      name,
      `its checkpoint is of log ${checkpoint.storeId}, this log is ${storeId}.`,
      rebuildable,
    );
  if (checkpoint.position === undefined) return;
  const head = await store.head();
  if (head === undefined || checkpoint.position > head)
    throw new CheckpointMismatch(
      name,
      `its checkpoint is at position ${checkpoint.position}, the log ends at ${head ?? "nothing"} (was it restored from a backup?).`,
      rebuildable,
    );
}
