/** The comparison of flags: it finds what is false, missed, doubled or out of its place, and says so. */

import { expect } from "chai";

import { compareFlags } from "./compare.js";
import { expectedFlags } from "./oracle.js";
import type { FlagRecord } from "./records.js";
import { paymentTerms, scenario } from "./scenario.js";

const missing: FlagRecord = {
  observer: "Payments",
  slot: "paid",
  case: "order-7",
  kind: "Missing",
  sequence: 0,
  deadline: "2024-01-01T01:00:00.000Z",
};
const late: FlagRecord = {
  observer: "Payments",
  slot: "paid",
  case: "order-7",
  kind: "LateArrival",
  sequence: 1,
  eventId: "payment-7",
  occurredInTime: false,
};

describe("Comparing flags", () => {
  it("finds the expected flags equal in whatever order they are given", () => {
    const flags = expectedFlags(scenario(1).log, [paymentTerms()]);
    expect(flags.length).to.be.above(100);
    const found = compareFlags(flags, flags.toReversed());
    expect(found.isEqual, found.text).to.equal(true);
    expect(found.text).to.contain("0 false, 0 missed, 0 doubled, 0 different");
  });

  it("takes a deadline as a time, and leaves open what the flag does not state", () => {
    const { occurredInTime: _, ...unstated } = late;
    const found = compareFlags([missing, late], [{ ...missing, deadline: "2024-01-01T02:00:00+01:00" }, unstated]);
    expect(found.isEqual, found.text).to.equal(true);
  });

  it("names a false flag", () => {
    const found = compareFlags([missing], [missing, { ...missing, case: "order-8" }]);
    expect(found.false).to.deep.equal([{ ...missing, case: "order-8" }]);
    expect(found.isEqual).to.equal(false);
    expect(found.text).to.equal(
      "1 flags expected, 2 found: 1 false, 0 missed, 0 doubled, 0 different\n" +
        "false: Payments, case order-8, slot paid: Missing #0 (deadline 2024-01-01T01:00:00.000Z)",
    );
  });

  it("takes another deadline, event, slot, kind or observer as another flag", () => {
    const others = [
      { ...missing, deadline: "2024-01-01T01:00:00.001Z" },
      { ...missing, slot: "shipped" },
      { ...missing, kind: "Orphan" },
      { ...missing, observer: "Shipments" },
    ];
    for (const other of others) {
      const found = compareFlags([missing], [other]);
      expect([found.false.length, found.missed.length]).to.deep.equal([1, 1]);
    }
    expect(compareFlags([late], [{ ...late, eventId: "payment-8" }]).missed).to.deep.equal([late]);
  });

  it("takes another round, pair, step or reason as another flag, and shows it", () => {
    const anomaly: FlagRecord = {
      ...missing,
      slot: "",
      case: "",
      kind: "ClockAnomaly",
      reason: "behind",
      differenceMs: 9,
    };
    const changes: [FlagRecord, Partial<FlagRecord>, string][] = [
      [missing, { round: 2 }, "slot paid#2: Missing"],
      [missing, { pair: "x" }, "slot paid[x]: Missing"],
      [{ ...missing, kind: "Escalated", step: 1 }, { step: 2 }, "step 2"],
      [anomaly, { reason: "tick" }, "Payments: ClockAnomaly #0 (tick, deadline 2024-01-01T01:00:00.000Z, 9 ms)"],
    ];
    for (const [flag, change, shown] of changes) {
      const found = compareFlags([flag], [{ ...flag, ...change }]);
      expect([found.false.length, found.missed.length]).to.deep.equal([1, 1]);
      expect(found.text).to.contain(shown);
    }
    expect(compareFlags([missing], [{ ...missing, round: 1 }]).isEqual).to.equal(true);
    expect(compareFlags([anomaly], [{ ...anomaly, differenceMs: 8 }]).different).to.have.length(1);
    const uncorrelated: FlagRecord = { ...late, slot: "", case: "", kind: "Uncorrelated", count: 2 };
    expect(compareFlags([uncorrelated], [{ ...uncorrelated, count: 3 }]).different).to.have.length(1);
  });

  it("names a missed flag", () => {
    const found = compareFlags([missing, late], [missing]);
    expect(found.missed).to.deep.equal([late]);
    expect(found.isEqual).to.equal(false);
    expect(found.text).to.contain(
      "missed: Payments, case order-7, slot paid: LateArrival #1 (event payment-7) not in time",
    );
  });

  it("names a doubled flag, each time it comes again, whatever its sequence", () => {
    const found = compareFlags([missing], [missing, { ...missing, sequence: 1 }, missing]);
    expect(found.doubled).to.have.length(2);
    expect([found.false, found.missed, found.different]).to.deep.equal([[], [], []]);
    expect(found.isEqual).to.equal(false);
  });

  it("names a flag in another place, or with another word on whether it occurred in time", () => {
    const found = compareFlags(
      [missing, late],
      [
        { ...missing, sequence: 1 },
        { ...late, occurredInTime: true },
      ],
    );
    expect(found.different).to.have.length(2);
    expect(found.isEqual).to.equal(false);
    expect(found.text).to.contain("Missing #1 (deadline 2024-01-01T01:00:00.000Z), expected Payments");
  });

  it("shows the first twenty of many", () => {
    const flags = Array.from({ length: 25 }, (_, i) => ({ ...missing, case: `order-${i}` }));
    const lines = compareFlags(flags, []).text.split("\n");
    expect(lines).to.have.length(22);
    expect(lines.at(-1)).to.equal("missed: and 5 more");
  });
});
