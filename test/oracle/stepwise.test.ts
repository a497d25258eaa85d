/** The oracle held against a second formulation, over random terms and logs. */

import { expect } from "chai";
import fc from "fast-check";

import { runs } from "../runs.js";
import { anyFull, anyFullTerms, anyLog, anyTerms } from "./arbitrary.js";
import { expectedCases, expectedObserverFlags } from "./oracle.js";
import type { LogRecord, SlotTerms } from "./records.js";
import { stepThrough } from "./stepwise.js";

function expectAgreement(log: readonly LogRecord[], slots: readonly SlotTerms[]) {
  const stepped = stepThrough(log, slots);
  const expected = expectedCases(log, slots).map((one) => ({
    case: one.case,
    states: one.slots.map(({ slot, state }): [string, string] => [slot, state]).toSorted(),
    flags: one.flags,
  }));
  const byCase = (x: { case: string }, y: { case: string }) => (x.case < y.case ? -1 : 1);
  expect(stepped.cases.toSorted(byCase)).to.deep.equal(expected.toSorted(byCase));
  expect(stepped.own).to.deep.equal(expectedObserverFlags(log, slots));
}

describe("The oracle agrees with the table stepped through event by event", () => {
  it("over plain terms", () => {
    fc.assert(
      fc.property(anyLog(), anyTerms(), (log, slots) => expectAgreement(log, slots)),
      { numRuns: runs(1_000, 20_000) },
    );
  });

  for (const timeBase of ["recorded", "occurred"] as const) {
    it(`over all that can be declared, by ${timeBase} time`, function () {
      this.timeout(600_000);
      fc.assert(
        fc.property(anyFull(anyFullTerms(timeBase)), ([slots, log]) => expectAgreement(log, slots)),
        { numRuns: runs(2_000, 100_000) },
      );
    });
  }
});
