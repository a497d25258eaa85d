/**
 * What tests of an application import: given/when/then, and time that stands still. The contract suites of stores are
 * modules of their own, because they need mocha and chai.
 */

export * from "./given.js";
export { ManualClock } from "./manual-clock.js";
