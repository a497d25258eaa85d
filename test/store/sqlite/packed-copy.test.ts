/** The packed copy of a SQLite log: reads are what they are without it, whatever it holds, and whatever becomes of it. */

import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { expect } from "chai";
import fc from "fast-check";
import type { RecordedEvent } from "../../../src/message/index.js";
import type { EventData, ReadLogOptions, SqliteEventStore } from "../../../src/store/index.js";
import { PackedCopy } from "../../../src/store/sqlite/packed-copy.js";
import { eventsOf, rejection } from "../../../src/testing/store-contract/fixture.js";
import { runs } from "../../runs.js";
import { warningsOf } from "../../warnings.js";
import { temporaryLogs } from "./folder.js";

const json = { contentType: "application/json" };
const text = (data: string) => ({ ...json, data: Buffer.from(data) });

/** JSON as foreign writers leave it: what MessagePack has no place for, numbers at their bounds, many shapes, long texts. */
const strange: readonly Partial<EventData>[] = [
  text("-0"),
  text('{"a":-0.0,"b":[-0e3,-1e-400],"c":"-0"}'),
  text('{"__proto__":{"x":1},"a":2}'),
  text('{"\\u005f_proto__":{"x":1},"constructor":3,"toString":null}'),
  text('{"__\\u0070roto__":{"x":1}}'),
  text('[{"k":1,"__keys__":2},{"k":3}]'),
  text('{"constructor":1,"toJSON":2,"hasOwnProperty":3}'),
  text(`-0.${"0".repeat(400)}1`),
  // What reads strings without native code leaves such a mark out of long ones.
  { data: `\ufeff${"é".repeat(70)}`, metadata: { $correlationId: `\ufeff${"ü".repeat(70)}` } },
  text('"\\ud800"'),
  text('{"half":"\\udfff","whole":"\\ud83d\\ude00 😀"}'),
  text('{"b":1,"a":2,"2":3,"1":4,"":5,"a b":6}'),
  text("1e400"),
  text("[9007199254740993,4294967296,-2147483649,1e21,5e-324,0.1]"),
  text('{"a":1,"a":2}'),
  text("null"),
  { data: "x".repeat(40_000) },
  { data: { long: "é".repeat(20_000) } },
  { data: Buffer.from([0, 255, 1]), contentType: "application/octet-stream" },
  { data: {}, metadata: { schemaVersion: 3, occurredAt: "2020-02-02T02:02:02.002Z", imported: true } },
  { data: { m: 1 }, metadata: Buffer.from("no JSON") },
];
const shapes = fc.oneof(
  { weight: 6, arbitrary: fc.record({ id: fc.uuid(), total: fc.double(), at: fc.date().map(String) }) },
  { weight: 4, arbitrary: fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { maxKeys: 5 }) },
  fc.jsonValue(),
);
const anyEvent: fc.Arbitrary<Partial<EventData>> = fc.oneof(
  { weight: 30, arbitrary: shapes.map((data) => ({ data })) },
  fc.constantFrom(...strange),
);
const types = ["a.Done", "b.Done", "c.Done"];

async function write(store: SqliteEventStore, count: number, seed: number, contents = anyEvent): Promise<void> {
  const [events] = fc.sample(fc.array(contents, { minLength: count, maxLength: count }), { seed, numRuns: 1 });
  await Promise.all(
    events!.map((event, n) =>
      store.append(
        `${n % 5 ? "order" : "payment"}-${(n * 7) % 40}`,
        [
          {
            id: `${seed}/${n}`,
            type: types[n % 3]!,
            data: { n },
            ...(n % 4 > 0 && { metadata: { $correlationId: `key-${n % 11}`, note: n } }),
            ...event,
          },
        ],
        { expectedRevision: "any" },
      ),
    ),
  );
}

const whole = (event: RecordedEvent) => {
  const { id, streamName, type, revision, position, recordedAtMs, schemaVersion, correlationId } = event;
  const { occurredAtMs, imported, contentType, data, rawMetadata, aggregateId } = event;
  const envelope = { id, streamName, type, revision, position, recordedAtMs, schemaVersion, correlationId };
  // The order of fields counts as well.
  return {
    ...envelope,
    occurredAtMs,
    imported,
    contentType,
    data,
    rawMetadata,
    aggregateId,
    text: JSON.stringify(data),
  };
};
const read = async (store: SqliteEventStore, options: ReadLogOptions = {}) =>
  (await eventsOf(store.readLog(options))).map(whole);

function pagesIn(file: string): number {
  const db = new Database(`${file}-pages`, { readonly: true });
  const count = db.prepare("SELECT count(*) FROM page").pluck().get() as number;
  db.close();
  return count;
}

const filters: readonly ReadLogOptions[] = [
  {},
  { filter: { eventTypes: ["b.Done"] } },
  { filter: { eventTypes: ["c.Done", "nobody's", "a.Done"] } },
  { filter: { eventTypes: ["nobody's"] } },
  { filter: { eventTypes: [] } },
  { filter: { streamPrefixes: ["payment-"] } },
  { filter: { streamPrefixes: ["order-1", "payment-3"] } },
  { filter: { streamPrefixes: [] } },
];

describe("The packed copy of a SQLite log", () => {
  const logs = temporaryLogs();
  const withoutCopy = () => logs.open({ packedCopy: false });

  it("gives each event as the log does, whatever is in it, from anywhere, and whatever is asked for", async function () {
    this.timeout(runs(120_000, 3_600_000));
    let logsSoFar = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 513, max: 2_600 }), fc.nat(), async (seed, count, from) => {
        // Not by the seed, which may come again.
        const file = logs.file(`log-${logsSoFar++}.sqlite`);
        const [copied, plain] = [await logs.open({ file }), await logs.open({ file, packedCopy: false })];
        await write(copied, count, seed, seed % 2 === 0 ? anyEvent : shapes.map((data) => ({ data })));
        const all = await read(plain);
        expect(await read(copied, { repeatedly: true })).to.deep.equal(all);
        expect(pagesIn(file)).to.equal(Math.floor(count / 512));
        const after = BigInt(from % count);
        for (const options of filters) {
          expect(await read(copied, options)).to.deep.equal(await read(plain, options));
          expect(await read(copied, { ...options, after })).to.deep.equal(await read(plain, { ...options, after }));
        }
      }),
      { numRuns: runs(10, 500), endOnFailure: true },
    );
  });

  it("gives what is strange as the log does, alone on its page", async () => {
    const [copied, plain] = [await logs.open(), await withoutCopy()];
    for (const [n, event] of strange.entries()) {
      await write(copied, 1, n, fc.constant(event));
      await write(copied, 511, strange.length + n, fc.constant({ data: { a: { b: 1 } } }));
    }
    const warnings = await warningsOf(async () => {
      expect(await read(copied, { repeatedly: true })).to.deep.equal(await read(plain));
    });
    expect(warnings).to.deep.equal([]);
    expect(pagesIn(logs.file())).to.equal(strange.length);
  });

  it("gives what is nested deep as the log does", async () => {
    const store = await logs.open();
    const depth = 16_000;
    await write(store, 1, 1, fc.constant(text("[".repeat(depth) + "]".repeat(depth))));
    await write(store, 511, 2, fc.constant({ data: { a: 1 } }));
    const warnings = await warningsOf(async () => {
      for (const options of [{ repeatedly: true }, {}]) {
        const events = await eventsOf(store.readLog(options));
        let found = 0;
        for (let { data } = events[0]!; Array.isArray(data); data = data[0] as unknown) found++;
        expect(found).to.equal(depth);
        expect(events[511]!.data).to.deep.equal({ a: 1 });
      }
    });
    expect(warnings).to.deep.equal([]);
    expect(pagesIn(logs.file())).to.equal(1);
  });

  it("gives many shapes as the log does, also of fields that JavaScript knows", async () => {
    const [copied, plain] = [await logs.open(), await withoutCopy()];
    const fields = [
      "",
      "1",
      "0",
      "-1",
      "a",
      "é",
      "__key__",
      "length",
      "constructor",
      "toJSON",
      "hasOwnProperty",
      "valueOf",
    ];
    const shape = (n: number) =>
      fields.filter((_, i) => (n >> i) & 1).map((field, i) => [field, { [`n${n % 90}`]: i }]);
    const many = fc.integer({ min: 0, max: 4_095 }).map((n) => ({ data: Object.fromEntries(shape(n)) as unknown }));
    await write(copied, 1_536, 1, many);
    expect(await read(copied, { repeatedly: true })).to.deep.equal(await read(plain));
    expect(pagesIn(logs.file())).to.equal(3);
  });

  it("has pages of fewer events where their data is long", async () => {
    const [copied, plain] = [await logs.open(), await withoutCopy()];
    await write(copied, 512, 1, fc.constant({ data: { a: 1 } }));
    await write(copied, 1_100, 2, fc.constant({ data: { long: "x".repeat(20_000) } }));
    const all = await read(plain);
    for (const options of [{ repeatedly: true }, {}]) expect(await read(copied, options)).to.deep.equal(all);
    const copy = new Database(`${logs.file()}-pages`, { readonly: true });
    const sizes = copy.prepare("SELECT last - first + 1 FROM page ORDER BY last").pluck().all();
    copy.close();
    expect(sizes).to.deep.equal([512, ...Array<number>(19).fill(32)]);
  });

  it("ends where events are missing in the log", async () => {
    const store = await logs.open();
    await write(store, 2_600, 1);
    const log = new Database(logs.file());
    log.exec("DELETE FROM event WHERE position IN (700, 701)");
    log.close();
    const all = await read(await withoutCopy());
    expect(all).to.have.length(2_598);
    expect(await read(store, { repeatedly: true })).to.deep.equal(all);
    expect(await read(store)).to.deep.equal(all);
    expect(pagesIn(logs.file())).to.equal(1);
  });

  it("shares out events by key as the log does", async () => {
    const [copied, plain] = [await logs.open(), await withoutCopy()];
    await write(copied, 2_000, 1);
    await read(copied, { repeatedly: true });
    for (const by of ["aggregateId", "correlationId"] as const)
      for (const index of [0, 1, 2]) {
        const part = { of: 3, index, by };
        const mine = await read(plain, { part });
        expect(mine.length).to.be.within(1, 1_999);
        expect(await read(copied, { part })).to.deep.equal(mine);
      }
  });

  it("is made by reads that come repeatedly, grows with the log, and is used by all", async () => {
    const store = await logs.open();
    await write(store, 1_100, 1);
    await read(store);
    expect(existsSync(`${logs.file()}-pages`)).to.equal(false);
    await read(store, { repeatedly: true });
    expect(pagesIn(logs.file())).to.equal(2);
    await write(store, 1_100, 2);
    expect(await read(store, { repeatedly: true })).to.have.length(2_200);
    expect(pagesIn(logs.file())).to.equal(4);
    // Nobody would find out whether it is used, but by what is not in the log.
    const copy = new Database(`${logs.file()}-pages`);
    copy.exec("UPDATE page SET data = (SELECT other.data FROM page other WHERE other.first = 513) WHERE first = 1");
    copy.close();
    const [again] = await read(await logs.open());
    expect(again!.text).not.to.equal((await read(await withoutCopy()))[0]!.text);
  });

  it("is not made where few events are wanted, nor where it is not wished for", async () => {
    const [store, plain] = [await logs.open(), await withoutCopy()];
    await write(store, 1_100, 1);
    await store.append("rare-1", [{ id: "r", type: "rare", data: {} }], { expectedRevision: "no_stream" });
    expect(await read(store, { filter: { eventTypes: ["rare"] }, repeatedly: true })).to.have.length(1);
    expect(pagesIn(logs.file())).to.equal(0);
    await plain.close();
    rmSync(`${logs.file()}-pages`);
    await read(await withoutCopy(), { repeatedly: true });
    expect(existsSync(`${logs.file()}-pages`)).to.equal(false);
  });

  it("is made by several stores at once, without a gap", async () => {
    const stores = await Promise.all([logs.open(), logs.open(), logs.open()]);
    await write(stores[0]!, 6_000, 1);
    const all = await read(await withoutCopy());
    const warnings = await warningsOf(async () => {
      const reads = await Promise.all(stores.map((store) => read(store, { repeatedly: true })));
      for (const each of reads) expect(each).to.deep.equal(all);
    });
    expect(warnings).to.deep.equal([]);
    const copy = new Database(`${logs.file()}-pages`, { readonly: true });
    const ends = copy.prepare("SELECT first, last FROM page ORDER BY last").raw().all();
    copy.close();
    expect(ends).to.deep.equal(ends.map((_, i) => [i * 512 + 1, (i + 1) * 512]));
    expect(await read(await logs.open())).to.deep.equal(all);
  });

  it("takes a page once, whoever else adds it", async () => {
    const log = { storeId: "1", idAt: () => "id" };
    const [one, other] = [new PackedCopy(logs.file(), log), new PackedCopy(logs.file(), log)];
    const bytes = new Uint8Array(1);
    const page = { first: 1, last: 512, head: bytes, streams: bytes, data: bytes };
    for (const copy of [one, other, one]) copy.add(page);
    one.add({ ...page, first: 1_025, last: 1_536 });
    for (const copy of [one, other]) expect(copy.endsAt(512)).to.equal(true);
    one.close();
    other.close();
  });

  it("is begun anew when the log was restored from a backup and went on otherwise, or is another one", async () => {
    const store = await logs.open();
    await write(store, 700, 1);
    await store.close();
    copyFileSync(logs.file(), logs.file("backup"));
    const longer = await logs.open();
    await write(longer, 700, 2);
    await read(longer, { repeatedly: true });
    await longer.close();
    copyFileSync(logs.file("backup"), logs.file());
    const restored = await logs.open();
    expect(await read(restored)).to.have.length(700);
    await write(restored, 2_000, 3);
    await restored.close();
    const plain = await read(await withoutCopy());
    expect(await read(await logs.open(), { repeatedly: true })).to.deep.equal(plain);
    expect(await read(await logs.open())).to.deep.equal(plain);

    const other = await logs.open({ file: logs.file("other") });
    await write(other, 2_700, 4);
    await other.close();
    copyFileSync(`${logs.file()}-pages`, `${logs.file("other")}-pages`);
    const without = await read(await logs.open({ file: logs.file("other"), packedCopy: false }));
    expect(await read(await logs.open({ file: logs.file("other") }))).to.deep.equal(without);
  });

  it("is left alone where it became that of another log meanwhile", async () => {
    const store = await logs.open();
    await write(store, 1_100, 1);
    const all = await read(store, { repeatedly: true });
    for (const suffix of ["", "-wal", "-shm"]) renameSync(`${logs.file()}${suffix}`, `${logs.file("moved")}${suffix}`);
    const other = await logs.open();
    await write(other, 1_100, 2);
    await read(other, { repeatedly: true });
    const warnings = await warningsOf(async () => {
      expect(await read(store)).to.deep.equal(all);
    });
    expect(warnings).to.have.length(1);
    expect(warnings[0]!.message).to.contain("another event than the log at position 512");
  });

  const damage: Record<string, (copy: string) => void> = {
    "is no SQLite file": (copy) => {
      rmSync(copy);
      writeFileSync(copy, "hello ".repeat(300));
    },
    "was made by a newer version": (copy) => new Database(copy).exec("PRAGMA user_version = 99").close(),
    "has heads that cannot be unpacked": (copy) => new Database(copy).exec("UPDATE page SET head = x'c1'").close(),
    "has data that cannot be unpacked": (copy) => new Database(copy).exec("UPDATE page SET data = x'c1c1c1'").close(),
  };
  for (const [what, spoil] of Object.entries(damage))
    it(`is left alone, in sight, when it ${what}; the log is read instead`, async () => {
      const store = await logs.open();
      await write(store, 1_500, 1);
      const all = await read(store, { repeatedly: true });
      await store.close();
      spoil(`${logs.file()}-pages`);
      const again = await logs.open();
      const warnings = await warningsOf(async () => {
        expect(await read(again, { repeatedly: true })).to.deep.equal(all);
        expect(await read(again)).to.deep.equal(all);
      });
      expect(warnings).to.have.length(1);
      expect(warnings[0]!.message).to.contain(`${logs.file()}-pages`).and.contain("delete the file");
    });

  it("may be deleted at any time", async () => {
    const store = await logs.open();
    await write(store, 1_500, 1);
    const all = await read(store, { repeatedly: true });
    await store.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${logs.file()}-pages${suffix}`, { force: true });
    const again = await logs.open();
    expect(await read(again)).to.deep.equal(all);
    expect(await read(again, { repeatedly: true })).to.deep.equal(all);
    expect(pagesIn(logs.file())).to.equal(2);
  });

  it("leaves data and the names of streams usable after the store was closed; the rest must be asked for before", async () => {
    const store = await logs.open();
    await write(store, 600, 1, fc.constant({}));
    await read(store, { repeatedly: true });
    const [, event] = await eventsOf(store.readLog());
    await store.close();
    expect(event!.data).to.deep.equal({ n: 1 });
    expect(event!.streamName).to.equal("order-7");
    for (const part of ["id", "revision", "metadata"] as const)
      expect((await rejection(Promise.resolve().then(() => event![part]))).code).to.equal("STORE_CLOSED");
  });
});
