import { expect } from "chai";
import fc from "fast-check";
import { DueQueue, type Due } from "../../src/observer/due-queue.js";
import { runs } from "../runs.js";

const before = (a: Due, b: Due) => (a.atMs === b.atMs ? (a.key < b.key ? -1 : 1) : a.atMs - b.atMs);

/** A queue beside an index that knows everything, as the read model does for the real one. */
class Indexed {
  readonly queue: DueQueue;
  private index: Due[] = [];
  refills = 0;

  constructor(private readonly capacity: number) {
    this.queue = new DueQueue(capacity);
  }

  add(entry: Due): void {
    this.index = [...this.index, entry].toSorted(before);
    this.queue.add(entry);
  }

  next(): Due | undefined {
    while (this.queue.exhausted) {
      this.refills++;
      const { until } = this.queue;
      const later = this.index.filter((entry) => until && before(until, entry) < 0).slice(0, this.capacity);
      this.queue.refill(later, later.length === this.capacity);
    }
    return this.queue.peek();
  }

  take(): Due | undefined {
    const next = this.next();
    this.queue.pop();
    this.index = this.index.filter((entry) => entry !== next);
    return next;
  }
}

describe("the queue of deadlines", () => {
  it("gives them out in the order of time, then of key", () => {
    const queue = new DueQueue(100);
    for (const [atMs, key] of [
      [5, "b"],
      [1, "z"],
      [5, "a"],
      [3, "c"],
    ] as const)
      queue.add({ atMs, key });
    const order = Array.from({ length: 5 }, () => queue.pop()?.key);
    expect(order).to.deep.equal(["z", "c", "a", "b", undefined]);
    expect(queue.exhausted).to.equal(false);
  });

  it("keeps the earliest, vouches up to a horizon, and leaves what is later to the index", () => {
    const queue = new DueQueue(2);
    for (const atMs of [50, 40, 30, 20, 10]) queue.add({ atMs, key: "k" });
    expect(queue.until).to.deep.equal({ atMs: 20, key: "k" });
    queue.add({ atMs: 60, key: "k" });
    queue.add({ atMs: 15, key: "k" });
    expect([queue.pop()?.atMs, queue.pop()?.atMs, queue.pop()?.atMs, queue.pop()]).to.deep.equal([
      10,
      15,
      20,
      undefined,
    ]);
    expect(queue.exhausted).to.equal(true);
    queue.refill([{ atMs: 30, key: "k" }], false);
    expect(queue.until).to.equal(undefined);
    expect(queue.pop()?.atMs).to.equal(30);
    expect(queue.exhausted).to.equal(false);
  });

  it("leaves to the index what is latest, wherever it stood", () => {
    const queue = new DueQueue(2);
    for (const atMs of [10, 50, 20, 60, 30]) queue.add({ atMs, key: "k" });
    expect(queue.ahead(9).map(({ atMs }) => atMs)).to.have.members([10, 20]);
    expect(queue.ahead(1)).to.deep.equal([{ atMs: 10, key: "k" }]);
    expect(queue.until).to.deep.equal({ atMs: 20, key: "k" });
    queue.add({ atMs: 20, key: "k" });
    queue.add({ atMs: 20, key: "l" });
    expect(queue.ahead(9), "one at the horizon itself is kept").to.have.length(3);
  });

  it("is, with its index, the same as a sorted list, whatever its capacity", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ atMs: fc.integer({ min: 0, max: 30 }) }) },
      { weight: 2, arbitrary: fc.constant("take" as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (steps, capacity) => {
        const indexed = new Indexed(capacity);
        let list: Due[] = [];
        for (const [i, each] of steps.entries())
          if (each === "take") {
            expect(indexed.take()).to.equal(list[0]);
            list = list.slice(1);
          } else {
            const entry = { atMs: each.atMs, key: `case-${i % 7}-${i}` };
            indexed.add(entry);
            list = [...list, entry].toSorted(before);
          }
        for (const entry of list) expect(indexed.take()).to.equal(entry);
        expect(indexed.take()).to.equal(undefined);
      }),
      { numRuns: runs(300, 20_000) },
    );
  });
});
