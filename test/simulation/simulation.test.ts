import { expect } from "chai";
import { runs } from "../runs.js";
import { simulate, type Simulated } from "./simulate.js";

const only = process.env["ROLLCALL_SIMULATION_SEED"];

/** The violations, the end of what happened, and how to see it again. */
const told = ({ seed, violations, trace }: Simulated) =>
  [
    `Seed ${seed}:`,
    ...violations,
    ...trace.slice(only ? 0 : -30),
    `Replay: ROLLCALL_SIMULATION_SEED=${seed} npx mocha dist/test/simulation/simulation.test.js`,
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
