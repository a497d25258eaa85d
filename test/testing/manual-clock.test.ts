/** The manual clock wakes who sleeps in one order, whatever the machine does. */

import { expect } from "chai";
import { ManualClock } from "../../src/testing/manual-clock.js";

describe("The manual clock", () => {
  it("stands still until it is advanced", async () => {
    const clock = new ManualClock(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(clock.now()).to.equal(1000);
    await clock.advance(250);
    expect(clock.now()).to.equal(1250);
  });

  it("wakes sleepers at their times, the earliest first, equals in the order in which they fell asleep", async () => {
    const clock = new ManualClock(0);
    const woken: string[] = [];
    for (const [name, ms] of [
      ["c", 30],
      ["a", 10],
      ["b1", 20],
      ["b2", 20],
      ["late", 41],
    ] as const)
      void clock.sleep(ms).then(() => woken.push(`${name}@${clock.now()}`));
    await clock.advance(40);
    expect(woken).to.deep.equal(["a@10", "b1@20", "b2@20", "c@30"]);
    expect(clock.sleeping).to.equal(1);
    expect(clock.now()).to.equal(40);
  });

  it("lets what it wakes sleep again within the same span", async () => {
    const clock = new ManualClock(0);
    const ticks: number[] = [];
    void (async () => {
      for (;;) {
        await clock.sleep(10);
        await new Promise((resolve) => setImmediate(resolve));
        ticks.push(clock.now());
      }
    })();
    await clock.advance(35);
    expect(ticks).to.deep.equal([10, 20, 30]);
  });

  it("wakes at once, and never rejects, when the signal aborts", async () => {
    const clock = new ManualClock(0);
    const abort = new AbortController();
    const sleeping = clock.sleep(1000, abort.signal);
    abort.abort();
    await sleeping;
    await clock.sleep(1000, abort.signal);
    expect(clock.now()).to.equal(0);
    expect(clock.sleeping).to.equal(0);
  });

  it("does not hold up who sleeps for no time", async () => {
    const clock = new ManualClock(0);
    await clock.sleep(0);
    await clock.sleep(-5);
    expect(clock.now()).to.equal(0);
  });

  it("advances one span after the other when calls overlap", async () => {
    const clock = new ManualClock(0);
    const woken: number[] = [];
    for (const ms of [5, 15]) void clock.sleep(ms).then(() => woken.push(clock.now()));
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(woken).to.deep.equal([5, 15]);
    expect(clock.now()).to.equal(20);
  });

  it("does not run back", () => {
    expect(() => new ManualClock().advance(-1)).to.throw(RangeError);
  });
});
