/** Somebody else may append first: the command is decided anew, a bounded number of times. */

import { expect } from "chai";
import { CommandRejected, randomId, WrongExpectedRevision } from "../../src/index.js";
import { ManualClock } from "../../src/testing/index.js";
import { bankWith, deposit, eventsOf, withdraw } from "./bank.js";
import { rejectionOf } from "./rejection.js";

describe("commands that meet on one aggregate", () => {
  it("all succeed, fifty at once in one process, and none is decided on an outdated state", async () => {
    const { bus, store } = bankWith({ maxAttempts: 1 });
    await bus.dispatch(deposit(30));
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => bus.dispatch(withdraw(1))));
    const refused = results.filter((result) => result.status === "rejected");
    for (const { reason } of refused) expect(reason).to.be.instanceOf(CommandRejected);
    expect(refused).to.have.length(20);
    expect(await eventsOf(store)).to.have.length(31);
  });

  it("all succeed in several processes, given the attempts", async () => {
    const { busOfRival, store } = bankWith({ maxAttempts: 50 });
    const buses = Array.from({ length: 5 }, busOfRival);
    await Promise.all(Array.from({ length: 50 }, (_, i) => buses[i % 5]!.dispatch(deposit(1))));
    expect(await eventsOf(store)).to.have.length(50);
  });

  it("succeed or surface the conflict, with the attempts that are allowed unless stated", async () => {
    const { busOfRival, store } = bankWith();
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => busOfRival().dispatch(deposit(1))));
    const lost = results.filter((result) => result.status === "rejected");
    for (const { reason } of lost) expect(reason).to.be.instanceOf(WrongExpectedRevision);
    expect(await eventsOf(store)).to.have.length(50 - lost.length);
    expect(store.appends.filter(({ expectedRevision }) => expectedRevision === "any")).to.deep.equal([]);
  });
});

describe("a command that meets a rival each time", () => {
  const rival = { type: "bank.Deposited", data: { cents: 1 }, metadata: { schemaVersion: 2 } };

  function contested(maxAttempts: number) {
    const bank = bankWith({ maxAttempts });
    bank.store.beforeAppend = async () => {
      await bank.store.inner.append("account-1", [{ ...rival, id: randomId() }], { expectedRevision: "any" });
    };
    return bank;
  }

  it("surfaces the conflict after the attempts that are allowed, and appended nothing", async () => {
    const { bus, store } = contested(3);
    const error = await rejectionOf(bus.dispatch(deposit(5)), WrongExpectedRevision);
    expect(error).to.include({ streamName: "account-1", expected: 1n, actual: 2n });
    expect(store.appends.map(({ expectedRevision }) => expectedRevision)).to.deep.equal(["no_stream", 0n, 1n]);
    expect((await eventsOf(store)).map(({ data }) => data)).to.deep.equal([rival.data, rival.data, rival.data]);
  });

  it("keeps its ids from attempt to attempt", async () => {
    const { bus, store } = contested(3);
    await rejectionOf(bus.dispatch(deposit(5)), WrongExpectedRevision);
    const ids = store.appends.map(({ events }) => events.map((event) => [event.id, event.metadata]));
    expect(ids[1]![0]![0]).to.equal(ids[0]![0]![0]);
    expect(ids[2]![0]![0]).to.equal(ids[0]![0]![0]);
  });

  it("succeeds once the rival is gone, and is decided on what the rival did", async () => {
    const { bus, busOfRival, store } = bankWith();
    await bus.dispatch(deposit(5));
    store.beforeAppend = async () => {
      store.beforeAppend = () => Promise.resolve();
      await busOfRival().dispatch(withdraw(5), { commandId: "rival" });
    };
    await rejectionOf(bus.dispatch(withdraw(1)), CommandRejected);
    expect(await eventsOf(store)).to.have.length(2);
  });

  it("waits between attempts, on the clock that it was given", async () => {
    const clock = new ManualClock();
    const bank = bankWith({ clock });
    await bank.bus.dispatch(deposit(5));
    bank.store.beforeAppend = async ({ events }) => {
      bank.store.beforeAppend = () => Promise.resolve();
      await bank.store.inner.append("account-1", [{ ...events[0]!, id: randomId() }], { expectedRevision: 0n });
    };
    let done = false;
    const dispatched = bank.bus.dispatch(withdraw(1)).then(() => (done = true));
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(done).to.equal(false);
    await clock.advance(5);
    await dispatched;
    expect(await eventsOf(bank.store)).to.have.length(3);
  });
});
