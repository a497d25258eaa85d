/** Contract cases: queries of the generation that serves. */

import assert from "node:assert/strict";
import { InvalidQuery, UnknownReadModel } from "../../errors.js";
import type { ReadModelStore, Row, RowQuery } from "../../projection/read-model-store.js";
import { commitOf, liveLease, orders, type Given } from "./storage.js";

type Where = NonNullable<RowQuery["where"]>;

async function keysOf(store: ReadModelStore, where: Where, limit = 1000): Promise<string[]> {
  const keys: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.findRows("orders", { where, limit, cursor });
    assert.ok(page.rows.length <= limit);
    keys.push(...page.rows.map(({ key }) => key));
    assert.equal(new Set(keys).size, keys.length, "a row came twice");
    if (page.nextCursor === undefined) return keys;
    assert.equal(page.rows.length, limit);
    cursor = page.nextCursor;
  }
}

const numbered = (count: number, row: (i: number) => Row) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${String(i).padStart(4, "0")}`, row(i)]));

export function describeQueries(given: Given): void {
  it("finds a row by its key, and nothing under other keys", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 }, "\uFFFD": { n: 2 } }));
    assert.deepEqual(await given.store.findRow("orders", "a"), { n: 1 });
    for (const key of ["A", "", "a ", "\uD83D"]) assert.equal(await given.store.findRow("orders", key), undefined);
  });

  it("names the read models that it has when asked for another", async () => {
    await given.live();
    await assert.rejects(given.store.findRow("payments", "a"), (error: UnknownReadModel) => {
      assert.ok(error instanceof UnknownReadModel);
      assert.deepEqual([error.readModel, error.known], ["payments", ["orders"]]);
      return true;
    });
    await assert.rejects(given.store.findRows("payments", { limit: 1 }), UnknownReadModel);
  });

  it("sorts rows by the bytes of their keys", async () => {
    const { generation, lease } = await given.live();
    const sorted = ["", " ", "10", "9", "A", "B", "a", "a b", "ab", "b", "ä", "日本", "\uFFFD", "😀"];
    await given.store.commit(generation, lease, commitOf(Object.fromEntries(sorted.map((key) => [key, {}]).reverse())));
    assert.deepEqual(await keysOf(given.store, {}), sorted);
    assert.deepEqual(await keysOf(given.store, {}, 1), sorted);
  });

  for (const limit of [1, 4, 5, 6, 10, 11, 1000])
    it(`leads through ten rows by pages of ${limit}, each row once`, async () => {
      const { generation, lease } = await given.live();
      const rows = numbered(10, (i) => ({ n: i }));
      await given.store.commit(generation, lease, commitOf(rows));
      assert.deepEqual(await keysOf(given.store, {}, limit), Object.keys(rows));
    });

  it("neither repeats nor leaves out a row when others come and go between two pages", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(generation, lease, commitOf({ b: {}, d: {}, f: {}, h: {} }));
    const first = await given.store.findRows("orders", { limit: 2 });
    await given.store.commit(generation, lease, commitOf({ a: {}, c: {}, d: undefined, g: {} }, 2n));
    const second = await given.store.findRows("orders", { limit: 10, cursor: first.nextCursor });
    assert.deepEqual(
      second.rows.map(({ key }) => key),
      ["f", "g", "h"],
    );
  });

  const fieldValues: readonly (readonly [key: string, row: Row])[] = [
    ["a", { status: "open", count: 1, paid: true }],
    ["b", { status: "open", count: 2, paid: false }],
    ["c", { status: "1", count: "1", paid: "true" }],
    ["d", { status: 1, count: true, paid: 1 }],
    ["e", { status: "Open", count: 0, paid: 0 }],
    ["f", { status: null, count: null, paid: null }],
    ["g", {}],
    ["h", { status: ["open"], count: { n: 1 }, paid: [true] }],
    ["i", { status: 'it\'s "ü" \\ 😀\n', count: 0.1, paid: "" }],
    ["j", { status: "", count: -1e21, paid: "0" }],
    ["k", { status: "open ", count: 2 ** 53 - 1, paid: "false" }],
  ];
  const filters: readonly (readonly [where: Where, keys: string])[] = [
    [{ status: "open" }, "ab"],
    [{ status: "1" }, "c"],
    [{ status: 1 }, "d"],
    [{ count: 1 }, "a"],
    [{ count: "1" }, "c"],
    [{ count: true }, "d"],
    [{ count: 0 }, "e"],
    [{ count: -0 }, "e"],
    [{ paid: true }, "a"],
    [{ paid: false }, "b"],
    [{ paid: "true" }, "c"],
    [{ paid: 1 }, "d"],
    [{ paid: 0 }, "e"],
    [{ status: "null" }, ""],
    [{ status: '["open"]' }, ""],
    [{ status: 'it\'s "ü" \\ 😀\n' }, "i"],
    [{ count: 0.1 }, "i"],
    [{ count: -1e21 }, "j"],
    [{ count: 2 ** 53 - 1 }, "k"],
    [{ status: "" }, "j"],
    [{ paid: "" }, "i"],
    [{ status: "open", paid: false }, "b"],
    [{ status: "open", count: 1, paid: true }, "a"],
    [{ status: "open", count: 3 }, ""],
    [{}, "abcdefghijk"],
  ];
  it("filters by strings, numbers and booleans, and never takes one for another", async () => {
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, commitOf(Object.fromEntries(fieldValues)));
    await given.store.activate(generation, lease, { workerLease: liveLease });
    for (const [where, keys] of filters)
      for (const limit of [1, 1000])
        assert.equal((await keysOf(given.store, where, limit)).join(""), keys, JSON.stringify(where));
  });

  it("counts rows by the text of an indexed field, those with a prefix alone where one is given", async () => {
    const { generation, lease } = await given.live();
    const rows = { "a/1": { status: "x" }, "a/2": { status: "x" }, "a/3": { status: "y" }, "b/1": { status: "x" } };
    const others = { "a/4": { status: 1 }, "a/5": {}, "a/6": { status: ["x"] }, a0: { status: "x" } };
    await given.store.commit(generation, lease, commitOf({ ...rows, ...others }));
    const counted = async (prefix?: string) =>
      Object.fromEntries(await given.store.countRows("orders", "status", prefix));
    assert.deepEqual(await counted("a/"), { x: 2, y: 1 });
    assert.deepEqual(await counted(), { x: 4, y: 1 });
    assert.deepEqual(await counted("c/"), {});
    await assert.rejects(given.store.countRows("orders", "colour"), InvalidQuery);
    await assert.rejects(given.store.countRows("payments", "status"), UnknownReadModel);
  });

  it("filters rows as they are now", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(
      generation,
      lease,
      commitOf({ a: { status: "x" }, b: { status: "x" }, c: { status: "x" } }),
    );
    await given.store.commit(generation, lease, commitOf({ a: { status: "y" }, b: undefined }, 2n));
    assert.deepEqual(await keysOf(given.store, { status: "x" }), ["c"]);
    assert.deepEqual(await keysOf(given.store, { status: "y" }), ["a"]);
  });

  it("leads through filtered rows by pages", async () => {
    const { generation, lease } = await given.live();
    const rows = numbered(300, (i) => ({ status: i % 3 === 0 ? "x" : "y", count: i % 2 }));
    await given.store.commit(generation, lease, commitOf(rows));
    const expected = Object.keys(rows).filter((_, i) => i % 6 === 3);
    assert.deepEqual(await keysOf(given.store, { status: "x", count: 1 }, 7), expected);
  });

  it("indexes fields whatever letters they are called by", async () => {
    const indexes = ["Status", "status", "größe", "$ref", "a-b", "_", "0", "select", "__proto__"];
    const { generation, lease } = await given.live({ indexes: [...indexes, "status"] });
    const row = JSON.parse(`{${indexes.map((field) => `"${field}":"${field}!"`).join()}}`) as Row;
    await given.store.commit(generation, lease, commitOf({ a: row, b: {} }));
    for (const field of indexes) {
      const where = (value: string) => JSON.parse(`{"${field}":"${value}"}`) as Where;
      assert.deepEqual(await keysOf(given.store, where(`${field}!`)), ["a"], field);
      assert.deepEqual(await keysOf(given.store, where("other")), [], field);
    }
  });

  const refused: readonly (readonly [what: string, query: RowQuery, message: RegExp])[] = [
    ["a limit of 0", { limit: 0 }, /limit.*1 to 1000.*found 0/],
    ["a limit of 1001", { limit: 1001 }, /limit.*1 to 1000.*found 1001/],
    ["half a row", { limit: 1.5 }, /limit/],
    ["no limit", { limit: undefined as never }, /limit/],
    ["a field that is not indexed", { limit: 1, where: { total: 1 } }, /"total".*status, count, paid/],
    ["a field that every object has", { limit: 1, where: { constructor: "x" } }, /"constructor"/],
    ["a text of SQL for a field", { limit: 1, where: { "status' OR '1": "x" } }, /cannot filter/],
    ["an object for a value", { limit: 1, where: { status: {} as never } }, /status must equal/],
    ["null for a value", { limit: 1, where: { status: null as never } }, /status must equal/],
    ["what is no number", { limit: 1, where: { count: Number.NaN } }, /count must equal/],
  ];
  for (const [what, query, message] of refused)
    it(`refuses ${what}`, async () => {
      await given.live();
      await assert.rejects(given.store.findRows("orders", query), (error: Error) => {
        assert.ok(error instanceof InvalidQuery);
        assert.match(error.message, message);
        return true;
      });
    });

  it("refuses a malformed cursor", async () => {
    await given.live();
    const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const cursor of ["", "x", "%%%", json(null), json([]), json("a"), json({}), json({ generation: 1, key: 1 })])
      await assert.rejects(
        given.store.findRows("orders", { limit: 1, cursor }),
        (error: Error) => error instanceof InvalidQuery && /malformed.*without a cursor/.test(error.message),
        cursor,
      );
  });

  it("refuses a cursor of another filter, of another read model, and of an earlier generation", async () => {
    const live = await given.live();
    const rows = numbered(4, () => ({ status: "x" }));
    await given.store.commit(live.generation, live.lease, commitOf(rows));
    const paymentsLease = await given.lease("live:payments");
    const payments = await given.store.openActive(orders({ name: "payments" }), paymentsLease);
    await given.store.commit(payments, paymentsLease, commitOf(rows));
    const { nextCursor: cursor } = await given.store.findRows("orders", { limit: 2, where: { status: "x" } });
    const asked = (name: string, where: Where) => given.store.findRows(name, { limit: 2, where, cursor });
    const refusal = (message: RegExp) => (error: Error) => error instanceof InvalidQuery && message.test(error.message);

    assert.equal((await asked("orders", { status: "x" })).rows.length, 2);
    await assert.rejects(asked("orders", {}), refusal(/another filter/));
    await assert.rejects(asked("orders", { status: "y" }), refusal(/another filter/));
    await assert.rejects(asked("payments", { status: "x" }), refusal(/another generation.*without a cursor/));
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, commitOf(rows));
    await given.store.activate(generation, lease, { workerLease: liveLease });
    await assert.rejects(asked("orders", { status: "x" }), refusal(/another generation.*without a cursor/));
  });
}
