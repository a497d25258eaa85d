/** The time that something long has left, as its commands tell it. */

import { expect } from "chai";
import { Pace } from "../../tools/pace.js";
import { Writing } from "../../tools/rebuild/writing.js";

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

  it("counts the work that comes of what is done, also of what is still to be done", () => {
    // A row for every two events, which takes as long as three events; the first hundred rows are written.
    const pace = new Pace(1_000);
    pace.at(0, 0);
    const { leftMs } = pace.at(400, 7_000, { done: 300, ahead: 300 });
    // 600 events, 300 rows of theirs, and 100 that wait, at 100 a second.
    expect(leftMs).to.equal(6_000 + 9_000 + 3_000);
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

describe("What rows take besides reading", () => {
  const said = (name: string, position: bigint, events: number, written = 0, waiting = 0) => ({
    name,
    events,
    position,
    head: undefined,
    rows: { written, waiting },
  });

  it("is three events a row, of all read models that are rebuilt, in positions of the log", () => {
    const writing = new Writing();
    expect(writing.besides(said("a", 7n, 1_000))).to.deep.equal({ done: 0, ahead: 0 });
    expect(writing.besides(said("a", 407n, 1_100, 10, 20))).to.deep.equal({ done: 120, ahead: 240 });
    writing.besides(said("b", 7n, 5_000));
    expect(writing.besides(said("b", 407n, 5_100, 0, 40))).to.deep.equal({ done: 60, ahead: 360 });
  });

  it("is nothing where rows are not told, as by threads", () => {
    const writing = new Writing();
    writing.besides({ ...said("a", 0n, 0), rows: undefined });
    expect(writing.besides({ ...said("a", 10n, 10), rows: undefined })).to.deep.equal({ done: 0, ahead: 0 });
  });
});
