/** A log that is only read: what goes where, and to which log what is kept beside it belongs. */

import { expect } from "chai";
import {
  IncompatibleStore,
  LogIsReadOnly,
  MemoryEventStore,
  randomId,
  ReadOnlyEventStore,
  type EventStore,
  type ReadableLog,
} from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { eventsOf, rejection } from "./eventstoredb/stores.js";

/** A log that may have no identity, as those in EventStoreDB are that Rollcall never wrote into. */
class ForeignLog extends MemoryEventStore implements ReadableLog {
  inLog: string | undefined;
  async identity(): Promise<string | undefined> {
    return this.inLog;
  }
}

describe("an event store that only reads its log", () => {
  const clock = new ManualClock();
  let log: ForeignLog;
  let own: MemoryEventStore;
  let store: EventStore;
  beforeEach(() => {
    log = new ForeignLog({ clock });
    own = new MemoryEventStore({ clock });
    store = new ReadOnlyEventStore({ log, own });
  });

  const append = async (to: EventStore, streamName: string, type = "Happened", correlation?: string) => {
    const id = randomId();
    const metadata = correlation === undefined ? {} : { $correlationId: correlation };
    await to.append(streamName, [{ id, type, data: {}, metadata }], { expectedRevision: "any" });
    return id;
  };

  it("writes its own streams elsewhere, and reads them there; nothing else is appended", async () => {
    const ordered = await append(log, "order-1");
    const flagged = await append(store, "rollcall.flags-x-1");
    expect((await rejection(append(store, "order-1"))).code).to.equal("LOG_IS_READ_ONLY");
    expect(await rejection(append(store, "rollcall"))).to.be.instanceOf(LogIsReadOnly);
    const ids = async (pages: Parameters<typeof eventsOf>[0]) => (await eventsOf(pages)).map(({ id }) => id);
    expect(await ids(store.readStream("order-1"))).to.deep.equal([ordered]);
    expect(await ids(store.readStream("rollcall.flags-x-1"))).to.deep.equal([flagged]);
    expect(await ids(store.readLog())).to.deep.equal([ordered]);
    expect(await ids(store.readLog({ filter: { eventTypes: ["Happened"] } }))).to.deep.equal([ordered]);
    expect(await ids(store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))).to.deep.equal([flagged]);
    expect(await ids(store.readLog({ filter: { streamPrefixes: ["rollcall.", "order-"] } }))).to.deep.equal([ordered]);
    const { value } = (await store
      .subscribe({ filter: { streamPrefixes: ["rollcall."] } })
      [Symbol.asyncIterator]()
      .next())!;
    expect(value).to.have.nested.property("events[0].id", flagged);
    expect(await log.head()).to.equal(1n);
    expect(await store.head()).to.equal(1n);
  });

  it("tells one correlation of both, by when they were recorded", async () => {
    const ids: string[] = [];
    for (const [to, streamName] of [
      [log, "order-1"],
      [own, "rollcall.flags-x-1"],
      [log, "payment-1"],
      [log, "payment-1"],
      [own, "rollcall.flags-x-1"],
    ] as const) {
      ids.push(await append(to, streamName, "Happened", "one"));
      await clock.advance(10);
    }
    await append(log, "order-2", "Happened", "other");
    expect((await eventsOf(store.readCorrelation("one"))).map(({ id }) => id)).to.deep.equal(ids);
  });

  it("is of the log's identity, or of one that is made up, and stays, also when the log is given one", async () => {
    const storeId = await store.storeId();
    expect(await store.storeId()).to.equal(storeId);
    await append(log, "order-1");
    expect(await new ReadOnlyEventStore({ log, own }).storeId()).to.equal(storeId);
    log.inLog = randomId();
    expect(await new ReadOnlyEventStore({ log, own }).storeId()).to.equal(storeId);
    const another = new ReadOnlyEventStore({ log, own: new MemoryEventStore() });
    expect(await another.storeId()).to.equal(log.inLog);
    expect(await log.head()).to.equal(1n);
  });

  it("is refused where what is kept beside it belongs to another log", async () => {
    // With an identity, and without: then by the first of its events.
    for (const inLog of [randomId(), undefined]) {
      const [first, second] = [new ForeignLog(), new ForeignLog()];
      const kept = new MemoryEventStore();
      first.inLog = inLog;
      second.inLog = inLog && randomId();
      await append(first, "$stats-1", "$stats");
      await append(second, "$stats-1", "$stats");
      await append(first, "order-1");
      await append(second, "order-1");
      await new ReadOnlyEventStore({ log: first, own: kept }).storeId();
      const refused = await rejection(new ReadOnlyEventStore({ log: second, own: kept }).storeId());
      expect(refused).to.be.instanceOf(IncompatibleStore);
      expect(refused.message).to.match(/ROLLCALL_READ_MODELS/);
      await append(first, "order-1");
      await new ReadOnlyEventStore({ log: first, own: kept }).storeId();
    }
  });

  it("is known again when two processes ask for the first time", async () => {
    const stores = Array.from({ length: 4 }, () => new ReadOnlyEventStore({ log, own }));
    const ids = await Promise.all(stores.map((each) => each.storeId()));
    expect(new Set(ids).size).to.equal(1);
  });
});
