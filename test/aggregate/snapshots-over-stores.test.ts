/** Snapshots over each kind of log. */

import { expect } from "chai";
import { CommandBus, MemoryEventStore, type EventStore } from "../../src/index.js";
import { openEventStoreDb, type EventStoreDbEventStore } from "../../src/store/eventstoredb/index.js";
import { TestServer } from "../eventstore/server.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import { eventsOf } from "./bank.js";
import { book, ledger, ledgerOver, messageOf, pay, tell } from "./ledger.js";

/** Call it in a `describe`. */
function snapshotsOver(opened: () => Promise<EventStore>): void {
  it("give the state of all events by reading few of them, and find every command that came before", async () => {
    const { store, bus, busOf, reads } = ledgerOver(await opened());
    const sent = [book(5, 3), pay(2), book(1, 600), pay(7), book(2)];
    const results = [];
    for (const [i, command] of sent.entries()) results.push(await bus.dispatch(command, { commandId: `command-${i}` }));
    await reads();
    expect(await reads()).to.equal(2);
    expect(await messageOf(bus.dispatch(tell()))).to.equal(
      await messageOf(new CommandBus(ledger(false), store).dispatch(tell())),
    );
    for (const process of [bus, busOf(ledger())])
      for (const [i, command] of sent.entries())
        expect(await process.dispatch(command, { commandId: `command-${i}` })).to.deep.equal({
          ...results[i],
          revision: 605n,
          duplicate: true,
        });
    expect(await eventsOf(store, "book-1")).to.have.length(606);
  });
}

describe("snapshots over a log in memory", () => {
  snapshotsOver(async () => new MemoryEventStore());
});

describe("snapshots over an SQLite log", () => {
  const logs = temporaryLogs();
  snapshotsOver(() => logs.open());
});

describe("snapshots over EventStoreDB", () => {
  let server: TestServer;
  let store: EventStoreDbEventStore;
  beforeEach(async () => {
    server = await TestServer.start();
    store = await openEventStoreDb({ connectionString: server.connectionString });
  });
  afterEach(async () => {
    await store.close();
    await server.remove();
  });
  snapshotsOver(async () => store);

  it("are left aside when the stream was deleted and began again", async () => {
    const { bus, reads } = ledgerOver(store);
    await bus.dispatch(book(9, 5));
    await reads();
    await store.deleteStream("book-1", { expectedRevision: "stream_exists" });
    const event = { id: "3f0b1d1e-5a0f-4e57-9d59-3c1f0f7a1c11", type: "ledger.Booked", data: { amount: 4 } };
    await store.append("book-1", [event], { expectedRevision: "any" });
    expect(await messageOf(bus.dispatch(tell()))).to.include('"cents":400,');
  });
});
