import { expect } from "chai";
import { simulate } from "./simulate.js";

describe("a simulated run", () => {
  const seeds = Array.from({ length: 24 }, (_, i) => 7 * i + 1);

  it("is the same again for the same seed: each call, its time and its answer", async function () {
    this.timeout(60_000);
    const digests = new Set<string>();
    for (const seed of seeds) {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      expect(second.trace, `seed ${seed}`).to.deep.equal(first.trace);
      expect(second.digest).to.equal(first.digest);
      digests.add(first.digest);
    }
    expect(digests.size, "and another one for another seed").to.equal(seeds.length);
  });

  it("knows neither chance nor time but its own", async function () {
    this.timeout(60_000);
    const { random } = Math;
    const { now } = Date;
    const { setTimeout, setInterval } = globalThis;
    const asked = (what: string) => () => expect.fail(`a run asked for ${what}`);
    try {
      Math.random = asked("Math.random");
      Date.now = asked("Date.now");
      Object.assign(globalThis, { setTimeout: asked("a timer"), setInterval: asked("a timer") });
      for (const seed of seeds.slice(0, 8)) expect((await simulate(seed)).violations).to.deep.equal([]);
    } finally {
      Math.random = random;
      Date.now = now;
      Object.assign(globalThis, { setTimeout, setInterval });
    }
  });
});
