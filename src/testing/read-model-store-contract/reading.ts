/** Contract cases: reading a generation that one holds, whether it serves or is in the making. */

import assert from "node:assert/strict";
import { Fenced, InvalidQuery } from "../../errors.js";
import type { Generation, Row } from "../../projection/read-model-store.js";
import { checkpointAt, commitOf, liveLease, type Given } from "./storage.js";

type After = { readonly value: number; readonly key: string };

export function describeReading(given: Given): void {
  it("returns the rows that there are of those asked for", async () => {
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 }, b: { n: 2 }, "\uFFFD": { n: 3 } }));
    assert.deepEqual(await given.store.rows(generation, []), new Map());
    const found = await given.store.rows(generation, ["b", "none", "a", "a", "\uD83D"]);
    assert.equal(found.size, 2);
    assert.deepEqual([found.get("a"), found.get("b")], [{ n: 1 }, { n: 2 }]);
  });

  it("reads every row in the order of the keys, by pages that are not empty", async () => {
    const { generation, lease } = await given.building();
    for await (const page of given.store.allRows(generation)) assert.fail(`found ${page.length} rows where none are`);
    const keys = Array.from({ length: 5000 }, (_, i) => `k${String(i).padStart(5, "0")}`);
    const expected = ["", ...keys, "\uFFFD", "😀"];
    const rows = expected.map((key) => [key, { key }] as [string, Row]).reverse();
    await given.store.commit(generation, lease, { rows, checkpoint: checkpointAt(1n) });
    const found: string[] = [];
    for await (const page of given.store.allRows(generation)) {
      assert.ok(page.length > 0 && page.length < expected.length);
      for (const { key, row } of page) {
        assert.deepEqual(row, { key });
        found.push(key);
      }
    }
    assert.deepEqual(found, expected);
  });

  it("says so when the generation goes away while it is read", async () => {
    const { generation, lease } = await given.building();
    const rows = Array.from({ length: 5000 }, (_, i) => [`k${i}`, {}] as [string, Row]);
    await given.store.commit(generation, lease, { rows, checkpoint: checkpointAt(1n) });
    const reading = async () => {
      for await (const page of given.store.allRows(generation)) {
        assert.ok(page.length > 0);
        await given.store.drop(generation, lease);
      }
    };
    await assert.rejects(reading(), Fenced);
  });

  const inOrder = async (generation: Generation, after?: After, limit = 100) => {
    const found = await given.store.rowsInOrder(generation, "count", { after, limit });
    return found.map(({ key, row }) => `${(row as { count: number }).count}:${key}`);
  };
  const timed = {
    z: { count: -2.5 },
    ten: { count: 10 },
    nine: { count: 9 },
    b: { count: 9.5 },
    a: { count: 9.5 },
    "😀": { count: 9.5 },
    "\uFFFD": { count: 9.5 },
    zero: { count: 0 },
    late: { count: 1_700_000_000_000 },
    text: { count: "5" },
    yes: { count: true },
    no: { count: false },
    nothing: { count: null },
    absent: {},
    list: { count: [3] },
  };
  const sorted = [
    "-2.5:z",
    "0:zero",
    "9:nine",
    "9.5:a",
    "9.5:b",
    "9.5:\uFFFD",
    "9.5:😀",
    "10:ten",
    "1700000000000:late",
  ];

  for (const state of ["in the making", "that serves"])
    it(`sorts rows of a generation ${state} by a number, then by key`, async () => {
      const { generation, lease } = await given.building();
      await given.store.commit(generation, lease, commitOf(timed));
      if (state === "that serves") await given.store.activate(generation, lease, { workerLease: liveLease });
      assert.deepEqual(await inOrder(generation), sorted);
      assert.deepEqual(await inOrder(generation, undefined, 4), sorted.slice(0, 4));
      for (const limit of [1, 2, 3, 100])
        for (const [i, entry] of sorted.entries()) {
          const [value, key] = entry.split(":") as [string, string];
          assert.deepEqual(
            await inOrder(generation, { value: Number(value), key }, limit),
            sorted.slice(i + 1, i + 1 + limit),
          );
        }
      assert.deepEqual(await inOrder(generation, { value: 9.4, key: "zzz" }, 1), ["9.5:a"]);
    });

  it("sorts rows as they are now", async () => {
    const { generation, lease } = await given.building();
    assert.deepEqual(await inOrder(generation), []);
    await given.store.commit(generation, lease, commitOf({ a: { count: 1 }, b: { count: 2 }, c: { count: 3 } }));
    assert.deepEqual(await inOrder(generation), ["1:a", "2:b", "3:c"]);
    await given.store.commit(
      generation,
      lease,
      commitOf({ a: { count: 9 }, b: undefined, c: {}, d: { count: 0 } }, 2n),
    );
    assert.deepEqual(await inOrder(generation), ["0:d", "9:a"]);
  });

  it("sorts only by an indexed field, and only a generation that is there", async () => {
    const { generation, lease } = await given.building();
    await assert.rejects(given.store.rowsInOrder(generation, "total", { limit: 1 }), InvalidQuery);
    await assert.rejects(given.store.rowsInOrder(generation, "count", { limit: 0 }), InvalidQuery);
    await given.store.drop(generation, lease);
    await assert.rejects(given.store.rowsInOrder(generation, "count", { limit: 1 }), Fenced);
  });
}
