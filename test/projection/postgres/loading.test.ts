/** What keeps its read models elsewhere loads no driver of PostgreSQL. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";

const run = promisify(execFile);

/** Which of the driver's modules a process holds after it imported `modules` of the package. */
async function loadedBy(...modules: readonly string[]): Promise<number> {
  const script = `
    ${modules.map((module) => `await import("${module}");`).join("")}
    const { createRequire } = await import("node:module");
    const loaded = Object.keys(createRequire(process.cwd() + "/").cache);
    console.log(loaded.filter((path) => /node_modules.pg[./\\\\-]/.test(path)).length);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
  return Number(stdout);
}

describe("The driver of PostgreSQL", () => {
  it("is loaded by rollcall/postgres alone", async function () {
    this.timeout(30_000);
    expect(await loadedBy("rollcall")).to.equal(0);
    expect(await loadedBy("rollcall", "rollcall/postgres")).to.be.greaterThan(5);
  });
});
