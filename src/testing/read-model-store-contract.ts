/** The contract of the `ReadModelStore` port as a mocha suite that every implementation passes. */

import { describeCheckpoints } from "./read-model-store-contract/checkpoints.js";
import { describeCommits } from "./read-model-store-contract/commits.js";
import { describeGenerations } from "./read-model-store-contract/generations.js";
import { describeLeases } from "./read-model-store-contract/leases.js";
import { describeParkedEvents } from "./read-model-store-contract/parked-events.js";
import { describePauses } from "./read-model-store-contract/pauses.js";
import { describeProcesses } from "./read-model-store-contract/processes.js";
import { describeQueries } from "./read-model-store-contract/queries.js";
import { describeReading } from "./read-model-store-contract/reading.js";
import { useStorage, type ReadModelStorage } from "./read-model-store-contract/storage.js";

export type { ReadModelStorage };

/**
 * Declares the suite.
 * @param open makes new, empty storage; called once for each case
 */
export function readModelStoreContract(name: string, open: () => Promise<ReadModelStorage>): void {
  describe(`${name} keeps the contract of a read-model store:`, () => {
    const given = useStorage(open);
    describe("leases", () => describeLeases(given));
    describe("checkpoints and parked events", () => describeCheckpoints(given));
    describe("requests about parked events", () => describeParkedEvents(given));
    describe("pauses", () => describePauses(given));
    describe("commits", () => describeCommits(given));
    describe("generations", () => describeGenerations(given));
    describe("queries", () => describeQueries(given));
    describe("reading a generation", () => describeReading(given));
    describe("several processes", () => describeProcesses(given));
  });
}
