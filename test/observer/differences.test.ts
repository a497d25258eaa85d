import { expect } from "chai";
import { rowDifference } from "../../src/observer/differences.js";

const row = (slots: object, more: object = {}) => ({ key: "k", status: "open", slots, flags: 0, ...more });
const opened = { state: "OPEN", count: 0, deadlineMs: 5 };

describe("a difference between a row by history and one that serves", () => {
  const between = (derived: object | undefined, serving: object | undefined, key = "case/k") =>
    rowDifference({ key, derived, serving });
  const detail = (...rows: Parameters<typeof between>) => between(...rows).detail;

  it("names the field, and of a slot that of the slot, and what it is here and there", () => {
    const met = { ...opened, state: "MET", settledMs: 3 };
    expect(between(row({ payment: opened }), row({ payment: met }, { status: "settled" }))).to.deep.equal({
      kind: "row-differs",
      case: "k",
      detail:
        'case "k": status is "open" by history, "settled" serves; payment.state is "OPEN" by history, "MET" serves; payment.settledMs is absent by history, 3 serves.',
    });
    expect(detail(row({ a: opened, b: opened }), row({ a: opened }, { closedMs: 7 }))).to.equal(
      'case "k": b.state is "OPEN" by history, absent serves; b.count is 0 by history, absent serves; b.deadlineMs is 5 by history, absent serves; closedMs is absent by history, 7 serves.',
    );
    expect(
      detail(row({}, { more: { a: 1, b: [2] } }), row({ a: { state: "MET" } }, { more: { b: [2], a: 1 } })),
    ).to.equal('case "k": a.state is absent by history, "MET" serves.');
  });

  it("names a row that only one of them has, and what a case comes to", () => {
    const rows = row({ payment: opened, "payment#2": { state: "MET" } });
    expect(between(rows, undefined)).to.deep.equal({
      kind: "row-does-not-serve",
      case: "k",
      detail: 'case "k": history gives open, payment OPEN, payment#2 MET, nothing serves.',
    });
    expect(between(undefined, rows)).to.deep.equal({
      kind: "row-not-derived",
      case: "k",
      detail: 'case "k": open, payment OPEN, payment#2 MET serves, history gives none.',
    });
    expect(detail({ status: "closed" }, undefined)).to.equal('case "k": history gives closed, nothing serves.');
  });

  it("is of no case where it is an alias, or statistics", () => {
    expect(between(undefined, { key: "k" }, "alias/case/p")).to.deep.equal({
      kind: "row-not-derived",
      detail: 'alias "case/p": a row serves, history gives none.',
    });
    expect(between({ met: 1 }, { met: 2 }, "statistics/payment/2026-01-01")).to.deep.equal({
      kind: "row-differs",
      detail: "statistics/payment/2026-01-01: met is 1 by history, 2 serves.",
    });
  });
});
