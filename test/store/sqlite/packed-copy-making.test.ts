/** When and how far the packed copy of a SQLite log is made, by whom, and in which pages. */

import { existsSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
import { expect } from "chai";
import fc from "fast-check";
import { PackedCopy } from "../../../src/store/sqlite/packed-copy.js";
import { warningsOf } from "../../warnings.js";
import { temporaryLogs } from "./folder.js";
import { pagesIn, read, write } from "./packing.js";

describe("The packed copy of a SQLite log", () => {
  const logs = temporaryLogs();
  const withoutCopy = () => logs.open({ packedCopy: false });

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
});
