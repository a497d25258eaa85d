/** EventStoreDB's table: what an append with this expectation does to a stream in that state. */

import { expect } from "chai";
import { tombstoneRevision } from "../../../tools/eventstore/record-log.js";
import {
  allRecords,
  bytes,
  event,
  events,
  rejection,
  revisions,
  setMetadata,
  streamDeleted,
  temporaryLogs,
  text,
  written,
  wrongRevision,
} from "./logs.js";

describe("An append to the development server's log", () => {
  const logs = temporaryLogs();

  it("is written when the stream is as expected, and refused when it is not", async () => {
    const log = await logs.open();
    expect(await log.append("s", events("1"), 0n)).to.deep.equal(wrongRevision());
    expect(await log.append("s", events("1"), "stream_exists")).to.deep.equal(wrongRevision());
    expect(await log.append("s", events("1", "2"), "no_stream")).to.deep.equal(written(1, 2));
    expect(await log.append("s", events("3"), 1n)).to.deep.equal(written(2, 3));
    expect(await log.append("s", events("4"), "any")).to.deep.equal(written(3, 4));
    expect(await log.append("s", events("5"), "stream_exists")).to.deep.equal(written(4, 5));
    for (const expected of ["no_stream", 0n, 3n, 5n, 2n ** 63n, -7n] as const)
      expect(await log.append("s", events("6"), expected)).to.deep.equal(wrongRevision(4));
    expect(revisions(log, "s")).to.deep.equal([0, 1, 2, 3, 4]);
    expect(log.head()).to.equal(5);
  });

  it("finds that a stream exists which has only metadata", async () => {
    const log = await logs.open();
    await setMetadata(log, "s", "{}");
    expect(await log.append("s", events("1"), "stream_exists")).to.deep.equal(written(0, 2));
  });

  it("of no event writes nothing", async () => {
    const log = await logs.open();
    for (const expected of ["any", "no_stream"] as const)
      expect(await log.append("s", [], expected)).to.deep.equal(written(undefined, undefined));
    expect(await log.append("s", [], "stream_exists")).to.deep.equal(wrongRevision());
    expect(await log.append("s", [], 0n)).to.deep.equal(wrongRevision());
    await log.append("s", events("1", "2"), "any");
    for (const expected of ["any", "stream_exists", 1n] as const)
      expect(await log.append("s", [], expected)).to.deep.equal(written(1, undefined));
    for (const expected of ["no_stream", 0n, 2n] as const)
      expect(await log.append("s", [], expected)).to.deep.equal(wrongRevision(1));
    expect(log.head()).to.equal(2);
  });

  it("gives every append of one turn an outcome of its own", async () => {
    const log = await logs.open();
    const outcomes = await Promise.all([
      log.append("a", events("1", "2"), "no_stream"),
      log.append("a", events("3"), "no_stream"),
      log.append("b", events("1"), "any"),
      log.tombstone("b", 0n),
      log.append("b", events("2"), "any"),
      log.append("a", events("3"), 1n),
    ]);
    expect(outcomes).to.deep.equal([
      written(1, 2),
      wrongRevision(1),
      written(0, 3),
      written(tombstoneRevision, 4),
      streamDeleted,
      written(2, 5),
    ]);
  });

  it("is refused with too many bytes, and without a name, type or id", async () => {
    const log = await logs.open({ maxAppendBytes: 100 });
    const bad = [
      log.append("s", [event({ data: bytes("1".repeat(60)) }), event({ data: bytes("1".repeat(60)) })], "any"),
      log.append("s", [event({ data: bytes("1".repeat(60)), metadata: bytes("m".repeat(60)) })], "any"),
      log.append("s", [event({ type: "" })], "any"),
      log.append("s", [event({ id: "" })], "any"),
      log.append("", events("1"), "any"),
      log.append("", [], "any"),
      log.delete("half a \ud83d pair", "any"),
      log.tombstone("", "any"),
    ];
    for (const refused of bad) expect(await rejection(refused)).to.have.property("code", "INVALID_APPEND");
    expect(log.head()).to.equal(0);
    expect(await log.append("s", [event({ data: bytes("1".repeat(100)) })], "any")).to.deep.equal(written(0, 1));
  });

  it("tells listeners of what was written until they stop, and of nothing else", async () => {
    const log = await logs.open();
    const heads: number[] = [];
    const stop = log.onCommit(() => heads.push(log.head()));
    await log.append("s", events("1"), "any");
    await log.append("s", events("2"), "no_stream");
    await log.delete("s", "any");
    stop();
    await log.append("s", events("3"), "any");
    expect(heads).to.deep.equal([1, 2]);
  });
});

describe("An append that comes again", () => {
  const logs = temporaryLogs();

  it("at the revision that it expected is answered with its old place, also by a log opened anew", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "no_stream");
    await log.append("s", events("3", "4"), 1n);
    const again = async (other = log) => {
      expect(await other.append("s", events("1", "2"), "no_stream")).to.deep.equal(written(1, 2));
      expect(await other.append("s", events("1"), "no_stream")).to.deep.equal(written(0, 1));
      expect(await other.append("s", events("3", "4"), 1n)).to.deep.equal(written(3, 4));
      expect(await other.append("s", events("1", "2", "3", "4"), -1n)).to.deep.equal(written(3, 4));
    };
    await again();
    await log.close();
    await again(await logs.open());
  });

  it("in part, with more, or in another order is refused at an exact revision", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2", "3"), "no_stream");
    for (const ids of [["2"], ["1", "3"], ["2", "1"], ["1", "2", "3", "4"], ["x", "2"]])
      expect(await log.append("s", events(...ids), "no_stream")).to.deep.equal(wrongRevision(2));
    expect(log.head()).to.equal(3);
  });

  for (const expected of ["any", "stream_exists"] as const)
    it(`with ${expected} is known by its ids, wherever in the stream they are`, async () => {
      const log = await logs.open();
      await log.append("s", events("1", "2", "3"), "no_stream");
      await log.append("other", events("9"), "any");
      for (const [ids, revision] of [
        [["1", "2", "3"], 2],
        [["2"], 1],
        [["3", "1"], 0],
      ] as const)
        expect(await log.append("s", events(...ids), expected)).to.deep.equal(written(revision, revision + 1));
      // The first decides whether it is a retry; a later one that is unknown makes it a broken one.
      expect(await log.append("s", events("1", "new"), expected)).to.deep.equal(wrongRevision(2));
      // Known in another stream is not known here, and a known one behind a new one does not count.
      expect(await log.append("s", events("9", "1"), expected)).to.deep.equal(written(4, 6));
      expect(revisions(log, "s")).to.deep.equal([0, 1, 2, 3, 4]);
    });

  it("may hold one id twice", async () => {
    const log = await logs.open();
    for (const expected of ["any", "no_stream", "any"] as const)
      expect(await log.append("s", events("1", "1"), expected)).to.deep.equal(written(1, 2));
  });
});

describe("A client's own event of a type that the server uses", () => {
  const logs = temporaryLogs();

  it("ends no stream, whatever it is called", async () => {
    const log = await logs.open();
    for (const contentType of ["application/json", "application/vnd.rollcall.tombstone", ""])
      await log.append("s", [event({ type: "$streamDeleted", contentType })], "any");
    expect(revisions(log, "s")).to.deep.equal([0, 1, 2]);
    expect(allRecords(log).map(({ contentType, data }) => [contentType, text(data)])).to.deep.equal([
      ["application/json", "{}"],
      ["application/octet-stream", "{}"],
      ["application/octet-stream", "{}"],
    ]);
    expect(await log.append("s", events("1"), 2n)).to.deep.equal(written(3, 4));
  });
});
