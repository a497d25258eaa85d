import { expect } from "chai";
import { runs } from "../runs.js";
import { simulate, type Simulated } from "./simulate.js";

const only = process.env["ROLLCALL_SIMULATION_SEED"];

/** The violations, how to see the run again, and the end of what happened; all of it, and why, when it is seen again. */
const told = ({ seed, terms, plan, violations, trace }: Simulated) =>
  [
    `Seed ${seed}; replay it with ROLLCALL_SIMULATION_SEED=${seed} npx mocha -g "a simulated observer"`,
    ...violations,
    ...(only ? [`Terms: ${JSON.stringify(terms)}`, `Plan: ${JSON.stringify(plan)}`] : []),
    ...trace.slice(only ? 0 : -30),
  ].join("\n  ");

describe("a simulated observer", () => {
  it("raises each flag once, and comes to the same as a rebuild, whatever goes wrong (P1–P5, P7, P10, P12)", async function () {
    this.timeout(3_600_000);
    const seeds = only ? [Number(only)] : Array.from({ length: runs(500, 10_000) }, (_, i) => i);
    for (const seed of seeds) {
      const run = await simulate(seed);
      if (run.violations.length > 0) expect.fail(told(run));
    }
  });
});
