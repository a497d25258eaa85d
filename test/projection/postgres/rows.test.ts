/** Rows in PostgreSQL: every text and number as it was, in its order, found by an index; and what is left of them in the end. */

import { expect } from "chai";
import fc from "fast-check";
import pg from "pg";
import { InvalidRow } from "../../../src/errors.js";
import { fieldText } from "../../../src/projection/postgres/field-values.js";
import { endOf, originalText, storedText } from "../../../src/projection/postgres/stored-text.js";
import type { Row } from "../../../src/projection/read-model-store.js";
import { checkpointAt, declaration, failure, rebuild, useStores } from "./stores.js";

const byBytes = (one: string, other: string) => Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)));
/** Texts in which the characters that need another spelling are many. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\0", "\u0001", "\u0002", "a", "\ud7ff", "\ue000", "\u{10ffff}"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 8,
});

describe("Texts as PostgreSQL can keep them", () => {
  it("come back, and sort, differ and begin as they did", () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [storedOne, storedOther] = [storedText(one), storedText(other)];
        expect(storedOne).not.to.contain("\0");
        expect(originalText(storedOne)).to.equal(one);
        expect(byBytes(storedOne, storedOther)).to.equal(byBytes(one, other));
        expect(storedText(one + other).startsWith(storedOne)).to.equal(true);
      }),
    );
  });

  it("end, those that begin alike, before the first that does not", () => {
    fc.assert(
      fc.property(text, text, text, (prefix, rest, other) => {
        const end = endOf(prefix);
        if (prefix === "" || /^\u{10ffff}+$/u.test(prefix)) return void expect(end).to.equal(undefined);
        expect(byBytes(prefix + rest, end!)).to.equal(-1);
        if (byBytes(other, end!) < 0 && byBytes(prefix, other) <= 0) expect(other.startsWith(prefix)).to.equal(true);
      }),
    );
  });

  it("sort, those of numbers, as the numbers do", () => {
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.constantFrom(0, -0));
    fc.assert(
      fc.property(number, number, (one, other) => {
        expect(byBytes(fieldText(one)!, fieldText(other)!)).to.equal(one < other ? -1 : one > other ? 1 : 0);
      }),
    );
  });
});

describe("Rows in PostgreSQL", () => {
  const stores = useStores();

  const odd = ["a\0b", "a\u0001b", "tab\tand\nline\r", "back\\slash", "\\.", "\\N", '{a,"b"}', "'", "NULL", ""];
  for (const [how, others] of [
    ["few", 0],
    ["many", 2_000],
  ] as const)
    it(`are kept as they are, ${how} at a time`, async () => {
      const store = await stores.open();
      const rows = [...odd, ...Array.from({ length: others }, (_, i) => `k${i}`)].map(
        (key) => [key, { status: key, of: [key, { [key]: -0.5e-300 }], large: 2 ** 63, half: "\ud83d" }] as const,
      );
      const { generation, lease } = await rebuild(store, rows);
      const changed = rows.map(([key, row]) => [key, { ...row, again: true }] as const);
      for (const expected of [rows, changed]) {
        await store.commit(generation, lease, { rows: expected, checkpoint: checkpointAt(2n) });
        const found = new Map<string, Row>();
        for await (const page of store.allRows(generation)) for (const { key, row } of page) found.set(key, row);
        expect(found).to.deep.equal(new Map(expected));
        expect([...found.keys()]).to.deep.equal([...found.keys()].sort(byBytes));
        for (const key of odd) {
          expect(await store.findRow("orders", key)).to.deep.equal(found.get(key));
          const { rows: same } = await store.findRows("orders", { where: { status: key }, limit: 2 });
          expect(same.map((each) => each.key)).to.deep.equal([key]);
        }
        expect((await store.countRows("orders", "status", "a")).get("a\0b")).to.equal(1);
      }
    });

  it("are copied into a table where they come after all that are there, and merged otherwise", async () => {
    const store = await stores.open();
    const many = (from: number, by: string) =>
      Array.from({ length: 1_500 }, (_, i) => [`k${String(from + i).padStart(5, "0")}`, { by }] as const);
    const { generation, lease } = await rebuild(store, many(0, "first"));
    await store.commit(generation, lease, { rows: many(1_500, "second"), checkpoint: checkpointAt(2n) });
    await store.commit(generation, lease, { rows: many(2_999, "third"), checkpoint: checkpointAt(3n) });
    expect(await stores.ask("SELECT doc, count(*)::int AS n FROM S.rows_1 GROUP BY 1 ORDER BY 1")).to.deep.equal([
      { doc: '{"by":"first"}', n: 1_500 },
      { doc: '{"by":"second"}', n: 1_499 },
      { doc: '{"by":"third"}', n: 1_500 },
    ]);
  });

  it("are merged also where a key is the first by its characters, and not by its bytes", async () => {
    const store = await stores.open();
    const { generation, lease } = await rebuild(store, [["\ufffd", { by: "first" }]]);
    const many = [..."😀😁😂", "\ufffd"].flatMap((key) =>
      Array.from({ length: 400 }, (_, i) => (i === 0 ? key : `${key}${i}`)),
    );
    const rows = many.map((key) => [key, { by: "second" }] as const);
    await store.commit(generation, lease, { rows, checkpoint: checkpointAt(2n) });
    expect(await store.findRow("orders", "\ufffd")).to.deep.equal({ by: "second" });
  });

  it("may have long values, told apart at their ends, and keys of 2,000 bytes, but of no more", async () => {
    const store = await stores.open();
    // What cannot be compressed, as an index would.
    const long = Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20_000))).join(
      "",
    );
    const key = long.slice(0, 666) + "xy";
    const { generation, lease } = await rebuild(store, [
      [key, { status: `${long}1` }],
      ["b", { status: `${long}2` }],
    ]);
    const { rows } = await store.findRows("orders", { where: { status: `${long}2` }, limit: 2 });
    expect(rows.map((row) => row.key)).to.deep.equal(["b"]);
    expect(await store.countRows("orders", "status")).to.deep.equal(
      new Map([
        [`${long}1`, 1],
        [`${long}2`, 1],
      ]),
    );
    const error = await failure(
      store.commit(generation, lease, {
        rows: [
          ["c", {}],
          [`${key}z`, {}],
        ],
        checkpoint: checkpointAt(2n),
      }),
    );
    expect(error).to.be.instanceOf(InvalidRow);
    expect(error.message).to.contain("2000 bytes");
    expect(await store.findRow("orders", "c")).to.equal(undefined);
  });

  it("are found by an index after a rebuild, and in a generation that has caught up, or was asked before", async () => {
    const store = await stores.open();
    const rows = Array.from({ length: 3_000 }, (_, i) => [`k${i}`, { status: `s${i % 1_000}`, dueMs: i }] as const);
    await rebuild(store, rows);
    for (const name of ["live", "asked"]) {
      const lease = (await store.acquire(`live:${name}`, "a", 60_000))!;
      const generation = await store.openActive({ ...declaration, name, place: name }, lease);
      await store.commit(generation, lease, { rows, checkpoint: checkpointAt(1n) });
      if (name === "live") await store.complete(generation, lease);
      else await store.findRows(name, { where: { status: "s7" }, limit: 1 });
    }
    const tables = (await stores.rowTables()) as string[];
    expect(tables).to.have.length(3);
    for (const table of tables) {
      const plan = await stores.ask(
        `EXPLAIN SELECT key FROM S.${table} WHERE left(fields[1], 100) = left('"s7"', 100) AND fields[1] = '"s7"' ORDER BY key LIMIT 5`,
      );
      expect(JSON.stringify(plan)).to.match(new RegExp(`Index Scan (using|on) ${table}_0`));
    }
  });

  it("are found by a field that was declared after they were written, be they many, and told apart from those since", async () => {
    const store = await stores.open();
    const lease = (await store.acquire("live:orders", "a", 60_000))!;
    const generation = await store.openActive({ ...declaration, indexes: ["status"] }, lease);
    const rows = Array.from({ length: 21_000 }, (_, i) => [`k${i}`, { status: "x\0", dueMs: i, part: i % 3 }] as const);
    await store.commit(generation, lease, { rows, checkpoint: checkpointAt(1n) });
    await store.redeclare(generation, lease, { ...declaration, indexes: ["dueMs", "part"] });
    await store.commit(generation, lease, { rows: [["k1", { dueMs: 30_000, part: 7 }]], checkpoint: checkpointAt(2n) });
    expect((await store.countRows("orders", "status")).get("x\0")).to.equal(20_999);
    expect((await store.findRows("orders", { where: { part: 0, dueMs: 9_999 }, limit: 9 })).rows).to.deep.equal([
      { key: "k9999", row: rows[9_999]![1] },
    ]);
    const last = { value: 20_998, key: "k20998" };
    const sorted = await store.rowsInOrder(generation, "dueMs", { after: last, limit: 9 });
    expect(sorted.map(({ key }) => key)).to.deep.equal(["k20999", "k1"]);
    expect(await stores.ask("SELECT DISTINCT cardinality(fields) AS n FROM S.rows_1")).to.deep.equal([{ n: 3 }]);
  });

  it("are kept in one table however often they are rebuilt, and lost with it", async () => {
    const store = await stores.open();
    for (let i = 0; i < 3; i++) await rebuild(store, [["a", { i }]]);
    expect(await stores.rowTables()).to.deep.equal(["rows_3"]);
    expect(await stores.ask("SELECT count(*)::int AS n FROM S.generation")).to.deep.equal([{ n: 1 }]);
  });

  it("do not keep a rebuild waiting when somebody reads the old ones for long; the next one drops them", async () => {
    const store = await stores.open();
    await rebuild(store, [["a", { n: 1 }]]);
    const backup = new pg.Client({ connectionString: stores.server.url() });
    await backup.connect();
    try {
      await backup.query(`BEGIN; SELECT * FROM ${stores.schema}.rows_1`);
      await rebuild(store, [["a", { n: 2 }]]);
      expect(await store.findRow("orders", "a")).to.deep.equal({ n: 2 });
      expect(await stores.rowTables()).to.have.length(2);
    } finally {
      await backup.end();
    }
    await rebuild(store, [["a", { n: 3 }]]);
    expect(await stores.rowTables()).to.deep.equal(["rows_3"]);
  });
});
