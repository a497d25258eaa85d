/** What stream metadata leaves to be read. */

import { expect } from "chai";
import { bytes, event, revisions, setMetadata, temporaryLogs, written } from "./logs.js";

describe("Stream metadata", () => {
  const logs = temporaryLogs();
  const logOfFive = async () => {
    const log = await logs.open();
    for (let i = 0; i < 5; i++) {
      await log.append("s", [event()], "any");
      await logs.clock.advance(1_000);
    }
    return log;
  };

  const visible: Record<string, number[]> = {
    '{"$maxCount":2}': [3, 4],
    '{"$maxCount":5}': [0, 1, 2, 3, 4],
    '{"$maxCount":9223372036854775807}': [0, 1, 2, 3, 4],
    '{"$tb":4}': [4],
    '{"$tb":5}': [],
    '{"$tb":9223372036854775806}': [],
    '{"$tb":3,"$maxCount":1}': [4],
    '{"$tb":1,"$maxCount":9}': [1, 2, 3, 4],
    // Recorded 5, 4, 3, 2 and 1 seconds ago: an age of exactly the bound is young enough.
    '{"$maxAge":3}': [2, 3, 4],
    '{"$maxAge":3,"$tb":4}': [4],
    '{"$maxAge":1000000000}': [0, 1, 2, 3, 4],
    '{"$maxAge":0,"$maxCount":0,"$tb":-1}': [0, 1, 2, 3, 4],
    '{"$maxAge":-5,"$maxCount":-2,"$tb":2}': [2, 3, 4],
    '{"$maxCount":3,"$maxCount":2}': [3, 4],
    '{"inner":{"$maxCount":1},"text":"\\"$maxCount\\":1,","list":[{"$tb":4}],"$tb":1}': [1, 2, 3, 4],
    "{}": [0, 1, 2, 3, 4],
  };
  for (const [json, expected] of Object.entries(visible))
    it(`${json} leaves ${expected.join(", ") || "nothing"} of five`, async () => {
      const log = await logOfFive();
      await setMetadata(log, "s", json);
      expect(revisions(log, "s")).to.deep.equal(expected);
      expect(revisions(log, "s", "backwards")).to.deep.equal([...expected].reverse());
      expect(log.head()).to.equal(6);
    });

  const malformed = [
    '{"$maxCount":1',
    "[]",
    "null",
    '"$maxCount"',
    '{"$maxCount":"1"}',
    '{"$maxCount":1.0}',
    '{"$maxCount":1e0}',
    '{"$maxCount":null}',
    '{"$maxCount":1,"$tb":9223372036854775808}',
    '{"$maxCount":1,"$maxAge":922337203686}',
    '{"$maxCount":1,"$tmp":1}',
    '{"$maxCount":1,"$cacheControl":true}',
    '{"$maxCount":1,"$acl":{"$r":7}}',
    '{"$maxCount":1,"$acl":{"read":"all"}}',
  ];
  it("counts as empty when it is malformed", async () => {
    const log = await logOfFive();
    for (const json of malformed) {
      await setMetadata(log, "s", json);
      expect(revisions(log, "s"), json).to.deep.equal([0, 1, 2, 3, 4]);
    }
    await setMetadata(log, "s", '{"$maxCount":1,"$tmp":false,"$cacheControl":5,"$acl":{"$r":["a","b"],"$mw":"c"}}');
    expect(revisions(log, "s")).to.deep.equal([4]);
  });

  it("counts as empty when it is not JSON, or not UTF-8", async () => {
    const log = await logOfFive();
    const maxCount = bytes('{"$maxCount":1}');
    for (const { data, contentType } of [
      { data: maxCount, contentType: "application/octet-stream" },
      { data: new Uint8Array([...maxCount, 0xff]), contentType: "application/json" },
      { data: new Uint8Array(), contentType: "application/json" },
    ]) {
      await log.append("$$s", [event({ type: "$metadata", data, contentType })], "any");
      expect(revisions(log, "s")).to.deep.equal([0, 1, 2, 3, 4]);
    }
  });

  it("counts as of its last event, of whatever type", async () => {
    const log = await logOfFive();
    const two = [event({ data: bytes('{"$maxCount":1}') }), event({ data: bytes('{"$maxCount":2}') })];
    await log.append("$$s", two, "any");
    expect(revisions(log, "s")).to.deep.equal([3, 4]);
    expect(revisions(log, "$$s")).to.deep.equal([1]);
  });

  it("lets records grow too old by the clock, not by what is written", async () => {
    const log = await logOfFive();
    await setMetadata(log, "s", '{"$maxAge":2}');
    expect(revisions(log, "s")).to.deep.equal([3, 4]);
    await logs.clock.advance(1_001);
    expect(revisions(log, "s")).to.deep.equal([]);
    await log.append("s", [event()], 4n);
    expect(revisions(log, "s")).to.deep.equal([5]);
  });

  it("of a metastream does nothing: its last event alone can be read", async () => {
    const log = await logs.open();
    for (const maxCount of [7, 8, 9]) await setMetadata(log, "s", `{"$maxCount":${maxCount}}`);
    await setMetadata(log, "$$s", '{"$maxCount":3}');
    expect(revisions(log, "$$s")).to.deep.equal([2]);
    expect(await log.append("$$s", [event()], 2n)).to.deep.equal(written(3, 5));
    expect(await log.delete("$$s", "any")).to.deep.equal(written(1, 6));
    expect(revisions(log, "$$s")).to.deep.equal([3]);
  });
});
