import { expect } from "chai";
import { AccessDenied, StoreUnavailable, TooManyParked, UnknownCommand } from "../../src/index.js";
import { until } from "../until.js";
import { charge, Charging, Forgive, Gates, refused } from "./charging.js";

describe("a reaction that fails", () => {
  let charging: Charging;
  beforeEach(async () => {
    charging = await Charging.open();
  });
  afterEach(() => charging.close());

  /** Lets all backoff pass. */
  const passTime = () => charging.clock.advance(60_000);

  it("is tried again after growing delays, and succeeds when the cause is gone", async () => {
    const attempts: number[] = [];
    charging.start((order, amount) => {
      attempts.push(charging.clock.now());
      if (attempts.length < 4) throw new Error("no connection");
      return charge(order, amount);
    });
    await charging.order(["a", 5]);
    await until("it was tried", () => attempts.length === 1);
    await passTime();
    await charging.reaches(1n);
    expect(await charging.charged()).to.deep.equal(["a 5"]);
    expect(await charging.parked()).to.deep.equal([]);
    const delays = attempts.slice(1).map((atMs, i) => atMs - attempts[i]!);
    expect(delays).to.have.length(3);
    for (const [i, delay] of delays.entries()) expect(delay).to.be.within(50 * 2 ** i, 100 * 2 ** i);
  });

  it("is parked after its last attempt, with the later events of its stream behind it; other streams go on", async () => {
    const reactions: string[] = [];
    charging.start(
      (order, amount) => {
        reactions.push(`${order}${amount}`);
        if (order === "a") throw new RangeError("the provider is gone");
        return charge(order, amount);
      },
      { maxAttempts: 3 },
    );
    await charging.order(["a", 1], ["b", 1], ["a", 2], ["b", 2]);
    await until("b is charged", async () => (await charging.charged()).length === 2);
    await passTime();
    await charging.reaches(4n);
    expect(reactions.filter((each) => each.startsWith("a"))).to.deep.equal(["a1", "a1", "a1"]);
    expect(await charging.charged()).to.deep.equal(["b 1", "b 2"]);
    const [first, second, ...rest] = await charging.parked();
    expect(rest).to.deep.equal([]);
    expect(first).to.include({
      subscription: "reactor:charge",
      position: 1n,
      streamName: "order-a",
      revision: 0n,
      eventType: "shop.Ordered",
      attempts: 3,
      error: "RangeError: the provider is gone",
    });
    expect(first!.parkedAtMs).to.be.within(charging.clock.now() - 60_000, charging.clock.now());
    expect(second).to.include({ position: 3n, attempts: 0, error: "waits behind position 1 of the same stream" });
  });

  it("is not parked when the store refuses this user: the reactor stops, and goes on from there once it may", async () => {
    charging.store.beforeAppend = () => Promise.reject(new AccessDenied("billing", ["append to account-a"]));
    const refusedOne = charging.start(charge);
    await charging.order(["a", 5], ["a", 6]);
    await until("it has stopped", () => refusedOne.state === "stopped");
    expect(refusedOne.error).to.be.instanceOf(AccessDenied);
    expect(await charging.parked()).to.deep.equal([]);
    charging.store.beforeAppend = () => Promise.resolve();
    refusedOne.processor.start();
    await charging.reaches(2n);
    expect(await charging.charged()).to.deep.equal(["a 5", "a 6"]);
  });

  it("is told of when it is on record, and so is what waits behind it; what the one told throws stops nothing", async () => {
    const told: string[] = [];
    const errors: unknown[] = [];
    let onRecord = Promise.resolve(true);
    charging.start((order) => charge(order, order === "a" ? refused : 1), {
      onParked: ({ position, attempts, error }) => {
        told.push(`${position} ${attempts} ${error}`);
        const isThere = async () => (await charging.parked()).some((each) => each.position === position);
        onRecord = Promise.all([onRecord, isThere()]).then((all) => !all.includes(false));
        throw new Error("nobody is on duty");
      },
      onError: (error) => errors.push(error),
    });
    await charging.order(["a", 1], ["a", 2], ["b", 1]);
    await charging.reaches(3n);
    await until("both are told of", () => told.length === 2);
    expect(told).to.deep.equal([
      "1 1 CommandRejected: That is too much.",
      "2 0 waits behind position 1 of the same stream",
    ]);
    expect(await onRecord).to.equal(true);
    expect(errors.map(String)).to.deep.equal(["Error: nobody is on duty", "Error: nobody is on duty"]);
    expect(await charging.charged()).to.deep.equal(["b 1"]);
  });

  it("is parked at once when no further attempt can help", async () => {
    const reactions: string[] = [];
    let given = 0;
    charging.start((order) => {
      reactions.push(order);
      if (order === "rejected") return charge(order, refused);
      if (order === "invalid") return charge(order, -1);
      if (order === "unknown") return Forgive.of({ aggregateId: order });
      // The first command's id stays the same, its payload does not: what the retry finds.
      if (given++ === 0) return [charge(order, 1), charge(order, refused + 1), brokenOnce()];
      return [charge(order, 2)];
    });
    // A command that fails in a way that may pass, after one that went through.
    const brokenOnce = () => {
      charging.store.beforeAppend = async () => {
        charging.store.beforeAppend = async () => {
          charging.store.beforeAppend = async () => undefined;
          throw new Error("the connection broke");
        };
      };
      return charge("reused", 3);
    };
    await charging.order(["rejected", 1], ["invalid", 1], ["unknown", 1]);
    await charging.reaches(3n);
    await charging.order(["reused", 1]);
    await until("it was tried", () => reactions.length === 4);
    await passTime();
    await until("it is parked", async () => (await charging.parked()).length === 4);
    const errors = (await charging.parked()).map(({ error, attempts }) => `${attempts} ${error}`);
    expect(errors[0]).to.equal("1 CommandRejected: That is too much.");
    expect(errors[1]).to.match(/^1 InvalidCommand: bank\.Charge is invalid:\n {2}1\. \/amount: /);
    expect(errors[2]).to.equal(`1 UnknownCommand: ${new UnknownCommand("bank.Forgive", ["bank.Charge"]).message}`);
    expect(errors[3]).to.match(/^2 CommandIdReused: charge-reused: command id /);
    expect(reactions).to.deep.equal(["rejected", "invalid", "unknown", "reused", "reused"]);
  });

  it("stays parked over a restart, is not run again, and keeps its stream waiting", async () => {
    const gates = new Gates();
    const reactions: string[] = [];
    const react = async (order: string, amount: number) => {
      reactions.push(`${order}${amount}`);
      if (order === "a") return charge(order, refused);
      if (order === "slow") await gates.pass("slow");
      return undefined;
    };
    const first = charging.start(react);
    // The slow one keeps the checkpoint before what is parked.
    await charging.order(["slow", 1], ["a", 1], ["a", 2]);
    await until("both are parked", async () => (await charging.parked()).length === 2);
    expect(await charging.position()).to.equal(undefined);
    const stopping = first.processor.stop();
    await charging.clock.advance(1_000);
    await stopping;
    const before = await charging.parked();

    gates.open("slow");
    charging.start(react);
    await charging.order(["a", 3], ["b", 1]);
    // Events 4 and 5 were appended after no charge at all.
    await charging.reaches(5n);
    expect(reactions).to.deep.equal(["slow1", "a1", "slow1", "b1"]);
    const after = await charging.parked();
    expect(after.slice(0, 2)).to.deep.equal(before);
    expect(after.map(({ position, attempts }) => [position, attempts])).to.deep.equal([
      [2n, 1],
      [3n, 0],
      [4n, 0],
    ]);
    expect(after[2]!.error).to.equal("waits behind position 2 of the same stream");
  });

  it("stops the reactor, in sight, when too many are parked", async () => {
    const watched = charging.start((order) => charge(order, refused), { maxParked: 3 });
    await charging.order(["a", 1], ["b", 1]);
    await charging.reaches(2n);
    expect(watched.state).to.equal("live");
    await charging.order(["c", 1], ["d", 1]);
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error).to.be.instanceOf(TooManyParked);
    expect(watched.error).to.include({ subscription: "reactor:charge", parked: 3 });
    // The third is on record, or it would be tried again and again.
    expect((await charging.parked()).map(({ position }) => position)).to.include.members([1n, 2n, 3n]);
    expect(watched.error!.message).to.match(/3 events are parked, which is the bound/);
  });

  it("is never parked because the store does not answer, however long", async () => {
    const watched = charging.start((order, amount) => charge(order, amount), { maxAttempts: 2 });
    await until("it is live", () => watched.state === "live");
    await charging.order(["a", 1]);
    await charging.reaches(1n);
    charging.store.goDown();
    await charging.order(["b", 2]);
    for (let i = 0; i < 20; i++) await passTime();
    expect(await charging.parked()).to.deep.equal([]);
    charging.store.comeBack();
    await passTime();
    await until("it is charged", async () => (await charging.charged()).length === 2);
    expect(await charging.charged()).to.deep.equal(["a 1", "b 2"]);
    expect(watched.states.includes("stopped")).to.equal(false);
  });

  it("is tried on while appends alone find no store, without counting attempts", async () => {
    let appends = 0;
    charging.store.beforeAppend = async () => {
      if (++appends <= 7) throw new StoreUnavailable("the log does not answer");
    };
    const watched = charging.start((order, amount) => charge(order, amount), { maxAttempts: 2 });
    await charging.order(["a", 1]);
    await until("it was tried", () => appends > 0);
    await passTime();
    await charging.reaches(1n);
    expect(appends).to.equal(8);
    expect(await charging.parked()).to.deep.equal([]);
    expect(await charging.charged()).to.deep.equal(["a 1"]);
    expect(watched.state).to.equal("live");
  });
});
