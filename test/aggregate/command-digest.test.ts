/** The digest tells a retry from another command: it must not change between releases, nor confuse two commands. */

import { expect } from "chai";
import { commandDigest } from "../../src/aggregate/command-digest.js";
import { Command } from "../../src/index.js";

class Ask extends Command("digest.Ask") {
  readonly value?: unknown;
}

const digest = (value: unknown, aggregateId = "1") => commandDigest(Ask.of({ aggregateId, value }));

describe("the digest of a command", () => {
  it("is stable, because it is stored", () => {
    // SHA-256 of ["digest.Ask",{"aggregateId":"1","value":{"a":[1,"x",null],"b":{"c":true}}}]
    expect(digest({ b: { c: true }, a: [1, "x", null] })).to.equal("dq4LXlhdN4-8wzps960nxBZvP2AwFWFWIZNZzLcZC4U");
  });

  it("does not depend on the order of fields, at any depth", () => {
    expect(digest({ a: { b: 1, c: 2 } })).to.equal(digest({ a: { c: 2, b: 1 } }));
  });

  it("does not tell an absent field from one that is undefined, as JSON does not", () => {
    expect(digest(undefined)).to.equal(commandDigest(Ask.of({ aggregateId: "1" })));
    expect(digest({ a: undefined })).to.equal(digest({}));
  });

  it("takes a date for what JSON makes of it", () => {
    expect(digest(new Date(0))).to.equal(digest("1970-01-01T00:00:00.000Z"));
    expect(digest(new Date(0))).to.not.equal(digest(new Date(1)));
  });

  it("tells everything else apart", () => {
    const values = [
      {},
      [],
      { a: 1 },
      [["a", 1]],
      ["a", 1],
      { a: "1" },
      { a: [1] },
      { a: { 0: 1 } },
      null,
      "",
      0,
      false,
      "null",
    ];
    const digests = values.map((value) => digest(value));
    expect(new Set(digests).size).to.equal(values.length);
    expect(digest(1, "1")).to.not.equal(digest(1, "2"));
  });
});
