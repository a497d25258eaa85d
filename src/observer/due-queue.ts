/** When which case needs attention next: a bounded part in memory, the rest found by the index of the read model. */

export interface Due {
  readonly atMs: number;
  readonly key: string;
}

const before = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.key < b.key);

/**
 * A binary heap of the earliest entries. `horizon` is the last that memory holds: what comes later is left to the
 * index, and the queue says `exhausted` when it must be asked. Entries are never removed; those that are no longer
 * true are recognised by the case when they come up.
 */
export class DueQueue {
  private heap: Due[] = [];
  /** `undefined`: everything is in memory. */
  private horizon: Due | undefined;

  constructor(private readonly capacity: number) {}

  /** The last entry that memory vouches for; `undefined` when it holds all. */
  get until(): Due | undefined {
    return this.horizon;
  }

  /** True when the next entry, if there is one, is known to the index alone. */
  get exhausted(): boolean {
    return this.heap.length === 0 && this.horizon !== undefined;
  }

  /** Takes what the index holds after the horizon, in order; `more` when it holds still later ones. */
  refill(entries: readonly Due[], more: boolean): void {
    this.horizon = more ? entries.at(-1) : undefined;
    for (const entry of entries) this.add(entry);
  }

  add(entry: Due): void {
    if (this.horizon && before(this.horizon, entry)) return;
    this.heap.push(entry);
    this.up(this.heap.length - 1);
    if (this.heap.length > 2 * this.capacity) this.shrink();
  }

  peek(): Due | undefined {
    return this.heap[0];
  }

  /** About the next `count` entries, in no order. */
  ahead(count: number): readonly Due[] {
    return this.heap.slice(0, count);
  }

  pop(): Due | undefined {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (first && last && this.heap.length > 0) {
      this.heap[0] = last;
      this.down(0);
    }
    return first;
  }

  private shrink(): void {
    // A sorted array is a heap.
    this.heap.sort((a, b) => (before(a, b) ? -1 : 1));
    this.heap.length = this.capacity;
    this.horizon = this.heap.at(-1);
  }

  private up(index: number): void {
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!before(this.heap[child]!, this.heap[parent]!)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  private down(index: number): void {
    for (let parent = index; ;) {
      const left = 2 * parent + 1;
      if (left >= this.heap.length) return;
      const right = left + 1;
      const child = right < this.heap.length && before(this.heap[right]!, this.heap[left]!) ? right : left;
      if (!before(this.heap[child]!, this.heap[parent]!)) return;
      this.swap(child, parent);
      parent = child;
    }
  }

  private swap(a: number, b: number): void {
    [this.heap[a], this.heap[b]] = [this.heap[b]!, this.heap[a]!];
  }
}
