import { expect } from "chai";
import { Divergence, HandlingFailed, MemoryEventStore, rebuild, StoreUnavailable } from "../../src/index.js";
import type { SlotTerms } from "../oracle/records.js";
import { until } from "../until.js";
import { FedObserver } from "./feed.js";
import { orderWatch, Watching, withinMs } from "./watching.js";

describe("an observer and outages", () => {
  let watching: Watching;
  beforeEach(async () => {
    watching = await Watching.open();
  });
  afterEach(() => watching.close());

  it("is late after an outage, but never wrong: what came in time meanwhile is not flagged (P12)", async () => {
    const first = watching.start();
    await watching.isLive(first);
    for (const order of ["paid", "paid at the last moment", "unpaid", "cancelled"])
      await watching.record("Ordered", order);
    await watching.pass(1_000);
    await first.processor.stop();

    await watching.record("Paid", "paid");
    await watching.pass(withinMs - 1_000);
    await watching.record("Paid", "paid at the last moment");
    await watching.record("Cancelled", "cancelled");
    await watching.clock.advance(3_600_000);
    // Placed during the outage, and not due yet.
    await watching.record("Ordered", "recent");

    const second = watching.start();
    await watching.isLive(second);
    await watching.flagged(1);
    expect(await watching.raised()).to.deep.equal(["Missing unpaid"]);
    const statuses = Object.entries(await watching.cases()).map(([name, { status }]) => [name, status]);
    expect(Object.fromEntries(statuses)).to.deep.equal({
      paid: "settled",
      "paid at the last moment": "settled",
      unpaid: "flagged",
      cancelled: "settled",
      recent: "open",
    });
    await watching.pass(withinMs + 100);
    await watching.flagged(2);
    expect(await watching.raised()).to.deep.equal(["Missing unpaid", "Missing recent"]);
  });

  it("asks at once for the time when a deadline passed while it was down and nothing was recorded since", async () => {
    const first = watching.start();
    await watching.isLive(first);
    await watching.record("Ordered", "a");
    await watching.pass(100);
    await first.processor.stop();
    await watching.clock.advance(3_600_000);
    watching.start();
    await watching.flagged(1);
    expect(await watching.ticks()).to.have.length(1);
  });

  it("records a flag once though it crashes between the flag and its commit", async () => {
    const { commit } = watching.readModels;
    let crashes = 0;
    const watched = watching.start();
    await watching.isLive(watched);
    await watching.record("Ordered", "a");
    await watching.record("Ordered", "b");
    await watching.pass(1_000);
    watching.readModels.commit = async (...args) => {
      if (++crashes <= 2) throw new StoreUnavailable("the read models do not answer");
      return commit.apply(watching.readModels, args);
    };
    await watching.pass(withinMs);
    await watching.flagged(2);
    await watching.pass(5_000);
    await until("the cases are flagged", async () => (await watching.cases())["a"]?.status === "flagged");
    expect(crashes).to.be.at.least(3);
    expect(await watching.raised()).to.have.members(["Missing a", "Missing b"]);
    await watching.isLive(watched);
  });

  it("stops in sight when another flag stands in the place of its own", async () => {
    const watched = watching.start();
    await watching.isLive(watched);
    await watching.record("Ordered", "a");
    const { definition } = orderWatch();
    const stream = `rollcall.flags-order-watch-${definition.hash.slice(0, 12)}-a`;
    await watching.store.inner.append(stream, [{ id: "something else", type: "observer.Missing", data: {} }], {
      expectedRevision: "no_stream",
    });
    await watching.pass(withinMs + 100);
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error).to.be.instanceOf(Divergence);
    expect(watched.error).to.include({
      observer: "order-watch",
      streamName: stream,
      sequence: 0n,
      foundId: "something else",
    });
    expect((await watching.cases())["a"]?.status, "nothing was committed").to.equal("open");
  });

  it("stops in sight, and does not invent the missing flags, when the log has lost some", async () => {
    const watched = watching.start();
    await watching.isLive(watched);
    await watching.record("Ordered", "a");
    await watching.pass(withinMs + 100);
    await watching.flagged(1);
    await watching.pass(100);
    const { append } = watching.store.inner;
    // As if the flag's stream had been deleted.
    watching.store.inner.append = (streamName, ...rest) =>
      append.call(watching.store.inner, streamName.replace("rollcall.flags-", "rollcall.flags-lost-"), ...rest);
    await append.call(
      watching.store.inner,
      "order-a",
      [{ id: "late", type: "shop.Paid", data: {}, metadata: { $correlationId: "a" } }],
      { expectedRevision: "any" },
    );
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error).to.have.property("code", "WRONG_EXPECTED_REVISION");
    expect(watched.error).to.not.be.instanceOf(HandlingFailed);
  });

  it("derives on a rebuild the flags that are recorded, and raises none again", async () => {
    const watched = watching.start();
    await watching.isLive(watched);
    for (const order of ["a", "b", "c"]) await watching.record("Ordered", order);
    await watching.record("Paid", "c");
    await watching.pass(withinMs + 100);
    await watching.flagged(2);
    await watching.record("Paid", "a");
    await watching.record("Cancelled", "b");
    await watching.flagged(4);
    await watching.pass(100);
    await watched.processor.stop();
    const [flags, cases, head] = [await watching.flags(), await watching.cases(), await watching.store.head()];
    await rebuild(orderWatch(), { store: watching.store, readModels: watching.readModels, holder: "operator" });
    expect(await watching.flags()).to.deep.equal(flags);
    expect(await watching.cases()).to.deep.equal(cases);
    expect(await watching.store.head()).to.equal(head);
    expect(flags.map(({ kind, case: name }) => `${kind} ${name}`)).to.have.members([
      "Missing a",
      "Missing b",
      "LateArrival a",
      "Withdrawn b",
    ]);
  });

  it("skips imported history in log time, unless it opts in; it moves the time all the same", async () => {
    const skipping = watching.start();
    const including = watching.start({ name: "all-watch", includeImported: true });
    await Promise.all([watching.isLive(skipping), watching.isLive(including)]);
    await watching.record("Ordered", "old", { $correlationId: "old", imported: true });
    await watching.record("Ordered", "new");
    await watching.pass(5_000);
    await watching.record("Paid", "new", { $correlationId: "new", imported: true });
    await watching.pass(withinMs);
    await watching.flagged(2);
    await watching.pass(500);
    const flags = await watching.flags();
    expect(flags).to.have.length(2);
    // For the one the order's payment is imported and does not count, for the other the old order does.
    expect(flags.map(({ case: name }) => name)).to.have.members(["new", "old"]);
    expect(Object.keys(await watching.cases())).to.deep.equal(["new"]);
    expect(Object.keys(await watching.cases("all-watch"))).to.deep.equal(["new", "old"]);
    expect((await watching.cases("all-watch"))["new"]?.status).to.equal("settled");
  });

  it("counts relevant events that have no correlation id, over restarts", async () => {
    const first = watching.start();
    await watching.record("Ordered", "a", {});
    await watching.record("Paid", "a", {});
    await watching.isLive(first);
    expect((await watching.state())?.uncorrelated).to.equal(2);
    await first.processor.stop();
    await watching.record("Ordered", "b", {});
    await watching.isLive(watching.start());
    await until("it is counted", async () => (await watching.state())?.uncorrelated === 3);
    expect(await watching.cases()).to.deep.equal({});
  });
});

describe("two instances of an observer that derive the same flags", () => {
  const slots: SlotTerms[] = [
    {
      observer: "watch",
      slot: "slot",
      trigger: ["a"],
      counterpart: ["b"],
      unless: [],
      withinMs: 10,
      timeBase: "recorded",
      tickType: "observer.ClockTick",
    },
  ];
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

describe("an observer that may keep next to nothing in memory", () => {
  it("forgets no deadline that moved while the index did not know of it yet", async () => {
    const slot = (name: string, withinMs: number): SlotTerms => ({
      observer: "watch",
      slot: name,
      trigger: ["a"],
      counterpart: ["b"],
      unless: [],
      withinMs,
      timeBase: "recorded",
      tickType: "observer.ClockTick",
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
    const fed = await FedObserver.open([slot("first", 10), slot("second", 20)], undefined, limits);
    await fed.handle([at(1, 0, "a", "one"), at(2, 2, "a", "two"), at(3, 20, "a", "three")]);
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

  it("commits on the way although no case changes, so that what it reads takes no memory without bound", async () => {
    const terms: SlotTerms = {
      observer: "watch",
      slot: "slot",
      trigger: ["a"],
      counterpart: ["b"],
      unless: [],
      withinMs: 10,
      timeBase: "recorded",
      tickType: "observer.ClockTick",
    };
    const fed = await FedObserver.open([terms], undefined, { cachedCases: 10, commitCases: 10 });
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
