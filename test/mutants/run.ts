/** `npm run mutants`: plants each fault into a copy of the compiled output, and says which test goes red. */

import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { faults, type Fault } from "./faults.js";
import { plant } from "./planting.js";

const project = fileURLToPath(new URL("../../../", import.meta.url));
const longestMs = 300_000;

/** The first test that goes red; `undefined` when none does. */
async function redTest(tests: readonly string[], copy: string): Promise<string | undefined> {
  const report = join(copy, "report.json");
  await rm(report, { force: true });
  const files = tests.map((test) => join(copy, "test", test));
  const options = ["--no-config", "--require", join(copy, "test/setup.js"), "--exit", "--bail", "--timeout", "60000"];
  const reporting = ["--reporter", "json", "--reporter-option", `output=${report}`];
  const mocha = join(project, "node_modules/mocha/bin/mocha.js");
  const child = spawn(process.execPath, [mocha, ...options, ...reporting, ...files], {
    cwd: project,
    stdio: "ignore",
    timeout: longestMs,
    // Which histories are tried must not be left to chance.
    env: { ...process.env, ROLLCALL_FEW: "1" },
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (code === 0) return undefined;
  const text = await readFile(report, "utf8").catch(() => "");
  if (text === "") return `(no end within ${longestMs / 1_000} s, or no beginning)`;
  const { failures } = JSON.parse(text) as { failures: readonly { fullTitle: string }[] };
  return failures[0]?.fullTitle;
}

/** @param only a part of the names of those to be tried */
async function run(only = ""): Promise<boolean> {
  const chosen: readonly Fault[] = faults.filter(({ name }) => name.includes(only));
  // In the project, so that what is imported is found.
  const copy = await mkdtemp(join(project, "dist-mutant-"));
  let survivors = 0;
  try {
    await cp(join(project, "dist"), copy, { recursive: true });
    const all = [...new Set(chosen.flatMap(({ tests }) => tests))];
    const red = await redTest(all, copy);
    if (red !== undefined) throw new Error(`Without any fault, this test is red already: ${red}`);
    const width = Math.max(...chosen.map(({ name }) => name.length));
    for (const fault of chosen) {
      const mend = await plant(fault, copy);
      const test = await redTest(fault.tests, copy);
      await mend();
      if (test === undefined) survivors++;
      console.log(`${fault.name.padEnd(width)}  ${test ?? "SURVIVES: no test goes red"}`);
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  console.log(`${chosen.length - survivors} of ${chosen.length} faults are found.`);
  return survivors === 0;
}

process.exitCode = (await run(process.argv[2])) ? 0 : 1;
