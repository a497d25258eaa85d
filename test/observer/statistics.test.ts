import { expect } from "chai";
import type { Move } from "../../src/observer/moves.js";
import { StatisticsChanges, type SlotStatistics } from "../../src/observer/statistics.js";

const dayMs = 86_400_000;
const january = Date.UTC(2026, 0, 1);

const move = (to: Move["to"], more: Partial<Move> = {}): Move => ({
  slot: "payment",
  startedMs: january,
  from: undefined,
  to,
  tookMs: undefined,
  ...more,
});

/** The rows after these moves, by their keys. */
function rowsAfter(moves: readonly Move[], before: Readonly<Record<string, SlotStatistics>> = {}) {
  const changes = new StatisticsChanges();
  for (const each of moves) changes.add(each);
  return Object.fromEntries(changes.keys.map((key) => [key, changes.applied(key, before[key])]));
}

const nothing = { started: 0, open: 0, met: 0, late: 0, missing: 0, waived: 0, orphaned: 0, took: {} };

describe("the statistics of a slot", () => {
  it("count what was started on a day by where it stands now", () => {
    const [opened, met] = [move("open"), move("met", { from: "open", tookMs: 0 })];
    expect(rowsAfter([opened])).to.deep.equal({
      "payment/2026-01-01": { ...nothing, slot: "payment", period: "2026-01-01", started: 1, open: 1 },
    });
    const moves = [
      opened,
      met,
      opened,
      move("missing", { from: "open" }),
      opened,
      move("waived", { from: "open" }),
      opened,
      move("missing", { from: "open" }),
      move("late", {
        from: "missing",
        tookMs: 0,
      }),
      opened,
    ];
    expect(rowsAfter(moves)["payment/2026-01-01"]).to.include({
      started: 5,
      open: 1,
      met: 1,
      late: 1,
      missing: 1,
      waived: 1,
      orphaned: 0,
    });
  });

  it("know orphans, which were not started; one that finds its trigger is none any more", () => {
    expect(rowsAfter([move("orphaned")])["payment/2026-01-01"]).to.include({ started: 0, orphaned: 1 });
    const found = [move("orphaned"), move(undefined, { from: "orphaned" }), move("met", { tookMs: 0 })];
    expect(rowsAfter(found)["payment/2026-01-01"]).to.include({ started: 1, met: 1, orphaned: 0 });
  });

  it("have a row for each slot and each day in UTC", () => {
    const at = (startedMs: number, slot = "payment") => move("open", { startedMs, slot });
    const moves = [at(january), at(january + dayMs - 1), at(january + dayMs), at(january - 1), at(january, "shipment")];
    const rows = rowsAfter([...moves, at(january)]);
    expect(Object.fromEntries(Object.entries(rows).map(([key, { open }]) => [key, open]))).to.deep.equal({
      "payment/2026-01-01": 3,
      "payment/2026-01-02": 1,
      "payment/2025-12-31": 1,
      "shipment/2026-01-01": 1,
    });
  });

  it("put what no calendar can say to the furthest day that it can", () => {
    const keys = Object.keys(rowsAfter([move("open", { startedMs: 1e18 }), move("open", { startedMs: -1e18 })]));
    expect(keys).to.deep.equal(["payment/+275760-09-13", "payment/-271821-04-20"]);
  });

  it("add to what is there, and count nothing twice", () => {
    const before = rowsAfter([move("open"), move("met", { from: "open", tookMs: 100 })]);
    const changes = new StatisticsChanges();
    changes.add(move("open"));
    changes.add(move("met", { from: "open", tookMs: 100 }));
    const [key] = changes.keys as [string];
    const row = changes.applied(key, before[key]);
    expect(row).to.include({ started: 2, met: 2 });
    expect(Object.values(row.took)).to.deep.equal([2]);
    changes.clear();
    expect(changes.keys).to.deep.equal([]);
    changes.add(move("open"));
    expect(changes.applied(key, row)).to.include({ started: 3, open: 1, met: 2 });
  });

  it("say how long it took, within two per cent: half of them, and nineteen in twenty", () => {
    const took = (...all: number[]) =>
      rowsAfter(all.map((tookMs) => move("met", { tookMs })))["payment/2026-01-01"] as SlotStatistics;
    expect(rowsAfter([move("open")])["payment/2026-01-01"]).to.not.have.any.keys("p50Ms", "p95Ms");
    expect(took(0)).to.include({ p50Ms: 0, p95Ms: 0 });
    expect(took(0.5)).to.include({ p50Ms: 0 });
    expect(took(1)).to.include({ p50Ms: 1, p95Ms: 1 });
    for (const ms of [50, 100, 999, 15_000, 3_600_000, 7 * dayMs]) {
      const { p50Ms, p95Ms } = took(ms);
      expect(p50Ms).to.be.within(ms * 0.98, ms * 1.02);
      expect(p95Ms).to.equal(p50Ms);
    }
    const hundred = took(...Array.from({ length: 100 }, (_, i) => (i + 1) * 1_000));
    expect(hundred.p50Ms).to.be.within(49_000, 51_500);
    expect(hundred.p95Ms).to.be.within(93_000, 97_500);
    const even = took(1_000, 1_000, 50_000, 50_000);
    expect(even.p50Ms, "half of them took no longer").to.be.within(980, 1_020);
    expect(even.p95Ms).to.be.within(49_000, 51_000);
    expect(took(100_000, 1_000, 1_000).p50Ms, "however they came").to.be.within(980, 1_020);
  });
});
