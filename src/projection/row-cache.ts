/** The rows that a writer is working on: read once, changed in memory, written once per commit. */

import type { Generation, ReadModelStore, Row } from "./read-model-store.js";

export class RowCache<R extends Row = Row> {
  // `undefined` is a row that is known not to exist.
  private readonly rows = new Map<string, R | undefined>();
  private readonly dirty = new Set<string>();

  /**
   * @param complete true when rows that are not cached are known not to exist: a new generation, until its first commit
   */
  constructor(
    private readonly readModels: ReadModelStore,
    private readonly generation: Generation,
    private readonly maxClean: number,
    private complete: boolean,
  ) {}

  get dirtyCount(): number {
    return this.dirty.size;
  }

  /** Rows in memory, those that are known not to exist included. */
  get size(): number {
    return this.rows.size;
  }

  /** Loads those of the rows that are not here yet, so that `get` can answer. */
  async prepare(keys: Iterable<string>): Promise<void> {
    if (this.complete) return;
    const missing = new Set<string>();
    for (const key of keys) if (!this.rows.has(key)) missing.add(key);
    if (missing.size === 0) return;
    const found = await this.readModels.rows(this.generation, [...missing]);
    for (const key of missing) {
      const row = found.get(key) as R | undefined;
      this.rows.set(key, row && frozen(row));
    }
  }

  /** Whether `get` can answer without `prepare`. */
  has(key: string): boolean {
    return this.complete || this.rows.has(key);
  }

  get(key: string): R | undefined {
    return this.rows.get(key);
  }

  set(key: string, row: R | undefined): void {
    this.rows.set(key, row);
    this.dirty.add(key);
  }

  /** What the next commit writes. */
  *changes(): Iterable<readonly [string, R | undefined]> {
    for (const key of this.dirty) yield [key, this.rows.get(key)];
  }

  /** The changes are committed: they are clean now, and the oldest of what is clean may go. */
  committed(): void {
    this.dirty.clear();
    this.complete = false;
    let excess = this.rows.size - this.maxClean;
    for (const key of this.rows.keys()) {
      if (excess-- <= 0) break;
      this.rows.delete(key);
    }
  }
}

/**
 * The row, immutable in depth, so that a fold that changes its row in place fails at once and not when history is
 * replayed. What is frozen already was frozen here, in depth: a row that shares most of its parts costs little.
 */
export function frozen<R extends Row>(row: R): R {
  for (const key in row) {
    const part = row[key];
    if (typeof part === "object" && part !== null && !Object.isFrozen(part) && !ArrayBuffer.isView(part)) frozen(part);
  }
  return Object.freeze(row);
}
