import { expect } from "chai";
import fc from "fast-check";
import { KeyFilter } from "../../src/projection/key-filter.js";

describe("a filter of keys", () => {
  const filter = new KeyFilter();

  it("holds every key that was added, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), (keys) => {
        for (const key of keys) filter.add(key);
        for (const key of keys) expect(filter.mayHold(key), JSON.stringify(key)).to.equal(true);
      }),
    );
  });

  it("holds hardly any other", () => {
    const keysOf = (what: string) => Array.from({ length: 200_000 }, (_, i) => `${what}-${i}`);
    for (const key of keysOf("order")) filter.add(key);
    const wrong = keysOf("payment").filter((key) => filter.mayHold(key));
    expect(wrong.length).to.be.lessThan(50);
    const lost = keysOf("order").filter((key) => !filter.mayHold(key));
    expect(lost, "of those that were added, however many").to.deep.equal([]);
  });

  it("is small while it holds few, as there are two of each observer", () => {
    const before = process.memoryUsage().arrayBuffers;
    const filters = Array.from({ length: 50 }, () => new KeyFilter());
    for (const each of filters) for (let i = 0; i < 1_000; i++) each.add(`order-${i}`);
    expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(50 * 128 * 1024);
  });
});
