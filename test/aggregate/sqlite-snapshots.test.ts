/** Snapshots in a file: shared by processes, gone whenever somebody deletes it, and never another program's file. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { expect } from "chai";
import {
  CommandBus,
  IncompatibleStore,
  MemorySnapshotStore,
  openSqliteSnapshotStore,
  type SnapshotStore,
} from "../../src/index.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import { eventsOf } from "./bank.js";
import { book, ledger, messageOf, ReadingStore, tell } from "./ledger.js";
import { rejectionOf } from "./rejection.js";

const bookingProcess = fileURLToPath(new URL("./booking-process.js", import.meta.url));

describe("snapshots in an SQLite file", () => {
  const logs = temporaryLogs();
  const opened: SnapshotStore[] = [];
  const open = async (file = logs.file("snapshots.sqlite")) => {
    const snapshots = await openSqliteSnapshotStore(file);
    opened.push(snapshots);
    return snapshots;
  };
  afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

  /** How many events it takes to load an account, and what it says of itself. */
  async function asked(bus: CommandBus, store: ReadingStore) {
    const before = store.eventsRead;
    const told = await messageOf(bus.dispatch(tell()));
    await bus.settled();
    return { told, read: store.eventsRead - before };
  }

  it("are shared by processes that book on one account: each command counts once, and the state is that of all events", async () => {
    const store = new ReadingStore(await logs.open());
    const [count, file] = [60, logs.file("snapshots.sqlite")];
    const children = [1, 2].map(() =>
      spawn(process.execPath, [bookingProcess, logs.file(), file, `${count}`], { stdio: "inherit" }),
    );
    const exits = await Promise.all(children.map((child) => once(child, "exit")));
    expect(exits).to.deep.equal([
      [0, null],
      [0, null],
    ]);
    expect(await eventsOf(store, "book-1")).to.have.length(count);
    const bus = new CommandBus(ledger({ every: 3 }), store, { snapshots: await open() });
    const kept = await asked(bus, store);
    const plain = await asked(new CommandBus(ledger(false), store), store);
    expect(kept.told).to.equal(plain.told);
    expect([kept.read <= 5, plain.read]).to.deep.equal([true, count]);
  });

  it("outlive a process, and may be deleted at any time, also while it runs", async () => {
    const store = new ReadingStore(await logs.open());
    const busOf = async () => new CommandBus(ledger(), store, { snapshots: await open() });
    const first = await busOf();
    await first.dispatch(book(1, 20));
    await asked(first, store);
    expect((await asked(await busOf(), store)).read).to.equal(2);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${logs.file("snapshots.sqlite")}${suffix}`, { force: true });
    expect(await first.dispatch(book(2))).to.include({ revision: 20n });
    const anew = await busOf();
    const { told, read } = await asked(anew, store);
    expect(read).to.equal(21);
    expect(told).to.equal((await asked(new CommandBus(ledger(false), store), store)).told);
    expect((await asked(anew, store)).read).to.equal(2);
  });

  for (const where of ["in a file", "in memory"])
    it(`keep the last text of each stream of each log apart, ${where}`, async () => {
      const snapshots = where === "in memory" ? new MemorySnapshotStore() : await open();
      const places = ["one", "two"].flatMap((log) => ["a", "b"].map((stream) => [log, stream] as const));
      for (const text of ["first", "last"])
        for (const [log, stream] of places) await snapshots.save(log, stream, `${text} of ${log} ${stream}`);
      for (const [log, stream] of places)
        expect(await snapshots.load(log, stream)).to.equal(`last of ${log} ${stream}`);
      expect(await snapshots.load("one", "c")).to.equal(undefined);
    });

  it("leave the file of another program, and that of a newer version, as it is", async () => {
    const text = logs.file("notes.txt");
    writeFileSync(text, "no database at all, but a text that is long enough to be taken for one".repeat(20));
    const error = await rejectionOf(open(text), IncompatibleStore);
    expect(error.message).to.match(
      /is not a SQLite file\. Name other read models, or move the file away; nothing was changed/,
    );
    expect(readFileSync(text, "utf8")).to.match(/^no database/);

    const newer = logs.file("newer.sqlite");
    await (await openSqliteSnapshotStore(newer)).close();
    const db = new Database(newer);
    db.pragma("user_version = 2");
    db.close();
    const refused = await rejectionOf(open(newer), IncompatibleStore);
    expect(refused.message).to.match(
      /expected snapshots of schema 1, found 2\. Delete the file: snapshots are taken again/,
    );

    await logs.open();
    await rejectionOf(open(logs.file()), IncompatibleStore);
    expect(existsSync(logs.file())).to.equal(true);
  });
});
