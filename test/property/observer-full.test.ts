import { expect } from "chai";
import fc from "fast-check";
import { FedObserver, sortedFlags } from "../observer/feed.js";
import { anyFull, anyFullTerms } from "../oracle/arbitrary.js";
import { expectedCases, expectedFlags, expectedObserverFlags } from "../oracle/oracle.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { runs } from "../runs.js";

/** Next to nothing in memory: then what an observer reads again must be what it would have remembered. */
const limits = fc.constantFrom(
  {},
  { cachedCases: 0, cachedDeadlines: 1, commitCases: 1, commitFlags: 1 },
  { cachedCases: 1, cachedDeadlines: 1, commitCases: 1_000, commitFlags: 1_000 },
);

async function expectAgreement(fed: FedObserver, log: readonly LogRecord[], slots: readonly SlotTerms[]) {
  expect(sortedFlags(await fed.flags())).to.deep.equal(
    sortedFlags([...expectedFlags(log, slots), ...expectedObserverFlags(log, slots)]),
  );
  const cases = await fed.cases();
  for (const { case: name, status, slots: expected } of expectedCases(log, slots)) {
    const found = cases.get(name);
    expect([name, found?.status ?? "settled"]).to.deep.equal([name, status]);
    for (const { slot, state } of expected)
      expect([
        name,
        slot,
        found?.closedMs === undefined ? (found?.slots[slot]?.state ?? "IDLE") : "CLOSED",
      ]).to.deep.equal([name, slot, state]);
  }
}

describe("an observer that declares all that can be declared, over random histories", () => {
  it("raises the flags, and ends in the states, that the oracle derives (P1)", async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(anyFull(anyFullTerms()), limits, async ([slots, log], bounds) => {
        const fed = await FedObserver.open(slots, undefined, bounds);
        await fed.handle(log);
        await fed.flush();
        await expectAgreement(fed, log, slots);
        await fed.readModels.close();
      }),
      { numRuns: runs(200, 10_000) },
    );
  });

  it("comes to the same whatever the pages, and wherever it is killed and opened again (P2, P3, P7, P8)", async function () {
    this.timeout(600_000);
    const cut = fc.record({
      length: fc.integer({ min: 1, max: 6 }),
      next: fc.constantFrom("go on", "commit", "kill", "commit and kill"),
    });
    await fc.assert(
      fc.asyncProperty(
        anyFull(anyFullTerms()),
        fc.array(cut, { maxLength: 30 }),
        limits,
        async ([slots, log], cuts, bounds) => {
          const fed = await FedObserver.open(slots, undefined, bounds);
          let from = 0;
          for (const { length, next } of cuts) {
            await fed.handle(log.slice(from, from + length));
            from = Math.min(log.length, from + length);
            if (next.startsWith("commit")) await fed.flush();
            // What was not committed is delivered again; what was committed is not.
            if (next.endsWith("kill")) {
              const position = Number((await fed.reopen()) ?? -1n);
              from = log.findIndex((record) => record.position > position);
              if (from < 0) from = log.length;
            }
          }
          await fed.handle(log.slice(from));
          await fed.flush();
          await expectAgreement(fed, log, slots);
          await fed.readModels.close();
        },
      ),
      { numRuns: runs(100, 5_000) },
    );
  });
});
