/** Test files run side by side, each in a process of its own. */

const { availableParallelism } = require("node:os");

module.exports = {
  spec: ["dist/test/**/*.test.js"],
  require: ["./dist/test/setup.js"],
  "node-option": ["enable-source-maps"],
  timeout: 30_000,
  exit: true,
  parallel: true,
  jobs: Math.max(2, availableParallelism() - 1),
};
