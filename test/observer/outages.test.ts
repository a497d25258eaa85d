import { expect } from "chai";
import { Divergence, DefinitionChanged, rebuild, StoreUnavailable } from "../../src/index.js";
import { until } from "../until.js";
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
    expect(watched.error).to.be.instanceOf(Divergence);
    expect(watched.error!.message).to.match(/expected flag [-0-9a-f]+ at 1, found none, nor all of those before it/);
  });

  it("is refused, with what has changed, when its terms are others and its version is not", async () => {
    const old = watching.start();
    await watching.isLive(old);
    await watching.record("Ordered", "a");
    await watching.isLive(old);
    await old.processor.stop();
    const changed = watching.start({ includeImported: true });
    await until("it says so", () => changed.state === "stopped");
    expect(changed.error).to.be.instanceOf(DefinitionChanged);
    expect(changed.error!.message).to.equal(
      "order-watch: version 1 is on record with other terms: includeImported was false, is true. Raise the version, or take the change back.",
    );
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
