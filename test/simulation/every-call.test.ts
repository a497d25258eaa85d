import { expect } from "chai";
import { runs } from "../runs.js";
import { calmPlan, type Plan, type Strike } from "./plan.js";
import { simulate } from "./simulate.js";
import { smallFlags, smallHistory, smallTerms } from "./small-history.js";

const leaseTtlMs = 300;
const [one] = calmPlan.processes as [Plan["processes"][number]];
const twoProcesses: Plan = {
  ...calmPlan,
  leaseTtlMs,
  processes: [one, { ...one, startsAfterMs: 3, returnsAfterMs: 1 }],
};

const run = (strikes: readonly Strike[], seed = 1) =>
  simulate(seed, {
    terms: smallTerms,
    traffic: smallHistory,
    plan: { ...twoProcesses, strikes, calm: strikes.length === 0 },
  });

describe("an observer that is struck at a call", () => {
  it("raises each flag once when nothing strikes", async () => {
    const { violations, flags, deaths } = await run([]);
    expect({ violations, flags, deaths }).to.deep.equal({ violations: [], flags: smallFlags, deaths: 0 });
  });

  const kinds = [
    { what: "dies", text: "it dies" },
    { what: "freezes", text: "it freezes for longer than its lease", forMs: 3 * leaseTtlMs },
    { what: "fails", text: "fails" },
  ] as const;
  for (const { text, ...kind } of kinds)
    for (const when of ["before", "after"] as const)
      it(`raises each flag once, whichever call ${text} ${when}`, async function () {
        this.timeout(600_000);
        for (let seed = 1; seed <= runs(1, 20); seed++) {
          const { points: calls } = await run([], seed);
          for (let point = 1; point <= calls; point++) {
            const { violations, flags, trace } = await run([{ at: { point }, when, ...kind }], seed);
            const place = `seed ${seed}, call ${point} of ${calls}:\n${trace.join("\n")}`;
            expect(violations, place).to.deep.equal([]);
            expect(flags, place).to.equal(smallFlags);
          }
        }
      });
});
