import { expect } from "chai";
import {
  derivedId,
  flagStream,
  rebuild,
  verifyObserver,
  type ObserverReadModel,
  type Verification,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { Judged, minute, observing, payment } from "./judging.js";

describe("the verification of an observer", () => {
  let log: Judged;
  /** Payments with this number do not belong to their order. */
  let foreign = 0;
  let observer: ObserverReadModel;

  beforeEach(async () => {
    log = await Judged.open();
    foreign = 0;
    observer = observing({ payment: payment((_, { n }) => n !== foreign) });
    await log.record("Ordered", "late");
    await log.record("Ordered", "paid");
    await log.pass(minute);
    await log.record("Paid", "paid", "order-paid", { n: 1 });
    await log.pass(10 * minute);
    await log.record("Paid", "late", "order-late", { n: 2 });
    await log.rebuilt(observer);
  });
  afterEach(() => log.close());

  async function verified(): Promise<Verification> {
    const scratch = await openSqliteReadModelStore({ file: ":memory:", clock: log.clock });
    try {
      return await verifyObserver(observer, { store: log.store, readModels: log.readModels, scratch });
    } finally {
      await scratch.close();
    }
  }
  const found = async () => (await verified()).differences.map(({ kind, case: key }) => `${kind} ${key}`);
  /** Writes rows as no fold would. */
  async function spoil(change: (rows: Awaited<ReturnType<Judged["cases"]>>) => Record<string, object | undefined>) {
    const { readModels } = log;
    const lease = (await readModels.acquire("spoiler", "test", 1_000))!;
    const generation = (await readModels.activeGeneration("orders"))!;
    const rows = Object.entries(change(await log.cases())).map(([key, row]) => [`case/${key}`, row] as const);
    await readModels.commit(generation, lease, { rows, checkpoint: generation.checkpoint! });
  }

  it("finds nothing where history gives what is there, and leaves everything as it is", async () => {
    const [serving, head] = [await log.serving(), await log.store.head()];
    const { differences, ...counted } = await verified();
    expect(differences).to.deep.equal([]);
    expect(counted).to.deep.equal({ observer: "orders", version: 1, position: 4n, events: 4, flags: 2, cases: 2 });
    expect([await log.serving(), await log.store.head()]).to.deep.equal([serving, head]);
  });

  it("goes no further than what serves", async () => {
    await log.record("Ordered", "new");
    await log.pass(20 * minute);
    await log.record("Ordered", "newer");
    expect(await found()).to.deep.equal([]);
  });

  it("names flags that history gives, and that are not recorded, and the case that serves otherwise", async () => {
    foreign = 1;
    const { differences } = await verified();
    expect(differences.map(({ kind, case: key }) => `${kind} ${key}`)).to.deep.equal([
      "flag-not-recorded paid",
      "row-differs paid",
      "row-differs undefined",
    ]);
    expect(differences[2]!.detail).to.include("statistics/payment/2026-01-01: met is 0 by history, 1 serves");
    expect(differences[0]!.detail).to.match(/-paid at 0: history gives Missing payment \(.*\), none is recorded\.$/);
    expect(differences[1]!.detail).to.include('payment.state is "MISSING" by history, "MET" serves');
    expect(differences[1]!.detail).to.include('status is "flagged" by history, "settled" serves');
    expect(await log.alarms()).to.deep.equal([]);
  });

  it("names flags that are recorded, and that history does not give", async () => {
    foreign = 2;
    expect(await found()).to.deep.equal(["flag-not-derived late", "row-differs late", "row-differs undefined"]);
  });

  it("names a flag that has another id", async () => {
    const { definition } = observer;
    const streamName = flagStream(log.store, definition, "new");
    const data = { observer: "orders", definition: definition.hash, case: "new", slot: "payment" };
    await log.store.append(streamName, [{ id: derivedId("other"), type: "observer.Missing", data }], {
      expectedRevision: "no_stream",
    });
    expect(await found()).to.deep.equal(["flag-not-derived new"]);
    await log.record("Ordered", "new");
    await log.pass(11 * minute);
    await log.record("Ordered", "newer");
    // Nobody can record it: the read model is carried on in spite of that.
    const { readModels, clock } = log;
    const others = Object.assign(Object.create(log.store) as typeof log.store, { append: async () => ({}) });
    await rebuild(observer, { store: others, readModels, clock, holder: "test" });
    const { differences } = await verified();
    expect(differences.map(({ kind }) => kind)).to.deep.equal(["flag-differs"]);
    expect(differences[0]).to.include({ streamName, revision: "0", recordedId: derivedId("other"), case: "new" });
  });

  it("names cases that serve and follow from nothing, and those that do not serve", async () => {
    await spoil(({ paid }) => ({ paid: undefined, invented: { ...paid, key: "invented" } }));
    const { differences } = await verified();
    expect(differences.map(({ kind, case: key }) => `${kind} ${key}`)).to.have.members([
      "row-does-not-serve paid",
      "row-not-derived invented",
    ]);
    expect(differences.find(({ case: key }) => key === "paid")!.detail).to.include(
      "history gives settled, payment MET",
    );
  });

  it("does not take for a difference what is recorded and not committed yet", async () => {
    // The flags of what follows are recorded; what serves stays where it was.
    await log.record("Ordered", "new");
    await log.pass(20 * minute);
    await log.record("Ordered", "newer");
    const other = await openSqliteReadModelStore({ file: ":memory:", clock: log.clock });
    const { readModels } = log;
    Object.assign(log, { readModels: other });
    await log.rebuilt(observer);
    await other.close();
    Object.assign(log, { readModels });
    expect(await log.flags()).to.include("Missing new");
    expect(await found()).to.deep.equal([]);
  });

  it("compares once more what changes while it compares", async () => {
    await log.record("Ordered", "new");
    const { readModels } = log;
    const rows = readModels.rows.bind(readModels);
    let changed = false;
    readModels.rows = async (generation, keys) => {
      const active = (await readModels.activeGeneration("orders"))!;
      if (changed || generation.id !== active.id) return rows(generation, keys);
      changed = true;
      // A live worker commits between the checkpoint that was seen and the rows.
      await log.pass(20 * minute);
      await log.record("Paid", "paid", "order-paid", { n: 1 });
      await log.record("Cancelled", "new");
      const scratch = await openSqliteReadModelStore({ file: ":memory:", clock: log.clock });
      const { store, clock } = log;
      await rebuild(observer, { store, readModels: scratch, clock, holder: "test" });
      const ahead = (await scratch.activeGeneration("orders"))!;
      const lease = (await readModels.acquire("worker", "test", 1_000))!;
      for await (const page of scratch.allRows(ahead))
        await readModels.commit(active, lease, {
          rows: page.map(({ key, row }) => [key, row] as const),
          checkpoint: ahead.checkpoint!,
        });
      await scratch.close();
      return rows(generation, keys);
    };
    expect(await found()).to.deep.equal([]);
    expect(changed).to.equal(true);
  });

  it("is refused where nothing serves, or what serves was declared otherwise", async () => {
    observer = observing({ payment: payment() }, { version: 2 });
    await verified().then(
      () => expect.fail("it was not refused"),
      (error: { code: string }) => expect(error.code).to.equal("READ_MODEL_OUTDATED"),
    );
    observer = observing({ payment: payment() }, { name: "others" });
    await verified().then(
      () => expect.fail("it was not refused"),
      (error: { code: string }) => expect(error.code).to.equal("NOT_BUILT"),
    );
  });
});
