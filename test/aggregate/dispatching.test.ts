/** A command is validated, decided against what was recorded, and appended at the revision that was seen. */

import { expect } from "chai";
import {
  Aggregate,
  Applies,
  ApplyFailed,
  Command,
  CommandBus,
  CommandRejected,
  DomainEvent,
  EventNotApplied,
  EventTooNew,
  Handles,
  InvalidCommand,
  InvalidModel,
  MemoryEventStore,
  randomId,
  runInContext,
  UnknownCommand,
  type DecisionContext,
} from "../../src/index.js";
import { buildModel } from "../../src/model/index.js";
import { ManualClock } from "../../src/testing/index.js";
import { bankWith, deposit, DepositMany, eventsOf, withdraw } from "./bank.js";
import { rejectionOf } from "./rejection.js";

const id = /^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("a command that is dispatched", () => {
  it("appends what its aggregate decided, and says so", async () => {
    const { bus, store } = bankWith();
    const first = await bus.dispatch(deposit(5));
    expect(first).to.deep.include({
      streamName: "account-1",
      revision: 0n,
      eventTypes: ["bank.Deposited"],
      duplicate: false,
    });
    expect(first.commandId).to.match(id);
    const many = await bus.dispatch(DepositMany.of({ aggregateId: "1", amounts: [1, 2] }));
    expect(many).to.deep.include({ revision: 2n, eventTypes: ["bank.Deposited", "bank.Deposited"] });
    const events = await eventsOf(store);
    expect(events.map(({ data }) => data)).to.deep.equal([{ cents: 500 }, { cents: 100 }, { cents: 200 }]);
    expect(many.position).to.equal(events[2]!.position);
  });

  it("is decided against what was recorded before", async () => {
    const { bus } = bankWith();
    await bus.dispatch(deposit(5));
    await bus.dispatch(withdraw(3));
    const error = await rejectionOf(bus.dispatch(withdraw(3)), CommandRejected);
    expect(error.message).to.equal("There are 200 cents.");
    await bus.dispatch(withdraw(2));
  });

  it("expects the revision that was seen, and never just any", async () => {
    const { bus, store } = bankWith();
    await bus.dispatch(deposit(5));
    await bus.dispatch(withdraw(1));
    await bus.dispatch(DepositMany.of({ aggregateId: "1", amounts: [1, 2] }));
    await bus.dispatch(withdraw(1));
    expect(store.appends.map(({ expectedRevision }) => expectedRevision)).to.deep.equal(["no_stream", 0n, 1n, 3n]);
  });

  it("appends nothing when it leads to nothing, on a stream that is there or is not", async () => {
    const { bus, store } = bankWith();
    const nothing = DepositMany.of({ aggregateId: "1", amounts: [] });
    expect(await bus.dispatch(nothing)).to.deep.include({
      revision: undefined,
      position: undefined,
      eventTypes: [],
      duplicate: false,
    });
    await bus.dispatch(deposit(5));
    expect(await bus.dispatch(nothing)).to.deep.include({ revision: 0n, position: undefined, eventTypes: [] });
    expect(store.appends).to.have.length(1);
  });

  it("appends nothing when it is rejected, malformed or unknown", async () => {
    class Unheard extends Command("bank.Unheard") {}
    const { bus, store } = bankWith();
    await rejectionOf(bus.dispatch(withdraw(1)), CommandRejected);
    const invalid = await rejectionOf(bus.dispatch(deposit(-1)), InvalidCommand);
    expect(invalid.violations.map(({ pointer }) => pointer)).to.deep.equal(["/amount"]);
    const unknown = await rejectionOf(bus.dispatch(Unheard.of({ aggregateId: "1" })), UnknownCommand);
    expect(unknown.known).to.have.members(["bank.Deposit", "bank.Withdraw", "bank.DepositMany"]);
    expect(store.appends).to.deep.equal([]);
  });

  it("records the present schema version, where it is not the first", async () => {
    const { bus, store } = bankWith();
    await bus.dispatch(deposit(5));
    await bus.dispatch(withdraw(5));
    const [deposited, withdrawn] = await eventsOf(store);
    expect([deposited!.schemaVersion, deposited!.metadata.schemaVersion]).to.deep.equal([2, 2]);
    expect([withdrawn!.schemaVersion, withdrawn!.metadata.schemaVersion]).to.deep.equal([1, undefined]);
  });

  it("records when it happened in the business, and the trace that it belongs to", async () => {
    const { bus, store } = bankWith();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const occurredAt = new Date("2026-01-02T03:04:05.678Z");
    await runInContext({ traceparent }, () => bus.dispatch(deposit(5), { occurredAt }));
    await bus.dispatch(deposit(5));
    const [stated, unstated] = await eventsOf(store);
    expect([stated!.occurredAtMs, stated!.metadata.occurredAt]).to.deep.equal([
      occurredAt.getTime(),
      "2026-01-02T03:04:05.678Z",
    ]);
    expect(stated!.traceparent).to.equal(traceparent);
    expect(unstated!.metadata).to.not.have.any.keys("occurredAt", "traceparent");
  });

  it("is decided with its ids and the time of the clock", async () => {
    let seen: DecisionContext | undefined;
    class Ask extends Command("clock.Ask") {}
    class Asked extends DomainEvent("clock.Asked") {}

    @Aggregate({ name: "asker" })
    class Asker {
      @Handles(Ask)
      ask(_: Ask, context: DecisionContext): Asked {
        seen = context;
        return Asked.of({});
      }

      @Applies(Asked)
      asked(_: Asked): void {}
    }
    const nothing = { reactors: [], projections: [], observers: [], upcasters: [] };
    const clock = new ManualClock();
    const bus = new CommandBus(buildModel({ ...nothing, aggregates: [Asker] }), new MemoryEventStore(), { clock });
    await bus.dispatch(Ask.of({ aggregateId: "1" }), { commandId: "command", correlationId: "process" });
    expect(seen).to.deep.equal({ commandId: "command", correlationId: "process", now: new Date(clock.now()) });
  });
});

describe("loading an aggregate", () => {
  const append = (store: MemoryEventStore, type: string, data: object, schemaVersion?: number) =>
    store.append("account-1", [{ id: randomId(), type, data, metadata: { ...(schemaVersion && { schemaVersion }) } }], {
      expectedRevision: "any",
    });

  it("upcasts what an older version recorded", async () => {
    const inner = new MemoryEventStore();
    await append(inner, "bank.Deposited", { amount: 7 });
    const { bus } = bankWith({}, inner);
    await bus.dispatch(withdraw(7));
    await rejectionOf(bus.dispatch(withdraw(1)), CommandRejected);
  });

  it("refuses an event that the aggregate does not apply", async () => {
    const inner = new MemoryEventStore();
    await bankWith({}, inner).bus.dispatch(deposit(1));
    await append(inner, "bank.Frozen", {});
    const error = await rejectionOf(bankWith({}, inner).bus.dispatch(deposit(1)), EventNotApplied);
    expect(error).to.include({ aggregate: "Account", streamName: "account-1", eventType: "bank.Frozen", revision: 1n });
  });

  it("refuses an event of a newer version", async () => {
    const inner = new MemoryEventStore();
    await append(inner, "bank.Deposited", { cents: 7 }, 3);
    await rejectionOf(bankWith({}, inner).bus.dispatch(deposit(1)), EventTooNew);
  });

  it("reads streams of many pages to their end", async () => {
    const { bus, store } = bankWith();
    const amounts = Array.from({ length: 1_200 }, () => 1);
    await bus.dispatch(DepositMany.of({ aggregateId: "1", amounts }));
    expect((await bus.dispatch(withdraw(1_200))).revision).to.equal(1_200n);
    expect(store.appends.at(-1)!.expectedRevision).to.equal(1_199n);
  });
});

describe("an event that is decided and not applied", () => {
  it("is refused although the compiler was circumvented, before anything is appended", async () => {
    class Ask extends Command("odd.Ask") {}
    class Known extends DomainEvent("odd.Known") {}
    class Strange extends DomainEvent("odd.Strange") {}
    const answers: unknown[] = [[Known.of({}), Strange.of({})], undefined, Promise.resolve(Known.of({})), [null]];

    @Aggregate({ name: "odd" })
    class Odd {
      @Handles(Ask)
      ask(_: Ask): Known[] {
        return answers[0] as Known[];
      }

      @Applies(Known)
      known(_: Known): void {}
    }
    const nothing = { reactors: [], projections: [], observers: [], upcasters: [] };
    const store = new MemoryEventStore();
    const bus = new CommandBus(buildModel({ ...nothing, aggregates: [Odd] }), store);
    while (answers.length > 0) {
      const error = await rejectionOf(bus.dispatch(Ask.of({ aggregateId: "1" })), InvalidModel);
      expect(error.message).to.match(/Odd\.ask decided .+, which Odd does not apply\. Add an @Applies method for it\./);
      answers.shift();
    }
    expect(await store.head()).to.equal(undefined);
  });
});

describe("an aggregate whose method cannot apply an event", () => {
  class Fill extends Command("cup.Fill") {}
  class Filled extends DomainEvent("cup.Filled") {}

  @Aggregate({ name: "cup" })
  class Cup {
    @Handles(Fill)
    fill(_: Fill): Filled {
      return Filled.of({});
    }

    @Applies(Filled)
    filled(_: Filled): void {
      throw new Error("it runs over");
    }
  }

  const store = new MemoryEventStore();
  const model = buildModel({ aggregates: [Cup], reactors: [], projections: [], observers: [], upcasters: [] });
  const bus = new CommandBus(model, store);

  it("does not record what it decided", async () => {
    const error = await rejectionOf(bus.dispatch(Fill.of({ aggregateId: "1" })), ApplyFailed);
    expect(error.message).to.match(
      /^cup-1: Cup could not apply cup.Filled \(just decided, not recorded\): it runs over\./,
    );
    expect(await store.head()).to.equal(undefined);
  });

  it("says which recorded event it was", async () => {
    await store.append("cup-2", [{ id: "a", type: "cup.Filled", data: {} }], { expectedRevision: "no_stream" });
    const error = await rejectionOf(bus.dispatch(Fill.of({ aggregateId: "2" })), ApplyFailed);
    expect(error).to.include({ streamName: "cup-2", eventType: "cup.Filled", revision: 0n });
  });
});
