/** The rows that a writer is working on: read once, changed in memory, written once per commit. */

import { KeyFilter } from "./key-filter.js";
import type { Generation, ReadModelStore, Row } from "./read-model-store.js";

/** The place of a row in the cache. */
export interface Entry<R> {
  readonly key: string;
  /** `undefined`: it is known not to exist. */
  row: R | undefined;
  isDirty: boolean;
}

export class RowCache<R extends Row = Row> {
  private readonly entries = new Map<string, Entry<R>>();
  private dirty: Entry<R>[] = [];
  /** Every key that was ever written, where this began with the generation. */
  private written: KeyFilter | undefined;
  /** What the first commit wrote: most rebuilds end with it, and need no filter. */
  private first: readonly Entry<R>[] | undefined;

  /**
   * @param complete true when rows that are not cached are known not to exist: a new generation, until its first commit
   * @param prefix what the keys of the rows begin with; here they are told without it
   */
  constructor(
    private readonly readModels: Pick<ReadModelStore, "rows">,
    private readonly generation: Generation,
    private readonly maxClean: number,
    private complete: boolean,
    private readonly prefix = "",
  ) {}

  get dirtyCount(): number {
    return this.dirty.length;
  }

  /** Rows in memory, those that are known not to exist included. */
  get size(): number {
    return this.entries.size;
  }

  /** Loads those of the rows that are not here yet, so that `get` can answer. */
  async prepare(keys: Iterable<string>): Promise<void> {
    if (this.complete) return;
    this.remember();
    const missing: string[] = [];
    for (const key of keys)
      if (!this.entries.has(key)) {
        this.entries.set(key, { key, row: undefined, isDirty: false });
        if (this.written?.mayHold(key) ?? true) missing.push(key);
      }
    if (missing.length === 0) return;
    try {
      const { prefix } = this;
      const found = await this.readModels.rows(
        this.generation,
        missing.map((key) => prefix + key),
      );
      for (const [key, row] of found) this.entries.get(key.slice(prefix.length))!.row = frozen(row as R);
    } catch (error) {
      for (const key of missing) this.entries.delete(key);
      throw error;
    }
  }

  /** What `get` answers; `null` where `prepare` must come first. */
  find(key: string): R | undefined | null {
    const entry = this.entries.get(key);
    return entry ? entry.row : this.complete ? undefined : null;
  }

  /** Whether `get` can answer without `prepare`. */
  has(key: string): boolean {
    return this.complete || this.entries.has(key);
  }

  get(key: string): R | undefined {
    return this.entries.get(key)?.row;
  }

  /** The place of a row, for who looks at it and changes it: it is looked up once. */
  at(key: string): Entry<R> {
    let entry = this.entries.get(key);
    if (!entry) this.entries.set(key, (entry = { key, row: undefined, isDirty: false }));
    return entry;
  }

  set(key: string, row: R | undefined): void {
    this.write(this.at(key), row);
  }

  write(entry: Entry<R>, row: R | undefined): void {
    entry.row = row;
    if (entry.isDirty) return;
    entry.isDirty = true;
    this.dirty.push(entry);
  }

  /** What the next commit writes. */
  *changes(): Iterable<readonly [string, R | undefined]> {
    for (const { key, row } of this.dirty) yield [this.prefix + key, row];
  }

  /** The changes are committed: they are clean now. */
  committed(): void {
    if (this.complete) this.first = this.dirty;
    else this.remember();
    this.complete = false;
    for (const entry of this.dirty) {
      entry.isDirty = false;
      this.written?.add(entry.key);
    }
    this.dirty = [];
    this.trim();
  }

  /** From now on `written` tells what the first commit wrote, too. */
  private remember(): void {
    if (!this.first) return;
    this.written = new KeyFilter();
    for (const { key } of this.first) this.written.add(key);
    this.first = undefined;
  }

  /** Lets the oldest of what is clean go, when there is too much of it. */
  trim(): void {
    let excess = this.entries.size - this.dirty.length - this.maxClean;
    if (excess <= 0 || this.complete) return;
    for (const { key, isDirty } of this.entries.values()) {
      if (excess <= 0) break;
      if (isDirty) continue;
      this.entries.delete(key);
      excess--;
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
