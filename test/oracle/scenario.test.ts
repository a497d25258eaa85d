/** The scenarios: repeatable, and each fate of an order leads to the verdict and the flags that its name promises. */

import { expect } from "chai";
import fc from "fast-check";

import { expectedCases, expectedFlags } from "./oracle.js";
import { anyScenario, fates, paymentTerms, scenario, type Fate, type Scenario } from "./scenario.js";

const outcomes: Record<Fate, [state: string, ...kinds: string[]]> = {
  paidInTime: ["MET"],
  paidOnTheDeadline: ["MET"],
  paidBeforePlaced: ["MET"],
  refusedThenPaid: ["MET"],
  paidTwice: ["MET", "Duplicate"],
  cancelledInTime: ["WAIVED"],
  cancelledAfterPayment: ["MET"],
  cancelledBeforePlaced: ["WAIVED"],
  recordedLate: ["RECOVERED", "Missing", "LateArrival"],
  paidLate: ["RECOVERED", "Missing", "LateArrival"],
  paidLateTwice: ["RECOVERED", "Missing", "LateArrival", "Duplicate"],
  cancelledLate: ["WAIVED", "Missing", "Withdrawn"],
  refused: ["MISSING", "Missing"],
  lost: ["MISSING", "Missing"],
};

function expectOutcomes({ log, fates: fateOf }: Scenario) {
  const cases = expectedCases(log, [paymentTerms()]);
  expect(cases).to.have.length(fateOf.size);
  for (const found of cases) {
    const fate = fateOf.get(found.case)!;
    expect([found.slots[0]!.state, ...found.flags.map(({ kind }) => kind)], `${found.case}, ${fate}`).to.deep.equal(
      outcomes[fate],
    );
  }
}

describe("A scenario of ordering and billing", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(scenario(7, { orders: 50 })).to.deep.equal(scenario(7, { orders: 50 }));
    expect(scenario(7, { orders: 50 }).plan).not.to.deep.equal(scenario(8, { orders: 50 }).plan);
  });

  it("has every fate, every kind of flag and repeated orders among two thousand orders", () => {
    const { plan, log, fates: fateOf } = scenario(1, { orders: 2_000 });
    expect(new Set(fateOf.values())).to.have.all.keys(...fates);
    const flags = expectedFlags(log, [paymentTerms()]);
    expect(new Set(flags.map(({ kind }) => kind))).to.have.all.keys("Missing", "LateArrival", "Duplicate", "Withdrawn");
    const inTime = flags.filter(({ occurredInTime }) => occurredInTime);
    expect(inTime).to.have.length([...fateOf.values()].filter((fate) => fate === "recordedLate").length);
    expect(plan.filter(({ kind }) => kind === "place").length).to.be.within(2_030, 2_100);
  });

  it("lies in the order of time, and ends after every deadline", () => {
    const { plan, log, endMs } = scenario(2, { tickEveryMs: 600_000 });
    for (const [i, { atMs }] of plan.entries()) expect(atMs).to.be.at.least(plan[i - 1]?.atMs ?? 0);
    for (const [i, record] of log.entries()) {
      expect(record.recordedAtMs).to.be.at.least(log[i - 1]?.recordedAtMs ?? 0);
      expect(record.position).to.be.above(log[i - 1]?.position ?? -1);
    }
    expect(log.at(-1)).to.include({ type: "ClockTick", recordedAtMs: endMs });
    expect(new Set(log.map(({ id }) => id))).to.have.length(log.length);
    expect(log.filter(({ type }) => type === "ClockTick").length).to.be.above(24 * 6);
  });

  it("leads each order to what its fate promises", () => {
    for (const seed of [1, 2, 3]) expectOutcomes(scenario(seed));
    fc.assert(fc.property(anyScenario(), expectOutcomes), { numRuns: 300 });
  });

  it("leads to the same flags with ticks in between", () => {
    const flagsOf = (tickEveryMs: number) => expectedFlags(scenario(5, { tickEveryMs }).log, [paymentTerms()]);
    expect(flagsOf(60_000)).to.deep.equal(flagsOf(0));
  });

  it("counts what was recorded late as in time when business time decides with enough lateness", () => {
    const options = { shares: { recordedLate: 40 } };
    const { log, fates: fateOf } = scenario(3, options);
    const latenessMs = 4 * 3_600_000;
    const terms = paymentTerms(options, { timeBase: "occurred", latenessMs, live: true });
    // The last tick moves ω to four hours before it, which is as far as the log is known.
    const later = {
      id: "end",
      type: terms.tickType,
      position: 1e9,
      recordedAtMs: log.at(-1)!.recordedAtMs + latenessMs,
    };
    const recordedLate = expectedCases([...log, later], [terms]).filter(
      (one) => fateOf.get(one.case) === "recordedLate",
    );
    expect(recordedLate.length).to.be.above(200);
    for (const { slots } of recordedLate) expect(slots[0]!.state).to.equal("MET");
  });

  it("takes no fate whose share is 0", () => {
    const shares = Object.fromEntries(fates.map((fate) => [fate, fate === "lost" ? 1 : 0]));
    expect(new Set(scenario(1, { shares }).fates.values())).to.have.all.keys("lost");
  });
});
