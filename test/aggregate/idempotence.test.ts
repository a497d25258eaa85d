/** A command id is answered once: from its events, where it has some; another payload under it is an error. */

import { expect } from "chai";
import { CommandIdReused, CommandRejected, MemoryEventStore, StoreUnavailable } from "../../src/index.js";
import { bankWith, deposit, DepositMany, eventsOf, withdraw } from "./bank.js";
import { rejectionOf } from "./rejection.js";

const commandId = "3f0b1d1e-5a0f-4e57-9d59-3c1f0f7a1c11";
const many = (...amounts: number[]) => DepositMany.of({ aggregateId: "1", amounts });

describe("a command id that was used", () => {
  it("is answered from its events, and appends none", async () => {
    const { bus, store } = bankWith();
    const first = await bus.dispatch(many(1, 2), { commandId, correlationId: "process" });
    await bus.dispatch(deposit(9));
    const again = await bus.dispatch(many(1, 2), { commandId });
    expect(again).to.deep.equal({ ...first, revision: 2n, duplicate: true });
    expect(await eventsOf(store)).to.have.length(3);
  });

  it("is answered even where the command would be rejected by now", async () => {
    const { bus } = bankWith();
    await bus.dispatch(deposit(5));
    await bus.dispatch(withdraw(5), { commandId });
    expect(await bus.dispatch(withdraw(5), { commandId })).to.deep.include({
      duplicate: true,
      eventTypes: ["bank.Withdrawn"],
    });
  });

  it("is an error for another payload, another command, or fields that only look alike", async () => {
    const { bus, store } = bankWith();
    await bus.dispatch(many(1, 2), { commandId });
    for (const other of [many(2, 1), many(1), deposit(1)]) {
      const error = await rejectionOf(bus.dispatch(other, { commandId }), CommandIdReused);
      expect(error).to.include({ commandId, streamName: "account-1" });
    }
    expect(await eventsOf(store)).to.have.length(2);
  });

  it("may be used for another aggregate", async () => {
    const { bus } = bankWith();
    await bus.dispatch(deposit(1, "1"), { commandId });
    expect(await bus.dispatch(deposit(2, "2"), { commandId })).to.include({ duplicate: false });
  });

  it("is decided anew while it has no events", async () => {
    const { bus } = bankWith();
    await rejectionOf(bus.dispatch(withdraw(5), { commandId }), CommandRejected);
    await bus.dispatch(deposit(5));
    expect(await bus.dispatch(withdraw(5), { commandId })).to.include({ duplicate: false, revision: 1n });
  });

  it("leads to one set of events when it is dispatched twice at once", async () => {
    for (let round = 0; round < 20; round++) {
      const { bus, store } = bankWith();
      const results = await Promise.all([1, 2, 3].map(() => bus.dispatch(many(1, 2), { commandId })));
      expect(results.map(({ duplicate }) => duplicate).toSorted()).to.deep.equal([false, true, true]);
      expect(new Set(results.map(({ position }) => position)).size).to.equal(1);
      expect(await eventsOf(store)).to.have.length(2);
    }
  });

  it("is an error for the loser when it is dispatched twice at once with other payloads", async () => {
    const { bus, store } = bankWith();
    const results = await Promise.allSettled([
      bus.dispatch(many(1, 2), { commandId }),
      bus.dispatch(many(3, 4), { commandId }),
    ]);
    const [won, lost] = results.toSorted((a) => (a.status === "fulfilled" ? -1 : 1));
    expect(won!.status).to.equal("fulfilled");
    expect((lost as PromiseRejectedResult).reason).to.be.instanceOf(CommandIdReused);
    expect(await eventsOf(store)).to.have.length(2);
  });

  it("finds the events of an append whose answer was lost", async () => {
    const { bus, store } = bankWith();
    const { inner } = store;
    store.beforeAppend = async ({ streamName, events, expectedRevision }) => {
      await inner.append(streamName, events, { expectedRevision });
      throw new StoreUnavailable("The answer was lost.");
    };
    await rejectionOf(bus.dispatch(many(1, 2), { commandId }), StoreUnavailable);
    store.beforeAppend = () => Promise.resolve();
    expect(await bus.dispatch(many(1, 2), { commandId })).to.include({ duplicate: true, revision: 1n });
    expect(await eventsOf(store)).to.have.length(2);
  });
});

describe("the digest of a command", () => {
  it("is the same for the same fields in any order, absent and undefined alike", async () => {
    const { bus } = bankWith(undefined, new MemoryEventStore());
    await bus.dispatch(deposit(1), { commandId });
    const reordered = Object.assign(Object.create(Object.getPrototypeOf(deposit(1)) as object), {
      amount: 1,
      aggregateId: "1",
    });
    expect(await bus.dispatch(reordered, { commandId })).to.include({ duplicate: true });
  });
});
