import { expect } from "chai";
import { clockStreamOf, EventTooNew, randomId, systemClock, tickType } from "../../src/index.js";
import { until } from "../until.js";
import { charge, Charging, Gates } from "./charging.js";

describe("a reactor", () => {
  let charging: Charging;
  let gates: Gates;
  beforeEach(async () => {
    charging = await Charging.open();
    gates = new Gates();
  });
  afterEach(() => charging.close());

  it("answers events with commands, whose events continue the process that the event belongs to", async () => {
    charging.start((order, amount) => [charge(order, amount), charge(`${order}-fee`, 1)]);
    await charging.order(["a", 5, { $correlationId: "process-1", traceparent: "00-aa-bb-01" }]);
    await charging.reaches(1n);
    const [first, second] = await charging.charges();
    expect(await charging.charged()).to.deep.equal(["a 5", "a-fee 1"]);
    let ordered: string | undefined;
    for await (const page of charging.store.readStream("order-a")) ordered = page[0]!.id;
    for (const event of [first!, second!]) {
      expect(event.correlationId).to.equal("process-1");
      expect(event.causationId).to.equal(ordered);
      expect(event.traceparent).to.equal("00-aa-bb-01");
    }
    expect(first!.commandId).to.not.equal(second!.commandId);
  });

  it("keeps the order within a stream and works on several streams at a time", async () => {
    charging.start(async (order, amount) => gates.pass(`${order}${amount}`));
    await charging.order(["a", 1], ["a", 2], ["b", 1], ["a", 3], ["b", 2]);
    await until("both streams are at work", () => gates.arrived.length >= 2);
    gates.open("b1");
    await until("the second event of b", () => gates.arrived.includes("b2"));
    expect(gates.arrived).to.deep.equal(["a1", "b1", "b2"]);
    gates.open("a1", "b2");
    await until("the second event of a", () => gates.arrived.includes("a2"));
    gates.open("a2");
    await until("the third event of a", () => gates.arrived.includes("a3"));
    expect(gates.arrived).to.deep.equal(["a1", "b1", "b2", "a2", "a3"]);
    gates.open("a3");
    await charging.reaches(5n);
  });

  it("lets a slow reaction hold up neither the others nor lose its place: the checkpoint waits for it", async () => {
    charging.start(async (order, amount) => {
      if (order === "slow") await gates.pass("slow");
      return charge(order, amount);
    });
    await charging.order(["a", 1], ["slow", 2], ["b", 3], ["c", 4]);
    await until("the others are charged", async () => (await charging.charged()).length === 3);
    expect(await charging.charged()).to.deep.equal(["a 1", "b 3", "c 4"]);
    await charging.reaches(1n);
    gates.open("slow");
    // The charges follow the four orders in the log; the reactor does not read them.
    await charging.reaches(4n);
    expect((await charging.readModels.loadCheckpoint("reactor:charge"))?.handled).to.equal(4);
  });

  it("delivers again, with the same key and command ids, what was interrupted: no event is doubled", async () => {
    const keys: string[] = [];
    const react = (order: string, amount: number, { idempotencyKey }: { idempotencyKey: string }) => {
      keys.push(idempotencyKey);
      return [charge(order, amount), charge(order, amount + 1), charge(order, amount + 2)];
    };
    let appends = 0;
    charging.store.beforeAppend = async () => {
      // The process dies between the second command and its append.
      if (++appends === 2) await gates.pass("second append");
    };
    const first = charging.start(react);
    await charging.order(["a", 1]);
    await until("the second command is under way", () => gates.arrived.length === 1);
    const stopping = first.processor.stop();
    await charging.clock.advance(1_000);
    await stopping;
    expect(await charging.charged()).to.deep.equal(["a 1"]);
    expect(await charging.position()).to.equal(undefined);

    const second = charging.start(react);
    await charging.reaches(1n);
    expect(await charging.charged()).to.deep.equal(["a 1", "a 2", "a 3"]);
    expect(new Set(keys).size).to.equal(1);
    expect(keys).to.have.length(2);

    // What was under way in the first process comes late, and changes nothing.
    gates.open("second append");
    await second.processor.stop();
    expect(await charging.charged()).to.deep.equal(["a 1", "a 2", "a 3"]);
  });

  it("gives every event and every reactor a key of its own", async () => {
    const keys = new Map<string, string>();
    charging.start((order, amount, { idempotencyKey }) => void keys.set(`${order}${amount}`, idempotencyKey));
    await charging.order(["a", 1], ["a", 2], ["b", 1]);
    await charging.reaches(3n);
    expect(new Set(keys.values()).size).to.equal(3);
    for (const key of keys.values()) expect(key).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-/);
  });

  it("skips imported history unless it opts in", async () => {
    const reactions: string[] = [];
    const react = (order: string) => void reactions.push(order);
    await charging.order(["old", 1, { imported: true }], ["new", 2]);
    const first = charging.start(react);
    await charging.reaches(2n);
    expect(reactions).to.deep.equal(["new"]);
    await first.processor.stop();
    await charging.order(["older", 1, { imported: true }], ["newer", 2]);
    charging.start(react, { includeImported: true });
    await charging.reaches(4n);
    expect(reactions).to.deep.equal(["new", "older", "newer"]);
  });

  it("stops in sight at an event of a newer schema than it knows, and parks nothing", async () => {
    const reactions: string[] = [];
    const watched = charging.start((order) => void reactions.push(order));
    await charging.order(["a", 1], ["b", 2, { schemaVersion: 3 }], ["b", 3]);
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error).to.be.instanceOf(EventTooNew);
    expect(watched.error!.message).to.match(/order-b, revision 0: shop\.Ordered .* schema version 3.* up to 1/);
    expect(reactions).to.deep.equal(["a"]);
    expect(await charging.parked()).to.deep.equal([]);
    expect(await charging.position()).to.equal(1n);
  });

  it("stops within about a second though a gateway hangs, and delivers the event again", async () => {
    const signals: AbortSignal[] = [];
    const hangs = (order: string, _: number, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return order === "a" ? new Promise<void>(() => undefined) : undefined;
    };
    const watched = charging.start(hangs, { clock: systemClock });
    await charging.order(["a", 1], ["b", 2]);
    await until("both are under way", () => signals.length === 2);
    const since = performance.now();
    await watched.processor.stop();
    expect(performance.now() - since).to.be.within(500, 3_000);
    expect(signals[0]!.aborted).to.equal(true);
    expect(await charging.position()).to.equal(undefined);
    const again: string[] = [];
    charging.start((order) => void again.push(order));
    await charging.reaches(2n);
    expect(again).to.deep.equal(["a", "b"]);
  });

  it("does not wait for a gateway that heeds its signal", async () => {
    const watched = charging.start(
      (_, __, { signal }) =>
        new Promise<void>((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("given up")))),
    );
    await charging.order(["a", 1]);
    await until("it is live", () => watched.state === "live");
    // The manual clock stands still, so a wait for the grace would never end.
    await watched.processor.stop();
    expect(await charging.parked()).to.deep.equal([]);
    expect(await charging.position()).to.equal(undefined);
  });

  it("takes no more events than it may have in flight", async () => {
    charging.start((order) => gates.pass(order), { maxInFlight: 2 });
    await charging.order(["a", 1], ["b", 1], ["c", 1], ["d", 1], ["e", 1]);
    await until("two are in flight", () => gates.arrived.length === 2);
    await charging.clock.advance(1_000);
    expect(gates.arrived).to.deep.equal(["a", "b"]);
    // Behind one that is slow the others go on.
    gates.open("b");
    await until("the third is in flight", () => gates.arrived.length === 3);
    gates.open("a");
    await until("two are in flight again", () => gates.arrived.length === 4);
    await charging.clock.advance(1_000);
    expect(gates.arrived).to.deep.equal(["a", "b", "c", "d"]);
    gates.open("c", "d", "e");
    await charging.reaches(5n);
  });

  it("goes on behind a slow reaction, but not without bound", async () => {
    let finished = 0;
    charging.start((order) => (order === "slow" ? gates.pass("slow") : void finished++), { maxInFlight: 2 });
    const others = Array.from({ length: 200 }, (_, i) => [`other${i}`, 1] as const);
    await charging.order(["slow", 1], ...others);
    await until("it has gone on", () => finished > 10);
    await charging.clock.advance(1_000);
    expect(finished).to.be.below(150);
    expect(await charging.position()).to.equal(undefined);
    gates.open("slow");
    await charging.reaches(201n);
    expect(finished).to.equal(200);
  });

  it("comes through any number of ticks in a row that nothing interrupts", async () => {
    const { inner } = charging.store;
    const ticks = Array.from({ length: 100 }, () => ({ id: randomId(), type: tickType, data: {} }));
    await inner.append(clockStreamOf(inner), ticks, { expectedRevision: "no_stream" });
    await charging.order(["a", 1]);
    charging.start((order, amount) => charge(order, amount), { maxInFlight: 2 });
    await until("it has reacted", async () => (await charging.charged()).length === 1);
    await charging.reaches(101n);
  });

  it("can be stopped while it is full, and goes on with what it had not finished", async () => {
    const first = charging.start((order) => gates.pass(order), { maxInFlight: 2 });
    await charging.order(["a", 1], ["b", 1], ["c", 1], ["d", 1]);
    await until("it is full", () => gates.arrived.length === 2);
    gates.open("a");
    await charging.reaches(1n);
    await until("it is full again", () => gates.arrived.length === 3);
    const stopping = first.processor.stop();
    await charging.clock.advance(1_000);
    await stopping;
    gates.open("b", "c", "d");
    charging.start((order) => gates.pass(order), { maxInFlight: 2 });
    await charging.reaches(4n);
    expect(gates.arrived).to.deep.equal(["a", "b", "c", "b", "c", "d"]);
  });
});
