/** Pages of the log and of a stream: what is in them, where the next one begins, and how long they can become. */

import { expect } from "chai";
import type { LogPage, LogRecord, RecordFilter, RecordLog, StreamPage } from "../../../tools/eventstore/record-log.js";
import { allRecords, bytes, event, events, setMetadata, temporaryLogs } from "./logs.js";

const recordsOf = (page: StreamPage): readonly LogRecord[] => {
  if (page.kind !== "records") throw new Error(page.kind);
  return page.records;
};
const revisionsOf = (page: StreamPage) => recordsOf(page).map(({ revision }) => Number(revision));
const positionsOf = (page: LogPage) => page.records.map(({ position }) => position);
const range = (from: number, to: number) =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + (to < from ? -i : i));

async function fill(log: RecordLog, streamName: string, count: number, type = "test.Happened"): Promise<void> {
  for (let left = count; left > 0; left -= 1_000)
    await log.append(
      streamName,
      Array.from({ length: Math.min(left, 1_000) }, () => event({ type })),
      "any",
    );
}

describe("A page of a stream", () => {
  const logs = temporaryLogs();

  it("begins and ends where it should, in both directions", async () => {
    const log = await logs.open();
    await fill(log, "other", 3);
    await fill(log, "s", 10);
    await setMetadata(log, "s", '{"$tb":2}');
    const read = (...how: Parameters<RecordLog["readStream"]> extends [string, ...infer Rest] ? Rest : never) => {
      const page = log.readStream("s", ...how);
      return [...revisionsOf(page), page.kind === "records" && page.complete ? "complete" : "more"];
    };
    expect(read("forwards", "start", 100)).to.deep.equal([...range(2, 9), "complete"]);
    expect(read("forwards", 0n, 3)).to.deep.equal([2, 3, 4, "more"]);
    expect(read("forwards", 7n, 3)).to.deep.equal([7, 8, 9, "complete"]);
    expect(read("forwards", 9n, 3)).to.deep.equal([9, "complete"]);
    for (const from of [10n, 2n ** 63n - 1n, "end"] as const)
      expect(read("forwards", from, 3)).to.deep.equal(["complete"]);
    expect(read("backwards", "end", 100)).to.deep.equal([...range(9, 2), "complete"]);
    expect(read("backwards", 2n ** 64n - 1n, 2)).to.deep.equal([9, 8, "more"]);
    expect(read("backwards", 4n, 3)).to.deep.equal([4, 3, 2, "complete"]);
    for (const from of [1n, 0n, "start"] as const) expect(read("backwards", from, 3)).to.deep.equal(["complete"]);
    expect(read("forwards", 2n, 0)).to.deep.equal(["more"]);
    expect(read("backwards", "end", -1)).to.deep.equal(["more"]);
  });

  it("holds at most 256 records, however many are asked for", async () => {
    const log = await logs.open();
    await fill(log, "s", 600);
    const pages = ["start", 256n, 512n] as const;
    expect(pages.map((from) => revisionsOf(log.readStream("s", "forwards", from, Infinity)))).to.deep.equal([
      range(0, 255),
      range(256, 511),
      range(512, 599),
    ]);
    expect(revisionsOf(log.readStream("s", "backwards", "end", 2 ** 53))).to.deep.equal(range(599, 344));
  });

  it("ends with the record that fills a megabyte, and never without one", async () => {
    const log = await logs.open();
    for (const size of [400, 400, 400, 3_000, 1])
      await log.append("s", [event({ data: bytes("x".repeat(size * 1_000)) })], "any");
    await log.append("s", [event({ metadata: bytes("m".repeat(1_100_000)) }), event()], "any");
    expect([0n, 3n, 4n, 6n].map((from) => revisionsOf(log.readStream("s", "forwards", from, 99)))).to.deep.equal([
      [0, 1, 2],
      [3],
      [4, 5],
      [6],
    ]);
    expect(revisionsOf(log.readStream("s", "backwards", "end", 99))).to.deep.equal([6, 5]);
    expect(positionsOf(log.readAll("forwards", 3, 99))).to.deep.equal([4]);
    expect(positionsOf(log.readAll("forwards", 3, 99, () => true))).to.deep.equal([4]);
    expect(positionsOf(log.readAll("backwards", 4, 99))).to.deep.equal([3, 2, 1]);
  });

  it("begins with the first record that is young enough, in a long stream", async () => {
    const log = await logs.open();
    await fill(log, "s", 20_000);
    await logs.clock.advance(10_000);
    await fill(log, "s", 5);
    await setMetadata(log, "s", '{"$maxAge":9}');
    expect(revisionsOf(log.readStream("s", "forwards", "start", 99))).to.deep.equal(range(20_000, 20_004));
    expect(revisionsOf(log.readStream("s", "backwards", "end", 99))).to.deep.equal(range(20_004, 20_000));
  });
});

describe("A page of the log", () => {
  const logs = temporaryLogs();

  it("of an empty log is empty and complete", async () => {
    const log = await logs.open();
    expect(log.head()).to.equal(0);
    expect(log.readAll("forwards", 0, 9)).to.deep.equal({ records: [], considered: 0, through: 0, complete: true });
    expect(log.readAll("backwards", 9, 9)).to.deep.equal({ records: [], considered: 0, through: 9, complete: true });
    expect(log.readAll("backwards", 9, 9, () => true)).to.have.property("complete", true);
  });

  for (const [how, filter] of [
    ["without a filter", undefined],
    ["through a filter that all pass", () => true],
  ] as const)
    it(`${how} begins behind a position forwards and before one backwards, and says where to go on`, async () => {
      const log = await logs.open();
      await fill(log, "s", 10);
      const read = (direction: "forwards" | "backwards", from: number, limit: number) => {
        const page = log.readAll(direction, from, limit, filter);
        expect(page.considered).to.equal(page.records.length);
        return [...positionsOf(page), `through ${page.through}`, page.complete ? "complete" : "more"];
      };
      expect(read("forwards", 0, 4)).to.deep.equal([1, 2, 3, 4, "through 4", "more"]);
      expect(read("forwards", 4, 6)).to.deep.equal([...range(5, 10), "through 10", "complete"]);
      expect(read("forwards", 10, 6)).to.deep.equal(["through 10", "complete"]);
      expect(read("forwards", 99, 6)).to.deep.equal(["through 99", "complete"]);
      expect(read("backwards", 11, 4)).to.deep.equal([10, 9, 8, 7, "through 7", "more"]);
      expect(read("backwards", Infinity, 1)).to.deep.equal([10, "through 10", "more"]);
      expect(read("backwards", 7, 99)).to.deep.equal([...range(6, 1), "through 1", "complete"]);
      expect(read("backwards", 1, 99)).to.deep.equal(["through 1", "complete"]);
      expect(read("forwards", 3, 0)).to.deep.equal(["through 3", "more"]);
    });

  it("hides nothing: deleted and truncated streams, metadata, links and tombstones are there", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "any");
    await setMetadata(log, "s", '{"$tb":2,"$maxAge":1}');
    await log.append("links", [event({ type: "$>", data: bytes("0@s") })], "any");
    await log.delete("s", "any");
    await log.tombstone("s", "any");
    const seen = allRecords(log).map(({ streamName, type }) => `${streamName} ${type}`);
    expect(seen).to.deep.equal([
      "s test.Happened",
      "s test.Happened",
      "$$s $metadata",
      "links $>",
      "$$s $metadata",
      "s $streamDeleted",
    ]);
    expect(allRecords(log, "backwards").map(({ position }) => position)).to.deep.equal(range(6, 1));
  });

  it("holds what passes the filter, and considers no more than it needs to", async () => {
    const log = await logs.open();
    for (let i = 0; i < 10; i++) await fill(log, i % 2 ? "odd" : "even", 2, i < 5 ? "test.Early" : "test.Late");
    const late: RecordFilter = ({ type }) => type === "test.Late";
    const odd: RecordFilter = ({ streamName }) => streamName === "odd";
    expect(log.readAll("forwards", 0, 3, late)).to.deep.include({ considered: 13, through: 13, complete: false });
    expect(positionsOf(log.readAll("forwards", 0, 3, late))).to.deep.equal([11, 12, 13]);
    expect(positionsOf(log.readAll("forwards", 13, 99, odd))).to.deep.equal([15, 16, 19, 20]);
    expect(positionsOf(log.readAll("backwards", 19, 99, odd))).to.deep.equal([16, 15, 12, 11, 8, 7, 4, 3]);
    expect(log.readAll("backwards", 5, 2, odd)).to.deep.include({ considered: 2, through: 3, complete: false });
  });

  it("considers 5,000 records at most, and passes the rest over page by page", async () => {
    const log = await logs.open();
    await log.append("first", events("1"), "any");
    await fill(log, "many", 12_000);
    await log.append("last", events("1"), "any");
    const rare: RecordFilter = ({ streamName }) => streamName !== "many";
    const pages = (direction: "forwards" | "backwards", start: number) => {
      const found: LogPage[] = [];
      for (let from = start; !found.at(-1)?.complete; from = found.at(-1)!.through)
        found.push(log.readAll(direction, from, 99, rare));
      return found.map((page) => [page.considered, page.through, ...positionsOf(page)]);
    };
    expect(pages("forwards", 0)).to.deep.equal([
      [5_000, 5_000, 1],
      [5_000, 10_000],
      [2_002, 12_002, 12_002],
    ]);
    expect(pages("backwards", 12_003)).to.deep.equal([
      [5_000, 7_003, 12_002],
      [5_000, 2_003],
      [2_002, 1, 1],
    ]);
  });

  it("leaves an error of the filter as it is, and can be read again", async () => {
    const log = await logs.open();
    await fill(log, "s", 3);
    const failing = () => {
      throw new RangeError("mine");
    };
    expect(() => log.readAll("forwards", 0, 9, failing)).to.throw(RangeError, "mine");
    expect(log.readAll("forwards", 0, 9).records).to.have.length(3);
    expect(log.readStream("s", "forwards", "start", 9).kind).to.equal("records");
  });
});

describe("A link", () => {
  const logs = temporaryLogs();
  const linkTo = async (log: RecordLog, data: string, type = "$>") => {
    await log.append("links", [event({ type, data: bytes(data), contentType: "application/octet-stream" })], "any");
    return recordsOf(log.readStream("links", "backwards", "end", 1))[0]!;
  };
  const resolved = async (log: RecordLog, data: string) => {
    const target = log.resolve(await linkTo(log, data));
    return target && `${target.revision}@${target.streamName}`;
  };

  it("leads to its target, whose name begins at the first @", async () => {
    const log = await logs.open();
    await log.append("s", events("1", "2"), "any");
    await log.append("a@b", events("1"), "any");
    expect(await resolved(log, "1@s")).to.equal("1@s");
    expect(await resolved(log, "0@a@b")).to.equal("0@a@b");
    expect(await resolved(log, "-1@s")).to.equal("1@s");
    expect(log.resolve(await linkTo(log, "0@s"))).to.deep.equal(log.readAll("forwards", 0, 1).records[0]);
  });

  it("leads nowhere when its target is not there, deleted, truncated or too old", async () => {
    const log = await logs.open();
    for (const name of ["truncated", "counted", "aged", "soft", "hard"])
      await log.append(name, events("1", "2"), "any");
    await setMetadata(log, "truncated", '{"$tb":1}');
    await setMetadata(log, "counted", '{"$maxCount":1}');
    await setMetadata(log, "aged", '{"$maxAge":5}');
    await log.delete("soft", "any");
    await log.tombstone("hard", "any");
    expect(await resolved(log, "0@aged")).to.equal("0@aged");
    await logs.clock.advance(5_001);
    const nowhere = ["0@truncated", "0@counted", "0@aged", "1@soft", "1@hard", `${2n ** 63n - 1n}@hard`, "0@none"];
    for (const data of [...nowhere, "2@counted", "-1@none", "9007199254740993@counted"])
      expect(await resolved(log, data), data).to.equal(undefined);
    expect(await resolved(log, "1@truncated")).to.equal("1@truncated");
    expect(await resolved(log, "1@counted")).to.equal("1@counted");
  });

  it("is delivered as it is when it cannot be parsed, or is none", async () => {
    const log = await logs.open();
    await log.append("s", events("1"), "any");
    for (const data of ["", "0", "0@", "zero@s", "0.0@s", "@s", "-2@s", `${2n ** 63n}@s`]) {
      const link = await linkTo(log, data);
      expect(log.resolve(link), data).to.equal(link);
    }
    const ordinary = await linkTo(log, "0@s", "test.Happened");
    expect(log.resolve(ordinary)).to.equal(ordinary);
  });

  it("leads to another link as to any record", async () => {
    const log = await logs.open();
    await linkTo(log, "0@nowhere");
    expect(log.resolve(await linkTo(log, "0@links"))).to.include({ type: "$>", position: 1 });
  });
});
