/** Plants faults into a copy of the compiled output. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Fault } from "./faults.js";

/** The compiled text of each file that the fault changes, with it. @throws when its text is not there exactly once */
export async function planted(fault: Fault, compiled: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of fault.edits) {
    const path = join("src", file);
    const text = texts.get(path) ?? (await readFile(join(compiled, path), "utf8"));
    const found = text.split(find).length - 1;
    if (found !== 1)
      throw new Error(
        `The fault "${fault.name}" looks for this text once in ${file}, and finds it ${found} times. Adapt it in test/mutants/faults.ts:\n${find}`,
      );
    texts.set(
      path,
      text.replace(find, () => replace),
    );
  }
  return texts;
}

/** Plants the fault in `compiled`; what it returns takes it back. */
export async function plant(fault: Fault, compiled: string): Promise<() => Promise<void>> {
  const texts = await planted(fault, compiled);
  const before = new Map<string, string>();
  for (const [path, text] of texts) {
    before.set(path, await readFile(join(compiled, path), "utf8"));
    await writeFile(join(compiled, path), text);
  }
  return async () => {
    for (const [path, text] of before) await writeFile(join(compiled, path), text);
  };
}
