import { expect } from "chai";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { FedObserver, plainTerms } from "./feed.js";

/** "A" tells what a payment id means, and "b" is found by it. */
const terms: SlotTerms = {
  ...plainTerms,
  keys: { A: { key: "data.key", alias: "data.pay" }, b: { via: "data.pay" } },
};

const started = (position: number, name: string, recordedAtMs: number): LogRecord => ({
  id: `a-${name}`,
  type: "a",
  correlationId: name,
  position,
  recordedAtMs,
});
const told = (position: number, key: string, recordedAtMs: number): LogRecord => ({
  id: `A-${key}`,
  type: "A",
  position,
  recordedAtMs,
  data: { key, pay: "x" },
});
const paid = (position: number, recordedAtMs: number): LogRecord => ({
  id: `b-${position}`,
  type: "b",
  position,
  recordedAtMs,
  data: { pay: "x" },
});

describe("an event that is found by an alias", () => {
  const nothing = { cachedCases: 0, cachedDeadlines: 1, commitCases: 100, commitFlags: 100 };

  it("waits until it is told, although a deadline has put away what memory held of the page", async () => {
    const fed = await FedObserver.open([terms], undefined, nothing);
    await fed.handle([started(0, "one", 0), started(1, "two", 0), started(2, "three", 0), paid(3, 1)]);
    await fed.flush();
    await fed.handle([started(4, "four", 20), told(5, "one", 20), paid(6, 21)]);
    await fed.flush();
    const said = (await fed.flags()).filter(({ case: name }) => name === "one");
    expect(said.map(({ kind, eventId }) => [kind, eventId])).to.deep.equal([
      ["Missing", undefined],
      ["LateArrival", "b-3"],
    ]);
    expect((await fed.cases()).get("one")?.seen).to.deep.equal(["a-one", "b-3"]);
  });
});
