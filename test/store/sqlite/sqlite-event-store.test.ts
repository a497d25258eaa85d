/** What only the SQLite store promises: its file, locks, failures, bytes as they were given, and a live event loop. */

import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import Database from "better-sqlite3";
import { expect } from "chai";
import type { EventData, SqliteEventStore } from "../../../src/store/index.js";
import { eventsOf, follow, idsOf, rejection } from "../../../src/testing/store-contract/fixture.js";
import { temporaryLogs } from "./folder.js";

const event = (changes: Partial<EventData> = {}): EventData => ({ id: "1", type: "t", data: { a: 1 }, ...changes });
const append = (store: SqliteEventStore, streamName: string, ...events: EventData[]) =>
  store.append(streamName, events.length > 0 ? events : [event()], { expectedRevision: "no_stream" });

describe("The file of a SQLite log", () => {
  const logs = temporaryLogs();

  it("is created with its folder, and keeps the identity of the log", async () => {
    const file = logs.file("deep/er/log.sqlite");
    const store = await logs.open({ file });
    await append(store, "a");
    const storeId = await store.storeId();
    await store.close();
    const again = await logs.open({ file });
    expect(await again.storeId()).to.equal(storeId);
    expect(await again.head()).to.equal(1n);
    const db = new Database(file);
    expect(db.pragma("journal_mode", { simple: true })).to.equal("wal");
    db.close();
  });

  const foreign: Record<string, (file: string) => void> = {
    "another program's database": (file) => new Database(file).exec("CREATE TABLE customer (id)").close(),
    "marked by another program": (file) => new Database(file).exec("PRAGMA application_id = 7; VACUUM").close(),
    "a text file": (file) => writeFileSync(file, "hello ".repeat(300)),
  };
  for (const [what, make] of Object.entries(foreign))
    it(`is refused and left as it was when it is ${what}`, async () => {
      make(logs.file());
      const before = readFileSync(logs.file());
      const error = await rejection(logs.open());
      expect(error.code).to.equal("INCOMPATIBLE_STORE");
      expect(error.message).to.contain(logs.file()).and.contain("Name another file");
      expect(readFileSync(logs.file()).equals(before)).to.equal(true);
    });

  it("is refused when a newer version wrote it", async () => {
    await (await logs.open()).close();
    new Database(logs.file()).exec("PRAGMA user_version = 99").close();
    const error = await rejection(logs.open());
    expect(error.code).to.equal("INCOMPATIBLE_STORE");
    expect(error.message).to.contain("schema 1").and.contain("99").and.contain("newer version");
  });

  it("must have a name, on a path that can be used", async () => {
    for (const file of ["", ":memory:"])
      expect((await rejection(logs.open({ file }))).code).to.equal("INVALID_CONFIGURATION");
    writeFileSync(logs.file("taken"), "");
    expect((await rejection(logs.open({ file: logs.file("taken/log.sqlite") }))).code).to.equal("STORE_UNAVAILABLE");
  });

  it("holds JSON as it was given, and says what is what by type", async () => {
    const store = await logs.open();
    const text = '{ "b" : 1.0, "a": 12345678901234567890 }';
    await append(
      store,
      "a",
      event({ id: "1", data: Buffer.from(text), metadata: Buffer.from("{ }") }),
      event({ id: "2", data: Buffer.from(text), contentType: "text/plain" }),
      event({ id: "3", metadata: { k: "ü" } }),
    );
    const db = new Database(logs.file(), { readonly: true });
    expect(
      db.prepare("SELECT CAST(data AS TEXT), typeof(data), typeof(metadata), content_type FROM event").raw().all(),
    ).to.deep.equal([
      [text, "text", "blob", null],
      [text, "blob", "null", "text/plain"],
      ['{"a":1}', "text", "text", null],
    ]);
    db.close();
    const events = await eventsOf(store.readStream("a"));
    expect(events.map(({ contentType }) => contentType)).to.deep.equal([
      "application/json",
      "text/plain",
      "application/json",
    ]);
    expect(events.map(({ rawMetadata }) => rawMetadata)).to.deep.equal([
      new Uint8Array(Buffer.from("{ }")),
      undefined,
      '{"k":"ü"}',
    ]);
  });

  it("keeps names that hold the character NUL", async () => {
    const store = await logs.open();
    const [streamName, type] = ["a\u0000b", "t\u0000u"];
    await append(store, streamName, event({ type }));
    await append(store, "a", event({ type: "t" }));
    const names = async (options: Parameters<SqliteEventStore["readLog"]>[0]) =>
      (await eventsOf(store.readLog(options))).map((found) => [found.streamName, found.type]);
    expect(await names({})).to.deep.equal([
      [streamName, type],
      ["a", "t"],
    ]);
    expect(await names({ filter: { streamPrefixes: ["a\u0000"] } })).to.deep.equal([[streamName, type]]);
    expect(await names({ filter: { eventTypes: [type] } })).to.deep.equal([[streamName, type]]);
  });

  it("refuses more bytes in one append than it was told to take", async () => {
    const store = await logs.open({ maxAppendBytes: 1_000 });
    const long = event({ data: "ü".repeat(600) });
    const error = await rejection(append(store, "a", long));
    expect(error.code).to.equal("INVALID_APPEND");
    expect(error.message).to.contain("1202").and.contain("1000");
  });

  it("reads events of many megabytes page by page", async () => {
    const store = await logs.open();
    const contents = Array.from({ length: 5 }, (_, i) =>
      i % 2 ? "x".repeat(6_000_000) : new Uint8Array(6_000_000).fill(i),
    );
    for (const [i, data] of contents.entries())
      await append(store, `s-${i}`, event({ data, metadata: { long: "m".repeat(100_000), i } }));
    const sizes: number[] = [];
    let seen = 0;
    for await (const page of store.readLog()) {
      sizes.push(page.length);
      for (const { data, metadata } of page) {
        expect(metadata["i"]).to.equal(seen);
        const wanted = contents[seen++]!;
        expect(typeof wanted === "string" ? data === wanted : Buffer.from(wanted).equals(data as Uint8Array)).to.equal(
          true,
        );
      }
    }
    expect(sizes).to.deep.equal([1, 1, 1, 1, 1]);
  });
});

describe("A SQLite log that others hold", () => {
  const logs = temporaryLogs();
  let lock: Database.Database;
  afterEach(() => lock.close());
  const takeLock = () => {
    lock = new Database(logs.file());
    lock.exec("BEGIN IMMEDIATE");
  };

  it("takes appends once the lock is gone", async () => {
    const store = await logs.open();
    takeLock();
    const appends = [append(store, "a"), append(store, "b")];
    await pause(50);
    expect(await store.head()).to.equal(undefined);
    lock.exec("COMMIT");
    appends.push(append(store, "c"));
    expect((await Promise.all(appends)).map(({ position }) => position)).to.deep.equal([1n, 2n, 3n]);
  });

  it("leaves the event loop alone while appends wait for the lock", async () => {
    const store = await logs.open();
    const turnsIn = async (ms: number) => {
      let turns = 0;
      const counter = setInterval(() => turns++, 2);
      await pause(ms);
      clearInterval(counter);
      return turns;
    };
    let [idle, waiting] = [0, 0];
    // By turns with an event loop that has nothing to do: a busy machine slows both alike.
    for (let round = 0; idle < 150; round++) {
      idle += await turnsIn(60);
      takeLock();
      const appended = append(store, `s-${round}`);
      waiting += await turnsIn(60);
      lock.exec("COMMIT");
      lock.close();
      await appended;
    }
    expect(waiting / idle).to.be.greaterThan(0.2);
  });

  it("fails an append when the lock stays, with nothing written", async () => {
    const store = await logs.open({ busyDeadlineMs: 60 });
    takeLock();
    const error = await rejection(append(store, "a"));
    expect(error.code).to.equal("STORE_UNAVAILABLE");
    expect(error.message).to.contain("append to a").and.contain("60 ms").and.contain("nothing was written");
    lock.exec("COMMIT");
    expect(await append(store, "b")).to.deep.equal({ revision: 0n, position: 1n });
    expect(await eventsOf(store.readStream("a"))).to.deep.equal([]);
  });

  it("finishes appends that wait for the lock before it closes", async () => {
    const store = await logs.open();
    takeLock();
    const waiting = append(store, "a");
    const closing = store.close();
    await pause(20);
    expect((await rejection(append(store, "b"))).code).to.equal("STORE_CLOSED");
    lock.exec("COMMIT");
    expect((await waiting).position).to.equal(1n);
    await closing;
  });

  it("fails the appends of a commit that cannot be written, and no later ones", async () => {
    const store = await logs.open();
    await append(store, "a");
    lock = new Database(logs.file());
    lock.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN new.stream = 'c' BEGIN SELECT RAISE(ABORT, 'planted'); END",
    );
    const outcomes = [append(store, "b"), append(store, "c"), append(store, "d")].map(rejection);
    for (const error of await Promise.all(outcomes)) {
      expect(error.code).to.equal("STORE_UNAVAILABLE");
      expect(error.message).to.contain("planted").and.contain("retry with the same event ids");
      expect(error.cause).to.be.instanceOf(Database.SqliteError);
    }
    lock.exec("DROP TRIGGER refuse");
    expect((await append(store, "c")).position).to.equal(2n);
    expect(await store.head()).to.equal(2n);
  });
});

describe("Reading a SQLite log", () => {
  const logs = temporaryLogs();

  it("lets others work between the steps of a filter that nothing passes", async () => {
    const store = await logs.open();
    for (let i = 0; i < 30; i++)
      await append(store, `s-${i}`, ...Array.from({ length: 1_500 }, (_, n) => event({ id: String(n), data: n })));
    let turns = 0;
    let reading = true;
    const count = () => {
      turns++;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    expect(await eventsOf(store.readLog({ filter: { eventTypes: ["none"] } }))).to.deep.equal([]);
    reading = false;
    expect(turns).to.be.at.least(2);
    expect(await follow(store.subscribe({ filter: { streamPrefixes: ["s-29"] } }), 1_500)).to.have.length(1_500);
  });

  it("takes appends while a long read runs in the same process", async () => {
    const store = await logs.open();
    for (let i = 0; i < 10; i++)
      await append(store, `s-${i}`, ...Array.from({ length: 1_000 }, (_, n) => event({ id: String(n), data: n })));
    const order: string[] = [];
    const read = eventsOf(store.readLog()).then(() => order.push("read"));
    await append(store, "meanwhile");
    order.push("appended");
    await read;
    expect(order).to.deep.equal(["appended", "read"]);
  });

  it("delivers commits of the same process without waiting for the poll", async () => {
    const store = await logs.open();
    let waitedMs = 0;
    let appendedAt = 0;
    let round = 0;
    for await (const message of store.subscribe()) {
      if (message.kind === "events") waitedMs += performance.now() - appendedAt;
      else if (round === 20) break;
      else void append(store, `s-${round++}`).then(() => (appendedAt = performance.now()));
    }
    // By polling alone, each of the twenty would take twenty milliseconds.
    expect(waitedMs).to.be.lessThan(200);
  });

  it("reads metadata when it is asked for, as long as the store is open", async () => {
    const store = await logs.open();
    await append(
      store,
      "a",
      event({ id: "1", metadata: { n: 1 } }),
      event({ id: "2" }),
      event({ id: "3", metadata: { n: 3 } }),
    );
    const asked = await eventsOf(store.readStream("a", { direction: "backwards" }));
    const notAsked = await eventsOf(store.readStream("a"));
    expect(idsOf(asked)).to.deep.equal(["3", "2", "1"]);
    expect(asked.map(({ metadata }) => metadata)).to.deep.equal([{ n: 3 }, {}, { n: 1 }]);
    await store.close();
    expect(asked[0]!.metadata).to.deep.equal({ n: 3 });
    expect(() => notAsked[0]!.metadata).to.throw("the store is closed");
  });
});
