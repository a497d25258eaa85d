import { expect } from "chai";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { faults } from "./faults.js";
import { planted } from "./planting.js";

const compiled = fileURLToPath(new URL("../../", import.meta.url));

describe("each fault of npm run mutants", () => {
  for (const fault of faults)
    it(`can still be planted: ${fault.name}`, async () => {
      expect((await planted(fault, compiled)).size).to.be.above(0);
      for (const test of fault.tests) expect(existsSync(join(compiled, "test", test)), test).to.equal(true);
    });

  it("has a name of its own, and would be missed if its text were gone", async () => {
    expect(new Set(faults.map(({ name }) => name)).size).to.equal(faults.length);
    const edits = [{ ...faults[0]!.edits[0]!, find: "no such text" }];
    const failure = await planted({ ...faults[0]!, edits }, compiled).catch(String);
    expect(failure).to.match(/finds it 0 times\. Adapt it in test\/mutants\/faults\.ts:\nno such text$/);
  });
});
