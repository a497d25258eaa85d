import { expect } from "chai";
import fc from "fast-check";
import { statisticsPrefix, type SlotStatistics } from "../../src/index.js";
import { FedObserver } from "../observer/feed.js";
import { anyFull, anyFullTerms } from "../oracle/arbitrary.js";
import { expectedCases } from "../oracle/oracle.js";
import type { SlotState, SlotTerms } from "../oracle/records.js";
import { runs } from "../runs.js";

/** What is closed is out of the oracle's sight, and counts on in statistics. */
const neverClosed = (slots: readonly SlotTerms[]): SlotTerms[] =>
  slots.map(({ closeAfterMs: _, forgetAfterMs: __, ...slot }) => slot);

async function statisticsOf(fed: FedObserver): Promise<SlotStatistics[]> {
  const found: SlotStatistics[] = [];
  const generation = (await fed.readModels.activeGeneration(fed.readModel.declaration.name))!;
  for await (const page of fed.readModels.allRows(generation))
    for (const { key, row } of page) if (key.startsWith(statisticsPrefix)) found.push(row as SlotStatistics);
  return found;
}

const sum = (
  rows: readonly SlotStatistics[],
  field: "started" | "open" | "met" | "late" | "missing" | "waived" | "orphaned",
) => rows.reduce((total, row) => total + row[field], 0);

describe("the statistics of an observer, over random histories", () => {
  it("count each slot where the oracle says that it stands, and nothing twice", async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(
        anyFull(anyFullTerms().map(neverClosed)),
        fc.integer({ min: 1, max: 7 }),
        async ([slots, log], step) => {
          const fed = await FedObserver.open(slots);
          for (let from = 0; from < log.length; from += step) {
            await fed.handle(log.slice(from, from + step));
            await fed.flush();
          }
          const rows = await statisticsOf(fed);
          const expected = expectedCases(log, slots).flatMap((found) => found.slots);
          for (const { slot: name } of slots) {
            const ofSlot = rows.filter(({ slot }) => slot === name);
            const standing = (state: SlotState) =>
              expected.filter(({ slot, state: is }) => is === state && slot.replace(/[#[].*$/, "") === name).length;
            expect(
              {
                open: sum(ofSlot, "open"),
                met: sum(ofSlot, "met"),
                late: sum(ofSlot, "late"),
                missing: sum(ofSlot, "missing"),
                orphaned: sum(ofSlot, "orphaned"),
              },
              name,
            ).to.deep.equal({
              open: standing("OPEN"),
              met: standing("MET"),
              late: standing("RECOVERED"),
              missing: standing("MISSING"),
              orphaned: standing("ORPHAN"),
            });
          }
          for (const row of rows) {
            const { started, open, met, late, missing, waived, took } = row;
            expect(started).to.equal(open + met + late + missing + waived);
            expect(
              Object.values(took).reduce((total, count) => total + count, 0),
              "all that came has taken its time",
            ).to.equal(met + late);
            expect(Math.min(open, met, late, missing, waived, row.orphaned), "nothing is owed").to.be.at.least(0);
          }
          await fed.readModels.close();
        },
      ),
      { numRuns: runs(75, 4_000) },
    );
  });
});
