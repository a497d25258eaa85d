/** The file of the development server's log: bytes as they came, a log of Rollcall like any other, locks, closing. */

import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openSqliteEventStore } from "../../../src/store/index.js";
import { eventsOf } from "../../../src/testing/store-contract/fixture.js";
import { openTemporaryRecordLog } from "../../../tools/eventstore/temporary-record-log.js";
import { allRecords, bytes, event, events, rejection, revisions, setMetadata, temporaryLogs, written } from "./logs.js";

describe("The file of the development server's log", () => {
  const logs = temporaryLogs();

  const contents: Record<string, Uint8Array> = {
    nothing: new Uint8Array(),
    "JSON with white space, a long number and escapes": bytes(
      ' { "b" :1.0, "a": 12345678901234567890, "\\u00e9":"\\ud800"}\n',
    ),
    "JSON beyond ASCII": bytes('"äöü 🎺 \u2028"'),
    "JSON behind a byte order mark": new Uint8Array([0xef, 0xbb, 0xbf, ...bytes("{}")]),
    "almost JSON": bytes("{'a': 1,}"),
    "a zero byte": new Uint8Array([0]),
    "broken UTF-8": new Uint8Array([0x22, 0xc3, 0x28, 0xff, 0x22]),
    "every byte": Uint8Array.from({ length: 256 }, (_, i) => i),
    "half a megabyte of chance": new Uint8Array(randomBytes(500_000)),
  };
  for (const [what, content] of Object.entries(contents))
    it(`gives ${what} back byte for byte`, async () => {
      const log = await logs.open();
      const types = ["application/json", "application/octet-stream", "text/plain; charset=utf-16"];
      const sent = types.map((contentType) => event({ contentType, data: content, metadata: content }));
      await log.append("s", sent, "any");
      await log.close();
      const found = allRecords(await logs.open());
      expect(found.map(({ id, contentType }) => [id, contentType])).to.deep.equal(
        sent.map(({ id, contentType }) => [id, contentType]),
      );
      for (const { data, metadata } of found)
        for (const bytesFound of [data, metadata]) expect(Buffer.from(content).equals(bytesFound)).to.equal(true);
    });

  it("does not change when the sender uses its buffer again", async () => {
    const log = await logs.open();
    const sent = event({ contentType: "x", data: bytes("data"), metadata: bytes("metadata") });
    const appending = log.append("s", [sent], "any");
    sent.data.fill(0);
    sent.metadata.fill(0);
    await appending;
    const [record] = allRecords(log);
    expect([Buffer.from(record!.data), Buffer.from(record!.metadata)].join()).to.equal("data,metadata");
  });

  it("is one that the embedded store reads, with all that metadata says", async () => {
    const log = await logs.open();
    const metadata = bytes(
      '{"$correlationId":"case 1","schemaVersion":3,"occurredAt":"2020-01-01T00:00:00Z","imported":true}',
    );
    await log.append("order-1", [event({ id: "1", data: bytes('{"a":1}'), metadata })], "any");
    await setMetadata(log, "order-1", "{}");
    await log.tombstone("order-1", "any");
    await log.close();
    const store = await openSqliteEventStore({ file: logs.file() });
    expect(await store.storeId()).to.equal(log.id);
    const [first, ...others] = await eventsOf(store.readLog());
    expect(first).to.include({ id: "1", correlationId: "case 1", schemaVersion: 3, imported: true });
    expect(first!.occurredAtMs).to.equal(Date.UTC(2020, 0, 1));
    expect(first!.data).to.deep.equal({ a: 1 });
    expect(await eventsOf(store.readCorrelation("case 1"))).to.have.length(1);
    expect(others.map(({ streamName, type }) => `${streamName} ${type}`)).to.deep.equal([
      "$$order-1 $metadata",
      "order-1 $streamDeleted",
    ]);
    await store.close();
  });

  it("may come from the embedded store, and be used by it at the same time", async () => {
    const store = await openSqliteEventStore({ file: logs.file() });
    const data = { id: "1", type: "t", data: { ä: 1 }, metadata: { $correlationId: "c" } };
    await store.append("s", [data], { expectedRevision: "no_stream" });
    const log = await logs.open();
    await log.append("s", events("2"), 0n);
    await store.append("s", [{ id: "3", type: "t", data: 3 }], { expectedRevision: 1n });
    expect(await log.append("s", events("1", "2", "3"), "no_stream")).to.deep.equal(written(2, 3));
    const [record] = allRecords(log);
    expect([record!.contentType, String(record!.data), String(record!.metadata)]).to.deep.equal([
      "application/json",
      '{"ä":1}',
      '{"$correlationId":"c"}',
    ]);
    await store.close();
  });

  it("is refused when it is something else", async () => {
    writeFileSync(logs.file(), "hello ".repeat(300));
    expect(await rejection(logs.open())).to.have.property("code", "INCOMPATIBLE_STORE");
  });

  it("may be locked by others for a while: writes wait, reads do not", async () => {
    const log = await logs.open();
    await log.append("s", events("1"), "any");
    const other = new Database(logs.file());
    other.exec("BEGIN IMMEDIATE");
    let isWritten = false;
    const appending = log.append("s", events("2"), 0n).then((outcome) => ((isWritten = true), outcome));
    // Long enough for several attempts.
    for (let turn = 0; turn < 20; turn++) {
      expect(revisions(log, "s")).to.deep.equal([0]);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(isWritten).to.equal(false);
    other.exec("ROLLBACK");
    expect(await appending).to.deep.equal(written(1, 2));
    other.close();
  });
});

describe("Closing the development server's log", () => {
  const logs = temporaryLogs();

  it("waits for what was asked for before, and refuses what comes after", async () => {
    const log = await logs.open();
    const appending = log.append("s", events("1"), "any");
    const closing = log.close();
    const late = [log.append("s", [], "any"), log.delete("s", "any"), log.tombstone("s", "any")];
    for (const refused of late) expect(await rejection(refused)).to.have.property("code", "STORE_CLOSED");
    expect(await appending).to.deep.equal(written(0, 1));
    await closing;
    await log.close();
    for (const read of [
      () => log.head(),
      () => log.readAll("forwards", 0, 1),
      () => log.readStream("s", "forwards", "start", 1),
    ])
      expect(read).to.throw().with.property("code", "STORE_CLOSED");
    expect(revisions(await logs.open(), "s")).to.deep.equal([0]);
  });

  it("removes one that was temporary", async () => {
    const { TMPDIR } = process.env;
    const folder = dirname(logs.file());
    process.env["TMPDIR"] = folder;
    const log = await openTemporaryRecordLog().finally(() => {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    });
    await log.append("s", events("1"), "any");
    expect(readdirSync(folder)).to.have.length(1);
    await Promise.all([log.close(), log.close()]);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
