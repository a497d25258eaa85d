/** A process that tells flags to a webhook until it is killed: `node telling-process.js FOLDER URL SECRET`. */

import { join } from "node:path";
import { application, Rollcall, webhook } from "../../src/index.js";

const [folder, url, secret] = process.argv.slice(2) as [string, string, string];
const rollcall = await Rollcall.open(
  application({ domains: [], notifications: [webhook({ name: "ops", url, secret, startFrom: "beginning" })] }),
  {
    store: join(folder, "log.sqlite"),
    readModels: join(folder, "read-models.sqlite"),
    roles: ["notification"],
    leaseTtlMs: 300,
  },
);
await rollcall.start();
// Whoever started it may be gone: then so is its standard input.
process.stdin.resume().on("end", () => process.exit());
