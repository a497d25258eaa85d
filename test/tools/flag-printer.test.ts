import { expect } from "chai";
import { flagInWords, type PrintedFlag } from "../../tools/demo/flag-printer.js";

const flag: PrintedFlag = {
  flag: "Missing",
  observer: "order-to-cash",
  version: 1,
  definition: "d",
  case: "c-1",
  slot: "payment",
  sequence: 0,
  deadline: "2026-01-02T10:00:05.000Z",
  decidedAt: "2026-01-02T10:00:05.001Z",
  recordedAt: "2026-01-02T10:00:05.004Z",
};

describe("a flag in words", () => {
  it("says when, what, for which expectation, and where to look", () =>
    expect(flagInWords(flag, "http://localhost:3000")).to.equal(
      "10:00:05.004  Missing      order-to-cash/payment: the counterpart did not come (due 10:00:05.000)  http://localhost:3000/correlations/c-1",
    ));

  it("says the day of a deadline that was on another, and the case where nothing serves it", () =>
    expect(flagInWords({ ...flag, deadline: "2011-10-28T11:03:16.000Z" }, undefined)).to.match(
      /\(due 2011-10-28 11:03:16\.000\) {2}c-1$/,
    ));

  it("says nothing of a deadline that there is none of", () => {
    const { deadline: _, ...early } = flag;
    expect(flagInWords({ ...early, flag: "Duplicate" }, undefined)).to.match(/the counterpart came again {2}c-1$/);
  });
});
