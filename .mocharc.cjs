/** Test files run side by side, each in a process of its own. */

const { existsSync, readdirSync } = require("node:fs");
const { availableParallelism } = require("node:os");
const path = require("node:path");

/** They begin first, so that none of them is left to run alone at the end. */
const longest = [
  "system/fault-schedules",
  "system/ground-truth",
  "system/three-processes",
  "system/kill-anywhere",
  "system/crash",
  "contract/eventstoredb",
  "projection/postgres/read-model-store",
  "documentation",
  "store/eventstoredb/outages",
  "application/workers",
  "store/eventstoredb/correlation-catch-up",
  "store/sqlite/packed-copy-contents",
  "simulation/simulation",
  "simulation/every-call",
  "tools/eventstore",
  "system/lease",
  "tools/start",
].map((name) => path.join(`${name}.test.js`));

const root = path.join("dist", "test");
const found = existsSync(root)
  ? readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".test.js"))
  : [];
const rank = (file) => (longest.includes(file) ? longest.indexOf(file) : longest.length);

module.exports = {
  spec: found.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).map((file) => path.join(root, file)),
  require: ["./dist/test/setup.js"],
  "node-option": ["enable-source-maps"],
  timeout: 30_000,
  exit: true,
  parallel: true,
  jobs: Math.max(2, availableParallelism() - 1),
};
