/** Soft deletes and tombstones. */

import { expect } from "chai";
import { tombstoneRevision } from "../../../tools/eventstore/record-log.js";
import {
  allRecords,
  bytes,
  event,
  events,
  revisions,
  setMetadata,
  streamDeleted,
  streamRecords,
  temporaryLogs,
  text,
  written,
  wrongRevision,
} from "./logs.js";

const softDeleted = '{"$tb":9223372036854775807}';

describe("A stream that is deleted softly", () => {
  const logs = temporaryLogs();
  const deletedLog = async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "no_stream");
    await log.delete("s", "any");
    return log;
  };
  const metadataOf = (log: Awaited<ReturnType<typeof deletedLog>>) => {
    const records = streamRecords(log, "$$s");
    return typeof records === "string" ? records : records.map(({ data }) => text(data));
  };

  it("cannot be read, loses its metadata, and says so in its metastream as the real server does", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "no_stream");
    await setMetadata(log, "s", '{"$maxCount":9,"mine":true}');
    expect(await log.delete("s", 1n)).to.deep.equal(written(1, 4));
    expect(revisions(log, "s")).to.equal("notFound");
    expect(revisions(log, "s", "backwards")).to.equal("notFound");
    const { type, contentType, revision, data } = allRecords(log).at(-1)!;
    expect([type, contentType, revision, text(data)]).to.deep.equal(["$metadata", "application/json", 1n, softDeleted]);
  });

  it("is deleted only as expected, and only when there is something", async () => {
    const log = await logs.open();
    for (const expected of ["any", "no_stream", "stream_exists", 0n] as const)
      expect(await log.delete("s", expected)).to.deep.equal(wrongRevision());
    await log.append("s", events("1", "2"), "no_stream");
    for (const expected of ["no_stream", 0n, 2n] as const)
      expect(await log.delete("s", expected)).to.deep.equal(wrongRevision(1));
    expect(await log.delete("s", "stream_exists")).to.deep.equal(written(0, 3));
    await setMetadata(log, "metadata only", "{}");
    expect(await log.delete("metadata only", "no_stream")).to.deep.equal(written(1, 5));
  });

  it("can be deleted again, but exists no more", async () => {
    const log = await deletedLog();
    expect(await log.delete("s", "stream_exists")).to.deep.equal(streamDeleted);
    expect(await log.tombstone("s", "stream_exists")).to.deep.equal(streamDeleted);
    expect(await log.append("s", events("3"), "stream_exists")).to.deep.equal(streamDeleted);
    expect(await log.delete("s", 0n)).to.deep.equal(wrongRevision(1));
    expect(await log.delete("s", "any")).to.deep.equal(written(1, 4));
    expect(await log.delete("s", "no_stream")).to.deep.equal(written(2, 5));
    expect(revisions(log, "s")).to.equal("notFound");
  });

  for (const expected of ["any", "no_stream", 1n] as const)
    it(`goes on numbering when something is appended with ${expected}`, async () => {
      const log = await deletedLog();
      expect(await log.append("s", events("3", "4"), expected)).to.deep.equal(written(3, 5));
      expect(revisions(log, "s")).to.deep.equal([2, 3]);
      expect(revisions(log, "s", "backwards")).to.deep.equal([3, 2]);
      expect(metadataOf(log)).to.deep.equal(['{"$tb":2}']);
      expect(log.head()).to.equal(6);
      expect(await log.append("s", events("5"), "stream_exists")).to.deep.equal(written(4, 7));
    });

  it("comes back empty after an append of nothing", async () => {
    const log = await deletedLog();
    expect(await log.append("s", [], "no_stream")).to.deep.equal(wrongRevision(1));
    expect(await log.append("s", [], "any")).to.deep.equal(written(1, undefined));
    expect(revisions(log, "s")).to.deep.equal([]);
    expect(metadataOf(log)).to.deep.equal(['{"$tb":2}']);
  });

  it("stays deleted when an old append comes again", async () => {
    const log = await deletedLog();
    for (const expected of ["any", "no_stream"] as const)
      expect(await log.append("s", events("1", "2"), expected)).to.deep.equal(written(1, 2));
    expect(await log.append("s", events("1", "3"), "no_stream")).to.deep.equal(wrongRevision(1));
    expect(await log.append("s", events("x"), 0n)).to.deep.equal(wrongRevision(1));
    expect(revisions(log, "s")).to.equal("notFound");
  });

  it("comes back when metadata is written, which keeps its other keys to the letter", async () => {
    const log = await deletedLog();
    const mine = ' { "$maxCount" : 7, "big": 12345678901234567890, "x": {"$tb": 1, "y": ["}", "\\"$tb\\":"]} }';
    expect(await setMetadata(log, "s", mine)).to.deep.equal(written(1, 4));
    expect(metadataOf(log)).to.deep.equal([mine.replace("{", '{"$tb":2,')]);
    expect(revisions(log, "s")).to.deep.equal([]);
    await log.append("s", events("3"), "stream_exists");
    expect(revisions(log, "s")).to.deep.equal([2]);
  });

  it("comes back even with metadata that says it is deleted, or that is malformed", async () => {
    const log = await deletedLog();
    const twice = '{"$tb":9223372036854775807, "a":1, "$tb" : 9223372036854775807 }';
    await setMetadata(log, "s", twice);
    expect(metadataOf(log)).to.deep.equal(['{"$tb":2, "a":1, "$tb" :2}']);
    expect(revisions(log, "s")).to.deep.equal([]);
    await log.delete("s", "any");
    await setMetadata(log, "s", "[1]");
    expect(metadataOf(log)).to.deep.equal(["[1]"]);
    expect(revisions(log, "s")).to.deep.equal([0, 1]);
  });

  it("keeps what was there hidden when metadata is written that is JSON, but not called so", async () => {
    const log = await deletedLog();
    const unnamed = event({ data: bytes('{"x":1}'), contentType: "application/octet-stream" });
    await log.append("$$s", [unnamed], "any");
    expect(metadataOf(log)).to.deep.equal(['{"$tb":2,"x":1}']);
    expect(revisions(log, "s")).to.deep.equal([]);
  });

  it("is one whose metadata a client wrote itself, but not one truncated a little earlier", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "no_stream");
    await setMetadata(log, "s", '{"$tb":9223372036854775806}');
    expect(revisions(log, "s")).to.deep.equal([]);
    // What JSON.stringify makes of 2^63 - 1: the real server cannot read it, and takes the metadata for empty.
    await setMetadata(log, "s", '{"$tb":9223372036854775808}');
    expect(revisions(log, "s")).to.deep.equal([0, 1]);
    await setMetadata(log, "s", `{"\\u0024tb" : 9223372036854775807}`);
    expect(revisions(log, "s")).to.equal("notFound");
  });
});

describe("A stream with a tombstone", () => {
  const logs = temporaryLogs();

  it("can be neither read nor written nor deleted again, and its metastream neither", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "no_stream");
    await setMetadata(log, "s", '{"$maxCount":5}');
    expect(await log.tombstone("s", 0n)).to.deep.equal(wrongRevision(1));
    expect(await log.tombstone("s", 1n)).to.deep.equal(written(tombstoneRevision, 4));
    for (const streamName of ["s", "$$s", "$$$$s"]) {
      expect(revisions(log, streamName)).to.equal("deleted");
      expect(revisions(log, streamName, "backwards")).to.equal("deleted");
      for (const expected of ["any", "no_stream", "stream_exists", 1n, 2n, tombstoneRevision] as const) {
        expect(await log.append(streamName, events("1"), expected)).to.deep.equal(streamDeleted);
        expect(await log.append(streamName, [], expected)).to.deep.equal(streamDeleted);
        expect(await log.delete(streamName, expected)).to.deep.equal(streamDeleted);
        expect(await log.tombstone(streamName, expected)).to.deep.equal(streamDeleted);
      }
    }
    expect(log.head()).to.equal(4);
  });

  it("stays in the log, where the tombstone has the highest revision there is", async () => {
    const log = await logs.open();
    await log.append("s", events("1"), "no_stream");
    await log.tombstone("s", "any");
    const tombstone = allRecords(log).at(-1)!;
    expect(tombstone).to.deep.include({
      streamName: "s",
      type: "$streamDeleted",
      contentType: "application/octet-stream",
      revision: 9223372036854775807n,
      position: 2,
    });
    expect([tombstone.data.length, tombstone.metadata.length]).to.deep.equal([0, 0]);
    expect(allRecords(log, "backwards").map(({ revision }) => revision)).to.deep.equal([9223372036854775807n, 0n]);
  });

  it("need not have been there", async () => {
    const log = await logs.open();
    expect(await log.tombstone("a", "stream_exists")).to.deep.equal(wrongRevision());
    expect(await log.tombstone("a", 0n)).to.deep.equal(wrongRevision());
    expect(await log.tombstone("a", "any")).to.deep.equal(written(tombstoneRevision, 1));
    expect(await log.tombstone("b", "no_stream")).to.deep.equal(written(tombstoneRevision, 2));
    expect(revisions(log, "b")).to.equal("deleted");
  });

  it("may have been deleted softly before", async () => {
    const log = await logs.open();
    await log.append("s", events("1"), "any");
    await log.delete("s", "any");
    expect(await log.tombstone("s", "no_stream")).to.deep.equal(written(tombstoneRevision, 3));
    expect(revisions(log, "s")).to.equal("deleted");
  });

  it("that is a metastream takes no metadata any more", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "any");
    await setMetadata(log, "s", '{"$maxCount":1}');
    await log.tombstone("$$s", "any");
    expect(revisions(log, "s")).to.deep.equal([0, 1]);
    expect(await setMetadata(log, "s", "{}")).to.deep.equal(streamDeleted);
    expect(await log.delete("s", "any")).to.deep.equal(streamDeleted);
  });
});
