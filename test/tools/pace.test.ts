/** The time that something long has left, as its commands tell it. */

import { expect } from "chai";
import { Pace } from "../../tools/pace.js";

describe("The time left", () => {
  it("is what the rest takes at the rate so far", () => {
    const pace = new Pace(1_000);
    expect(pace.at(0, 5_000).leftMs).to.equal(undefined);
    expect(pace.at(100, 6_000)).to.deep.equal({ perSecond: 100, leftMs: 9_000 });
    expect(pace.at(600, 8_000)).to.deep.equal({ perSecond: 200, leftMs: 2_000 });
    expect(pace.at(1_000, 9_000).leftMs).to.equal(0);
  });

  it("does not count what was done before, by what is resumed", () => {
    const pace = new Pace(1_000);
    pace.at(900, 0);
    expect(pace.at(910, 1_000)).to.deep.equal({ perSecond: 10, leftMs: 9_000 });
  });

  it("is unknown where the end is, and never below nothing", () => {
    const open = new Pace();
    open.at(0, 0);
    expect(open.at(10, 1_000)).to.deep.equal({ perSecond: 10, leftMs: undefined });
    const over = new Pace(10);
    over.at(0, 0);
    expect(over.at(20, 1_000).leftMs).to.equal(0);
  });
});
