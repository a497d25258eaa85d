/** What the memory store promises beyond the contract: it takes its clock and its identity from the test. */

import { expect } from "chai";
import { MemoryEventStore } from "../../src/store/index.js";
import { eventsOf } from "../../src/testing/store-contract/fixture.js";

describe("MemoryEventStore", () => {
  it("records the time of its clock, which never goes back in the log", async () => {
    let now = 5_000.9;
    const store = new MemoryEventStore({ clock: { now: () => now, sleep: async () => {} } });
    for (const [i, at] of [5_000.9, 4_000, 6_000].entries()) {
      now = at;
      await store.append("a", [{ id: String(i), type: "t", data: i }], { expectedRevision: "any" });
    }
    expect((await eventsOf(store.readLog())).map(({ recordedAtMs }) => recordedAtMs)).to.deep.equal([
      5_000, 5_000, 6_000,
    ]);
  });

  it("has the identity that it is given, or one of its own", async () => {
    expect(await new MemoryEventStore({ storeId: "log-1" }).storeId()).to.equal("log-1");
    expect(await new MemoryEventStore().storeId()).to.not.equal(await new MemoryEventStore().storeId());
  });
});
