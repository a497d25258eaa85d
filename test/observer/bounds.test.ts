import { expect } from "chai";
import { FedObserver, plainTerms } from "./feed.js";

describe("an observer that may keep next to nothing in memory", () => {
  it("forgets no deadline that moved while the index did not know of it yet", async () => {
    const slot = (name: string, trigger: string, withinMs: number) => ({
      ...plainTerms,
      slot: name,
      trigger: [trigger],
      withinMs,
    });
    const start = Date.UTC(2026, 0, 1);
    const at = (position: number, afterMs: number, type: string, correlationId?: string) => ({
      id: String(position),
      type,
      position,
      recordedAtMs: start + afterMs,
      correlationId,
    });
    const limits = { cachedCases: 100, cachedDeadlines: 1 };
    const slots = [slot("first", "a", 10), slot("second", "a", 20), slot("third", "c", 30)];
    const fed = await FedObserver.open(slots, undefined, limits);
    await fed.handle([at(1, 0, "a", "one"), at(2, 2, "a", "two"), at(3, 4, "c", "three")]);
    await fed.flush();
    await fed.reopen();
    // Here the first deadlines of one and two fire; their second ones are beyond what memory vouches for.
    await fed.handle([at(4, 15, "observer.ClockTick")]);
    await fed.flush();
    await fed.handle([at(5, 25, "observer.ClockTick")]);
    await fed.flush();
    expect((await fed.flags()).map(({ case: name, slot: of }) => `${name} ${of}`)).to.deep.equal([
      "one first",
      "two first",
      "one second",
      "two second",
    ]);
    await fed.readModels.close();
  });

  it("keeps of counterparts that only repeat, before any trigger, no more than of one", async () => {
    const fed = await FedObserver.open([plainTerms]);
    const event = (position: number) => ({ id: String(position), type: "b", position, recordedAtMs: position });
    await fed.handle(Array.from({ length: 500 }, (_, i) => ({ ...event(i + 1), correlationId: "one" })));
    await fed.flush();
    const found = (await fed.cases()).get("one")!;
    expect([found.status, found.seen]).to.deep.equal(["open", ["1"]]);
    await fed.readModels.close();
  });

  it("commits after so many events, however few cases they concern, so that a crash costs no more", async () => {
    const fed = await FedObserver.open([plainTerms], undefined, { commitEvents: 20 });
    const event = (position: number) => ({ id: String(position), type: "b", position, recordedAtMs: position });
    const handled: number[] = [];
    for (let from = 1; from <= 60; from += 10) {
      await fed.handle(Array.from({ length: 10 }, (_, i) => ({ ...event(from + i), correlationId: "one" })));
      handled.push((await fed.readModels.activeGeneration("watch"))!.checkpoint?.handled ?? 0);
    }
    expect(handled).to.deep.equal([0, 20, 20, 40, 40, 60]);
    await fed.readModels.close();
  });

  it("commits on the way although no case changes, so that what it reads takes no memory without bound", async () => {
    const fed = await FedObserver.open([plainTerms], undefined, { cachedCases: 10, commitCases: 10 });
    const event = (position: number) => ({
      id: String(position),
      type: "a",
      correlationId: String(position % 50),
      position,
      recordedAtMs: Date.UTC(2026, 0, 1),
    });
    await fed.handle(Array.from({ length: 50 }, (_, i) => event(i + 1)));
    await fed.flush();
    const checkpoints: bigint[] = [];
    // The same triggers again: each is read, none changes anything.
    for (let from = 51; from < 150; from += 5) {
      await fed.handle(Array.from({ length: 5 }, (_, i) => event(from + i)));
      const { checkpoint } = (await fed.readModels.activeGeneration("watch"))!;
      checkpoints.push(checkpoint!.position!);
    }
    expect(new Set(checkpoints).size).to.be.at.least(3);
    await fed.readModels.close();
  });
});
