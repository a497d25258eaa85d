/** Where snapshots are kept: a port of its own, beside the log and never in it. */

import { LRUCache } from "lru-cache";

/**
 * Keeps one text for each stream. It is a cache: what it forgets costs time and changes nothing, so nothing in it need be
 * durable, and it may be emptied at any time. What it gives back is checked; what it throws is told, and fails no command.
 */
export interface SnapshotStore {
  /** What was saved last; `undefined` when there is nothing. */
  load(storeId: string, streamName: string): Promise<string | undefined>;
  /** Takes the place of what was saved before. */
  save(storeId: string, streamName: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** Keeps the snapshots that were used last, for as long as the process lives. */
export class MemorySnapshotStore implements SnapshotStore {
  private readonly texts: LRUCache<string, string>;

  /** @param most how many it keeps */
  constructor(most = 10_000) {
    this.texts = new LRUCache({ max: most });
  }

  async load(storeId: string, streamName: string): Promise<string | undefined> {
    return this.texts.get(keyOf(storeId, streamName));
  }

  async save(storeId: string, streamName: string, text: string): Promise<void> {
    this.texts.set(keyOf(storeId, streamName), text);
  }

  async close(): Promise<void> {
    this.texts.clear();
  }
}

const keyOf = (storeId: string, streamName: string) => JSON.stringify([storeId, streamName]);
