/** Correlation follows the process, not the request; causation says what led directly to an event. */

import { expect } from "chai";
import { runInContext } from "../../src/index.js";
import { bankWith, deposit, eventsOf, withdraw } from "./bank.js";

describe("the correlation id of a command", () => {
  it("begins with a new stream, and follows from the command's id and the stream", async () => {
    const { bus, store } = bankWith();
    const first = await bus.dispatch(deposit(1), { commandId: "begin" });
    expect((await eventsOf(store))[0]!.correlationId).to.equal(first.correlationId);
    const again = await bus.dispatch(deposit(1), { commandId: "begin" });
    expect(again).to.include({ duplicate: true, correlationId: first.correlationId });
    const elsewhere = await bankWith().bus.dispatch(deposit(1), { commandId: "begin" });
    expect(elsewhere.correlationId).to.equal(first.correlationId);
  });

  it("tells two aggregates apart, though a client sends both the same command id", async () => {
    const { bus } = bankWith();
    const [one, two] = await Promise.all(["1", "2"].map((id) => bus.dispatch(deposit(1, id), { commandId: "K1" })));
    expect(one!.correlationId).to.not.equal(two!.correlationId);
  });

  it("is that of its stream's first event, in whatever request it comes", async () => {
    const { bus, store } = bankWith();
    await bus.dispatch(deposit(5), { correlationId: "process" });
    await bus.dispatch(deposit(5), { correlationId: "another" });
    const { correlationId } = await bus.dispatch(withdraw(1));
    expect(correlationId).to.equal("process");
    expect((await eventsOf(store)).map((event) => event.correlationId)).to.deep.equal([
      "process",
      "another",
      "process",
    ]);
  });

  it("is the explicit one, before that of the context and of the stream", async () => {
    const { bus } = bankWith();
    await bus.dispatch(deposit(5), { correlationId: "of the stream" });
    const inContext = (options?: object) =>
      runInContext({ correlationId: "of the context" }, () => bus.dispatch(deposit(5), options));
    expect((await inContext({ correlationId: "explicit" })).correlationId).to.equal("explicit");
    expect((await inContext()).correlationId).to.equal("of the context");
  });

  it("is that of the stream in a context that states none", async () => {
    const { bus } = bankWith();
    await bus.dispatch(deposit(5), { correlationId: "process" });
    const result = await runInContext({ causationId: "cause" }, () => bus.dispatch(deposit(5)));
    expect(result.correlationId).to.equal("process");
  });

  it("begins anew where the stream's first event has none", async () => {
    const { bus, store } = bankWith();
    await store.append("account-1", [{ id: "a", type: "bank.Withdrawn", data: { cents: 1 } }], {
      expectedRevision: "no_stream",
    });
    const begun = await bus.dispatch(deposit(5), { commandId: "begin" });
    expect((await eventsOf(store)).at(-1)!.correlationId)
      .to.equal(begun.correlationId)
      .and.not.equal(undefined);
  });
});

describe("the causation id of an event", () => {
  it("is the event that the present work reacts to; else the command", async () => {
    const { bus, store } = bankWith();
    await bus.dispatch(deposit(1), { commandId: "first" });
    await runInContext({ causationId: "an event" }, () => bus.dispatch(deposit(1), { commandId: "second" }));
    const events = await eventsOf(store);
    expect(events.map(({ causationId, commandId }) => [causationId, commandId])).to.deep.equal([
      ["first", "first"],
      ["an event", "second"],
    ]);
  });
});
