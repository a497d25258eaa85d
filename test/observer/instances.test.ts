import { expect } from "chai";
import { MemoryEventStore } from "../../src/index.js";
import { FedObserver, plainTerms } from "./feed.js";

describe("two instances of an observer that derive the same flags", () => {
  const slots = [plainTerms];
  const start = Date.UTC(2026, 0, 1);
  const log = [
    { id: "1", type: "a", correlationId: "one", position: 1, recordedAtMs: start },
    { id: "2", type: "a", correlationId: "two", position: 2, recordedAtMs: start },
    { id: "3", type: "b", correlationId: "one", position: 3, recordedAtMs: start + 11 },
    { id: "4", type: "b", correlationId: "two", position: 4, recordedAtMs: start + 12 },
  ];

  it("record each once, whoever comes first and however far the other had come", async () => {
    for (const head of [0, 1, 2, 3, 4]) {
      const store = new MemoryEventStore();
      const [fast, slow] = [await FedObserver.open(slots, store), await FedObserver.open(slots, store)];
      await slow.handle(log.slice(0, head));
      if (head % 2 === 1) await slow.flush();
      await fast.handle(log);
      await fast.flush();
      await slow.handle(log.slice(head));
      await slow.flush();
      const flags = await fast.flags();
      expect(flags.map(({ kind, case: name }) => `${kind} ${name}`)).to.have.members([
        "Missing one",
        "LateArrival one",
        "Missing two",
        "LateArrival two",
      ]);
      await fast.readModels.close();
      await slow.readModels.close();
    }
  });

  it("record them at the same time without a conflict that anybody sees", async () => {
    const store = new MemoryEventStore();
    const instances = await Promise.all(Array.from({ length: 4 }, () => FedObserver.open(slots, store)));
    await Promise.all(
      instances.map(async (each, i) => {
        // Commits at different places: some append two flags of a case at once, some one by one.
        for (const [n, event] of log.entries()) {
          await each.handle([event]);
          if ((n + i) % 2 === 0) await each.flush();
        }
        await each.flush();
      }),
    );
    expect(await instances[0]!.flags()).to.have.length(4);
    for (const each of instances) await each.readModels.close();
  });
});
