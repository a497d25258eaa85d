/** What is read of the packed copy of a SQLite log: the same as of the log, whatever it holds. */

import { expect } from "chai";
import fc from "fast-check";
import type { ReadLogOptions } from "../../../src/store/index.js";
import { eventsOf, rejection } from "../../../src/testing/store-contract/fixture.js";
import { runs } from "../../runs.js";
import { warningsOf } from "../../warnings.js";
import { temporaryLogs } from "./folder.js";
import { anyEvent, pagesIn, read, shapes, strange, text, write } from "./packing.js";

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
      { numRuns: runs(5, 500), endOnFailure: true },
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
