import { expect } from "chai";
import { rehearse, verifyObserver } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { Judged, minute, observing, payment } from "./judging.js";

describe("the rehearsal of an observer", () => {
  let log: Judged;
  beforeEach(async () => {
    log = await Judged.open();
  });
  afterEach(() => log.close());

  const aside = async <T>(work: (scratch: Judged["readModels"]) => Promise<T>): Promise<T> => {
    const scratch = await openSqliteReadModelStore({ file: ":memory:", clock: log.clock });
    try {
      return await work(scratch);
    } finally {
      await scratch.close();
    }
  };
  const rehearsed = (observer: ReturnType<typeof observing>) =>
    aside((scratch) => rehearse(observer, { store: log.store, readModels: log.readModels, scratch }));

  it("counts what all of history would give, and records nothing", async () => {
    const observer = observing({ payment: payment(), shipment: payment() }, { version: 3 });
    expect(await rehearsed(observer)).to.deep.equal({
      observer: "orders",
      version: 3,
      position: undefined,
      events: 0,
      flags: 0,
      cases: 0,
      byKind: {},
    });
    for (const order of ["one", "two"]) await log.record("Ordered", order);
    await log.record("Noted", "one");
    await log.pass(20 * minute);
    await log.record("Paid", "two");
    const head = await log.store.head();
    expect(await rehearsed(observer)).to.deep.equal({
      observer: "orders",
      version: 3,
      position: 4n,
      events: 3,
      flags: 6,
      cases: 2,
      byKind: { LateArrival: 2, Missing: 4 },
    });
    expect(await log.store.head()).to.equal(head);
    expect(await log.serving()).to.equal(undefined);
  });

  it("is no verification: that compares what is counted beside the rows too", async () => {
    const observer = observing({ payment: payment() });
    await log.record("Ordered", "one");
    await log.store.append(
      "order-lost",
      [{ id: "0b0e6f1c-1c7c-4a7e-8d5c-000000000001", type: "shop.Paid", data: {} }],
      {
        expectedRevision: "any",
      },
    );
    await log.rebuilt(observer);
    const verified = () =>
      aside((scratch) => verifyObserver(observer, { store: log.store, readModels: log.readModels, scratch }));
    expect(await verified()).to.deep.equal({
      observer: "orders",
      version: 1,
      position: 2n,
      events: 2,
      flags: 1,
      cases: 1,
      differences: [],
    });
    const { readModels } = log;
    const generation = (await readModels.activeGeneration("orders"))!;
    const lease = (await readModels.acquire("spoiler", "test", 1_000))!;
    const state = { ...(generation.checkpoint!.state as object), uncorrelated: 7, logTimeMs: 5 };
    const checkpoint = { ...generation.checkpoint!, state };
    await readModels.commit(generation, lease, { rows: [], checkpoint });
    expect((await verified()).differences).to.deep.equal([
      { kind: "row-differs", detail: "uncorrelated is 1 by history, 7 serves." },
      { kind: "row-differs", detail: `logTimeMs is ${log.clock.now()} by history, 5 serves.` },
    ]);
  });
});
