/** Contract cases: rows and checkpoint are written together, by who holds the lease, or not at all. */

import assert from "node:assert/strict";
import { Fenced, InvalidRow } from "../../errors.js";
import type { Row } from "../../projection/read-model-store.js";
import { checkpointAt, commitOf, contentOf, orders, ttlMs, type Given } from "./storage.js";

export function describeCommits(given: Given): void {
  it("writes rows and checkpoint, which every store sees at once", async () => {
    const other = await given.open();
    const { generation, lease } = await given.live();
    const checkpoint = { ...checkpointAt(2n ** 60n + 1n), state: { due: [1, 2] } };
    await given.store.commit(generation, lease, { rows: new Map([["7", { status: "open" }]]), checkpoint });
    assert.deepEqual(await other.findRow("orders", "7"), { status: "open" });
    assert.deepEqual((await other.activeGeneration("orders"))?.checkpoint, checkpoint);
  });

  it("replaces a row as a whole, and removes one that is undefined", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(generation, lease, commitOf({ a: { one: 1, two: 2 }, b: { one: 1 }, c: { one: 1 } }));
    await given.store.commit(generation, lease, commitOf({ a: { one: 9 }, b: undefined, none: undefined }, 2n));
    assert.deepEqual(await contentOf(given.store, generation), { a: { one: 9 }, c: { one: 1 } });
  });

  it("lets the last one count of several changes of a row in one commit", async () => {
    const { generation, lease } = await given.live();
    const rows: [string, Row | undefined][] = [
      ["b", { n: 1 }],
      ["a", { n: 1 }],
      ["a", { n: 2 }],
      ["b", undefined],
    ];
    await given.store.commit(generation, lease, { rows, checkpoint: checkpointAt(1n) });
    assert.deepEqual(await contentOf(given.store, generation), { a: { n: 2 } });
  });

  it("moves the checkpoint without rows", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(generation, lease, commitOf({}, 5n));
    assert.deepEqual((await given.store.activeGeneration("orders"))?.checkpoint, checkpointAt(5n));
  });

  it("writes as many rows as come, in whatever order", async () => {
    const { generation, lease } = await given.live();
    for (const count of [1, 7, 8, 9, 16, 17, 2500]) {
      const keys = Array.from({ length: count }, (_, i) => `${count}-${(i * 7919) % count}`);
      const rows = keys.map((key) => [key, { key, count }] as const);
      await given.store.commit(generation, lease, { rows, checkpoint: checkpointAt(BigInt(count)) });
      const found = await given.store.rows(generation, keys);
      assert.equal(found.size, count);
      for (const key of keys) assert.deepEqual(found.get(key), { key, count });
    }
  });

  it("keeps keys apart that differ in case, form, blanks or script, and the empty one", async () => {
    const { generation, lease } = await given.live();
    const keys = [
      "",
      " ",
      "a",
      "A",
      "a ",
      "ä",
      "a\u0308",
      "😀",
      "\uFFFD",
      "日本",
      "it's",
      'quo"te',
      "back\\slash",
      "%",
    ];
    await given.store.commit(generation, lease, {
      rows: keys.map((key) => [key, { key }] as const),
      checkpoint: checkpointAt(1n),
    });
    for (const key of keys) assert.deepEqual(await given.store.findRow("orders", key), { key });
    const found = await given.store.rows(generation, keys);
    assert.deepEqual([...found.keys()].sort(), [...keys].sort());
  });

  it("keeps what JSON keeps of a row", async () => {
    const { generation, lease } = await given.live();
    const row = {
      text: "“ü”\n\t😀",
      n: 0.1,
      list: [1, null, { a: "b" }],
      nothing: null,
      yes: true,
      long: "x".repeat(1e6),
    };
    const rows = { a: { ...row, gone: undefined, date: new Date(0) } };
    await given.store.commit(generation, lease, commitOf(rows));
    assert.deepEqual(await given.store.findRow("orders", "a"), { ...row, date: "1970-01-01T00:00:00.000Z" });
  });

  it("writes nothing when one of the rows is no JSON object, or a key cannot be stored", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 } }));
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const wrong = [{ n: 1n }, cycle, [1], "text", 7, null, new Date(0), () => 1] as Row[];
    for (const row of wrong)
      await assert.rejects(
        given.store.commit(generation, lease, commitOf({ a: { n: 2 }, b: row, c: {} }, 2n)),
        InvalidRow,
      );
    await assert.rejects(
      given.store.commit(generation, lease, commitOf({ a: { n: 2 }, "\uD83D": {} }, 2n)),
      InvalidRow,
    );
    assert.deepEqual(await contentOf(given.store, generation), { a: { n: 1 } });
    assert.deepEqual((await given.store.activeGeneration("orders"))?.checkpoint, checkpointAt(1n));
  });

  it("writes nothing when the rows cannot be produced to the end", async () => {
    const { generation, lease } = await given.live();
    function* rows(): Generator<[string, Row]> {
      yield ["a", { n: 1 }];
      throw new Error("the fold broke");
    }
    const commit = given.store.commit(generation, lease, { rows: rows(), checkpoint: checkpointAt(1n) });
    await assert.rejects(commit, /the fold broke/);
    assert.deepEqual(await contentOf(given.store, generation), {});
    assert.equal((await given.store.activeGeneration("orders"))?.checkpoint, undefined);
  });

  it("writes nothing for a stalled worker that wakes up after another took over", async () => {
    const { generation, lease: stalled } = await given.live();
    const other = await given.open();
    await given.clock.advance(ttlMs);
    const present = await given.lease(stalled.name, "worker-2", other);
    await other.commit(generation, present, commitOf({ a: { by: "present" } }, 2n));
    await assert.rejects(
      given.store.commit(generation, stalled, commitOf({ a: { by: "stalled" }, b: {} }, 3n)),
      Fenced,
    );
    assert.deepEqual(await contentOf(given.store, generation), { a: { by: "present" } });
    assert.deepEqual((await given.store.activeGeneration("orders"))?.checkpoint, checkpointAt(2n));
  });

  it("writes for a worker whose lease expired as long as nobody took it", async () => {
    const { generation, lease } = await given.live();
    await given.clock.advance(10 * ttlMs);
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 } }));
    assert.deepEqual(await contentOf(given.store, generation), { a: { n: 1 } });
  });

  it("writes nothing with a lease that was released, or that nobody was given", async () => {
    const { generation, lease } = await given.live();
    const wrong = [
      { ...lease, token: lease.token + 1 },
      { ...lease, holder: "stranger" },
      { ...lease, name: "live:payments" },
    ];
    for (const each of wrong) await assert.rejects(given.store.commit(generation, each, commitOf({ a: {} })), Fenced);
    await given.store.release(lease);
    await assert.rejects(given.store.commit(generation, lease, commitOf({ a: {} })), Fenced);
    assert.deepEqual(await contentOf(given.store, generation), {});
  });

  it("does not bring back a generation that was dropped", async () => {
    const { generation, lease } = await given.building();
    await given.store.drop(generation, lease);
    await assert.rejects(given.store.commit(generation, lease, commitOf({ a: {} })), Fenced);
    await assert.rejects(given.store.rows(generation, ["a"]), Fenced);
    await assert.rejects(contentOf(given.store, generation), Fenced);
  });

  it("keeps the rows of two read models apart", async () => {
    const { generation, lease } = await given.live();
    const paymentsLease = await given.lease("live:payments");
    const payments = await given.store.openActive(orders({ name: "payments" }), paymentsLease);
    await Promise.all([
      given.store.commit(generation, lease, commitOf({ a: { of: "orders" } })),
      given.store.commit(payments, paymentsLease, commitOf({ a: { of: "payments" } })),
    ]);
    assert.deepEqual(await given.store.findRow("orders", "a"), { of: "orders" });
    assert.deepEqual(await given.store.findRow("payments", "a"), { of: "payments" });
  });
}
