import { expect } from "chai";
import {
  MemoryEventStore,
  ObserverReadModel,
  contentsOf,
  RecordedEvent,
  whenever,
  type Case,
  type ObserverOptions,
} from "../../src/index.js";
import { recordRole, roleOf } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { rowsOf } from "../subscription/things.js";
import { casesIn } from "./feed.js";

describe("an observer that finds cases by aliases", () => {
  it("forgets none that deadlines have pushed out of memory since the page began", async () => {
    const type = class Watch {
      readonly slot = whenever("Ordered").expect("Paid").within({ milliseconds: 10 });
    };
    const keys = { Created: { key: "data.order", alias: "data.payment" }, Paid: { via: "data.payment" } };
    const options: ObserverOptions = { name: "watch", version: 1, key: "data.order", keys };
    recordRole(type, "observer", options);
    const limits = { cachedCases: 0, cachedDeadlines: 1 };
    const readModel = new ObserverReadModel({ type, role: roleOf(type)!, uses: [] }, { limits });
    const readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const lease = (await readModels.acquire("watch", "test", 60_000))!;
    const store = new MemoryEventStore();
    const event = (position: number, afterMs: number, name: string, data: object) => {
      const at = Date.UTC(2026, 0, 1) + afterMs;
      const stated = [String(position), "some-1", name, 0, position, at, 1, undefined, undefined, false] as const;
      return new RecordedEvent(...stated, "application/json", contentsOf(data));
    };
    const handle = async (...events: readonly RecordedEvent[]) => {
      const generation = await readModels.openActive(readModel.declaration, lease);
      const { signal } = new AbortController();
      const fail = () => undefined;
      const context = { generation, lease, mode: "rebuild", readModels, store, signal, fail } as const;
      const writer = await readModel.open(context);
      await writer.handle(events);
      await writer.flush();
    };
    await handle(
      ...[1, 2, 3].map((order) => event(order, order, "Ordered", { order })),
      event(4, 4, "Created", { order: 1, payment: "p" }),
    );
    // All deadlines fire at the first; the rows of the page are gone when the second asks for its own.
    await handle(event(5, 100, "Ordered", { order: 9 }), event(6, 101, "Paid", { payment: "p" }));
    const cases: Record<string, Case> = casesIn(await rowsOf(readModels, "watch"));
    expect(cases["1"]!.slots["slot"]!.state).to.equal("RECOVERED");
    await readModels.close();
  });
});
