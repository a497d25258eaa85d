/** A process that kills itself at a call of the read-model store. Arguments: module, location, seed, call, moment. */

import { writeSync } from "node:fs";
import type { ReadModelStore } from "../../src/index.js";
import { struck, work, type Moment } from "./kill-work.js";

const [module, location, seed, at, moment] = process.argv.slice(2) as [string, string, string, string, Moment];
const { openReadModelStore } = (await import(module)) as {
  openReadModelStore: (location: string) => Promise<ReadModelStore>;
};
const { readModels } = struck(await openReadModelStore(location), Number(at), moment, () =>
  process.kill(process.pid, "SIGKILL"),
);
// At once, because what a killed process has buffered is never seen.
await work(Number(seed), readModels, (folded) => writeSync(1, `${folded}\n`));
