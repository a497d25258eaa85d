/** Notifications deliver flags: at least once, in order within a case, with attempts that are bounded, and parked in sight. */

import { expect } from "chai";
import { clockStreamOf, DeliveryFailed, DeliveryRefused, TooManyParked, type RaisedFlag } from "../../src/index.js";
import { Gates } from "../reactor/charging.js";
import { until } from "../until.js";
import { Flagging, telling } from "./flagging.js";

describe("a notification", () => {
  let to: Flagging;
  beforeEach(async () => {
    to = await Flagging.open();
  });
  afterEach(() => to.close());

  it("tells each flag with what it says, fields of a later version included", async () => {
    const told: RaisedFlag[] = [];
    const later = { round: 2, pair: "p", severity: "page", owner: "billing", whoKnows: { what: 1 }, id: "fake" };
    const id = await to.raise("order-7", later);
    const ofObserver = await to.raise(undefined, { count: 3, eventId: "e" }, "Uncorrelated");
    to.start(telling((flag) => told.push(flag)));
    await to.finishes();
    const decidedAt = "2026-01-01T00:00:00.000Z";
    expect(told[0]).to.deep.include({
      ...later,
      id,
      type: "observer.Missing",
      kind: "Missing",
      case: "order-7",
      decidedAt,
    });
    expect(told[0]).to.include({ correlationId: "order-7", slot: "paid", sequence: 0, observer: "payments" });
    expect(Date.parse(told[0]!.recordedAt)).to.be.greaterThan(0);
    expect(told[1]).to.include({ id: ofObserver, kind: "Uncorrelated", count: 3 });
    expect(told[1]).to.not.have.any.keys("case", "slot", "correlationId");
  });

  it("tells the flags of a case one after the other, and several cases at a time", async () => {
    const gates = new Gates();
    for (const each of ["a", "a", "b", "a", "b"]) await to.raise(each);
    to.start(telling(({ case: name, sequence }) => gates.pass(`${name}${sequence}`)));
    await until("both cases are at work", () => gates.arrived.length === 2);
    gates.open("b0");
    await until("the second of b", () => gates.arrived.includes("b1"));
    expect(gates.arrived).to.deep.equal(["a0", "b0", "b1"]);
    gates.open("a0", "a1", "a2", "b1");
    await to.finishes();
    expect(gates.arrived.filter((each) => each.startsWith("a"))).to.deep.equal(["a0", "a1", "a2"]);
  });

  it("reads flags alone, and moves on over ticks", async () => {
    const told: string[] = [];
    const flags = `${to.store.streamPrefix}flags`;
    to.start(telling(({ id }) => told.push(id)));
    await to.append("order-1", "order", "observer.Missing", { observer: "payments" });
    await to.append(`${flags}hip-1`, "flagship", "observer.Missing", { observer: "payments" });
    await to.append(`${flags}-payments-1-a`, "remark", "somebody.Remarked", { observer: "payments" });
    const id = await to.raise("a");
    await to.append(clockStreamOf(to.store), "tick", "observer.ClockTick", {});
    await to.finishes();
    expect(told).to.deep.equal([id]);
  });

  it("says which attempt it is, waits longer before each, and goes on when the cause is gone", async () => {
    const attempts: number[] = [];
    const atMs: number[] = [];
    await to.raise("a");
    to.start(
      telling((_, { attempt }) => {
        attempts.push(attempt);
        atMs.push(to.clock.now());
        if (attempt < 5) throw new Error("not now");
      }),
    );
    await until("it was tried", () => attempts.length === 1);
    await to.passTime();
    await to.finishes();
    expect(attempts).to.deep.equal([1, 2, 3, 4, 5]);
    for (const [i, delay] of atMs
      .slice(1)
      .map((each, i) => each - atMs[i]!)
      .entries())
      expect(delay).to.be.within(500 * 3 ** i, 1_000 * 3 ** i);
    expect(await to.parked()).to.deep.equal([]);
  });

  it("waits as long as it is asked to, up to a bound", async () => {
    const atMs: number[] = [];
    const asked = [20_000, 24 * 60 * 60_000];
    await to.raise("a");
    to.start(
      telling(() => {
        atMs.push(to.clock.now());
        if (asked.length > 0) throw new DeliveryFailed("busy", asked.shift());
      }),
    );
    await until("it was tried", () => atMs.length === 1);
    await to.passTime();
    await to.finishes();
    expect(atMs.slice(1).map((each, i) => each - atMs[i]!)).to.deep.equal([20_000, 300_000]);
  });

  it("parks what fails for good, with the later flags of its case behind it, while other cases go on", async () => {
    const told: string[] = [];
    for (const each of ["a", "b", "a", "b"]) await to.raise(each);
    await to.raise("a", { backfill: true });
    to.start(
      telling(({ case: name, sequence }) => {
        told.push(`${name}${sequence}`);
        if (name === "a") throw new RangeError("nobody is there");
      }),
    );
    await until("b is told", () => told.includes("b1"));
    await to.passTime();
    await to.finishes();
    expect(told.filter((each) => each.startsWith("a"))).to.deep.equal(Array.from({ length: 8 }, () => "a0"));
    const [first, second, ...rest] = await to.parked();
    expect(first).to.include({ subscription: "notification:ops", eventType: "observer.Missing", attempts: 8 });
    expect(first!.error).to.equal("RangeError: nobody is there");
    expect(second).to.include({ attempts: 0, error: `waits behind position ${first!.position} of the same stream` });
    expect(rest, "what it does not tell waits for nobody").to.deep.equal([]);
  });

  it("parks at once what is refused, and what is no flag at all", async () => {
    await to.raise("a");
    await to.append(`${to.store.streamPrefix}flags-payments-1-b`, "odd", "observer.Missing", "just a text");
    to.start(
      telling(() => {
        throw new DeliveryRefused("not here");
      }),
    );
    await to.finishes();
    const [refused, odd] = await to.parked();
    expect(refused).to.include({ attempts: 1, error: "DeliveryRefused: not here" });
    expect(odd!.error).to.match(/^UndecodableEvent: .* is no flag: its data names no observer\./);
  });

  it("tells only what its filter lets through, and parks what the filter cannot judge", async () => {
    const told: string[] = [];
    const filter = ({ kind, severity }: RaisedFlag) => {
      if (kind === "Mismatch") throw new TypeError("no such severity");
      return severity === "page";
    };
    await to.raise("a");
    const id = await to.raise("a", { severity: "page" });
    await to.raise("b", {}, "Mismatch");
    to.start(telling((flag) => told.push(flag.id), { filter }));
    await to.finishes();
    expect(told).to.deep.equal([id]);
    expect((await to.parked()).map(({ error }) => error)).to.deep.equal(["TypeError: no such severity"]);
  });

  it("stops, in sight, at a bound of parked flags", async () => {
    const watched = to.start(
      telling(() => {
        throw new DeliveryRefused("not here");
      }),
      { maxParked: 2 },
    );
    for (const each of ["a", "b", "c"]) await to.raise(each);
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error).to.be.instanceOf(TooManyParked);
    expect(watched.error!.message).to.equal(
      "notification:ops: 2 events are parked, which is the bound. Mend the cause, then deliver them again: npm run parked -- retry notification:ops --all. It goes on by itself once there are fewer.",
    );
  });

  it("does not count a store that is away as an attempt", async () => {
    const told: string[] = [];
    const watched = to.start(telling(({ id }) => told.push(id)));
    await until("it is live", () => watched.state === "live");
    to.store.goDown();
    const id = await to.raise("a");
    for (let i = 0; i < 20; i++) await to.clock.advance(10_000);
    to.store.comeBack();
    await to.clock.advance(60_000);
    await to.finishes();
    expect(told).to.deep.equal([id]);
    expect(await to.parked()).to.deep.equal([]);
  });
});
