import { expect } from "chai";
import type { SlotStatistics } from "../../src/observer/statistics.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { rowsOf } from "../simulation/cases.js";
import { FedObserver, plainTerms } from "./feed.js";

const start = Date.UTC(2026, 0, 1);

async function statisticsOf(slots: readonly SlotTerms[], log: readonly LogRecord[]) {
  const fed = await FedObserver.open(slots);
  await fed.handle(log);
  await fed.flush();
  const rows = [...(await rowsOf(fed.readModels, slots[0]!.observer))];
  await fed.readModels.close();
  return rows.flatMap(([key, row]) => (key.startsWith("statistics/") ? [JSON.parse(row) as SlotStatistics] : []));
}

describe("what is told to statistics", () => {
  const event = (type: string, ms: number, name = "k"): LogRecord => ({
    id: `${type}-${ms}-${name}`,
    type,
    correlationId: name,
    position: ms,
    recordedAtMs: start + ms,
  });

  it("is how long each took, from trigger to counterpart, and 0 where the counterpart came first", async () => {
    const terms = { ...plainTerms, withinMs: 1_000, unless: ["c"], orphanWithinMs: 500 };
    const begun = [event("b", 1, "early"), event("a", 2), event("a", 3, "late"), event("a", 4, "waived")];
    const early = [event("a", 5, "early"), event("b", 6, "orphan"), event("b", 7, "found"), event("b", 102)];
    const ended = [event("c", 103, "waived"), event("a", 800, "found"), event("b", 2_003, "late")];
    const log = begun.concat(early, ended, [event("a", 2_004, "open"), event("a", 2_005, "missing")]);
    const statistics = await statisticsOf([terms], log);
    const [row] = statistics;
    expect(statistics).to.have.length(1);
    expect(row).to.deep.include({ slot: "slot", period: "2026-01-01", started: 7, orphaned: 1 });
    expect(row).to.include({ open: 2, met: 3, late: 1, missing: 0, waived: 1 });
    expect(row!.p50Ms).to.equal(0);
    expect(row!.p95Ms).to.be.within(1_960, 2_040);
    expect(Object.values(row!.took)).to.deep.equal([2, 1, 1]);
  });

  it("belongs to the day of the trigger, whenever its end comes", async () => {
    const dayMs = 86_400_000;
    const terms = { ...plainTerms, withinMs: 2 * dayMs };
    const statistics = await statisticsOf(
      [terms],
      [event("a", dayMs - 1), event("a", dayMs, "x"), event("b", dayMs + 7)],
    );
    expect(statistics.map(({ period, open, met }) => [period, open, met])).to.deep.equal([
      ["2026-01-01", 0, 1],
      ["2026-01-02", 1, 0],
    ]);
  });
});
