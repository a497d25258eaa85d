/** Derived ids are stored: the same parts must give the same id for ever. */

import { expect } from "chai";
import { derivedId, randomId } from "../../src/index.js";

describe("a derived id", () => {
  // Ids in existing logs: if one of these changes, retries append twice.
  const known: [parts: (string | number | bigint)[], id: string][] = [
    [["event", "0d8e3c8e-4f9b-4a25-9d1c-0c5c0a3f8f11", "order-7", 0], "1cbac2ba-8a1d-5e5f-abc2-2ea085c8217a"],
    [["reaction", "request-payment", "0d8e3c8e-4f9b-4a25-9d1c-0c5c0a3f8f11"], "f8ec5e3f-3757-50d9-8b23-bf7d2e5809d7"],
    [["flag", "order-to-cash", "öäü 🧾", 12], "6ec90dbd-caa2-505b-b2f2-61fa4d151757"],
    [["tick", 340282366920938463463374607431768211455n], "10b109e6-4fd5-5656-b9ed-83cd82a3f112"],
  ];

  for (const [parts, id] of known)
    it(`of (${parts.join(", ")}) is ${id}`, () => expect(derivedId(...parts)).to.equal(id));

  it("is a UUID of version 5", () => {
    expect(derivedId("a")).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("keeps parts apart that would read the same one after the other", () => {
    const ids = [
      derivedId("a", "bc"),
      derivedId("ab", "c"),
      derivedId("abc"),
      derivedId('a","bc'),
      derivedId("a", "", "bc"),
    ];
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("does not tell a number from its text", () => {
    expect(derivedId("event", 7n)).to.equal(derivedId("event", 7)).and.to.equal(derivedId("event", "7"));
  });
});

describe("a random id", () => {
  it("is another UUID each time", () => {
    expect(randomId()).to.match(/^[0-9a-f-]{36}$/);
    expect(randomId()).to.not.equal(randomId());
  });
});
