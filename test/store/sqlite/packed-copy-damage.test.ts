/** What becomes of reads when the packed copy of a SQLite log is of another log, damaged, or gone. */

import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { expect } from "chai";
import { warningsOf } from "../../warnings.js";
import { temporaryLogs } from "./folder.js";
import { pagesIn, read, write } from "./packing.js";

describe("The packed copy of a SQLite log", () => {
  const logs = temporaryLogs();
  const withoutCopy = () => logs.open({ packedCopy: false });

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
});
