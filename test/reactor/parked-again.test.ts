import { expect } from "chai";
import {
  askAboutParked,
  NobodyAtWork,
  SubscriptionPaused,
  type AskOptions,
  type ParkedAnswer,
  type ParkedRequest,
} from "../../src/index.js";
import { until } from "../until.js";
import { charge, Charging, Gates, refused } from "./charging.js";

const subscription = "reactor:charge";
type Asked = Pick<ParkedRequest, "kind" | "positions" | "reason">;

describe("parked events", () => {
  let charging: Charging;
  /** Streams whose reactions fail. */
  let broken: Set<string>;
  let reactions: string[];
  beforeEach(async () => {
    charging = await Charging.open();
    broken = new Set(["a"]);
    reactions = [];
  });
  afterEach(() => charging.close());

  const react = (order: string, amount: number) => {
    reactions.push(`${order}${amount}`);
    return charge(order, broken.has(order) ? refused : amount);
  };
  const positions = async () => (await charging.parked()).map(({ position, attempts }) => [position, attempts]);
  const asks = (asked: Asked, options: Partial<AskOptions> = {}) =>
    askAboutParked(
      charging.readModels,
      { subscription, by: "ops", ...asked },
      { clock: charging.clock, answeredWithinMs: 60_000, ...options },
    );
  /** Asks, and lets time pass until there is an answer. */
  const ask = async (asked: Asked, options: Partial<AskOptions> = {}): Promise<ParkedAnswer | undefined> => {
    let isOver = false;
    const asking = asks(asked, options).finally(() => (isOver = true));
    asking.catch(() => undefined);
    await until("there is an answer", async () => {
      await charging.clock.advance(200);
      return isOver;
    });
    return asking;
  };
  const released = async () =>
    (await charging.readModels.releasedEvents(subscription)).map(
      ({ position, outcome, by, reason }) => `${position} ${outcome} by ${by}${reason ? `: ${reason}` : ""}`,
    );
  /** a1, a2 and a3 are parked, b1 is not. */
  const parkThree = async () => {
    const watched = charging.start(react);
    await charging.order(["a", 1], ["a", 2], ["b", 1], ["a", 3]);
    await charging.reaches(4n);
    expect(await positions()).to.deep.equal([
      [1n, 1],
      [2n, 0],
      [4n, 0],
    ]);
    return watched;
  };
  const nothing = { delivered: [], dropped: [], failed: [], unknown: [] };

  it("are delivered again in the order of their stream, and that is on record", async () => {
    await parkThree();
    broken.clear();
    expect(await ask({ kind: "retry", positions: [1n] })).to.deep.equal({ ...nothing, delivered: [1n, 2n, 4n] });
    expect(await charging.charged()).to.deep.equal(["b 1", "a 1", "a 2", "a 3"]);
    expect(await positions()).to.deep.equal([]);
    expect(await released()).to.deep.equal(["1 delivered by ops", "2 delivered by ops", "4 delivered by ops"]);
  });

  it("are delivered from the first of the stream on, whichever is named; other streams are left alone", async () => {
    broken.add("b");
    await parkThree().catch(() => undefined);
    broken.clear();
    expect(await ask({ kind: "retry", positions: [4n] })).to.deep.equal({ ...nothing, delivered: [1n, 2n, 4n] });
    expect(await positions()).to.deep.equal([[3n, 1]]);
    expect(await ask({ kind: "retry", positions: "all" })).to.deep.equal({ ...nothing, delivered: [3n] });
    expect(await charging.charged()).to.deep.equal(["a 1", "a 2", "a 3", "b 1"]);
  });

  it("stay parked from the one on that fails again, after one attempt, with what is known of it now", async () => {
    await parkThree();
    reactions = [];
    const answer = await ask({ kind: "retry", positions: "all" });
    expect(answer).to.deep.equal({
      ...nothing,
      failed: [{ position: 1n, error: "CommandRejected: That is too much." }],
    });
    expect(reactions).to.deep.equal(["a1"]);
    expect(await positions()).to.deep.equal([
      [1n, 2],
      [2n, 0],
      [4n, 0],
    ]);
    // The first goes through, the second does not.
    broken.clear();
    let given = 0;
    await charging.running[0]!.processor.stop();
    charging.start((order, amount) => charge(order, given++ === 0 ? amount : refused));
    const second = await ask({ kind: "retry", positions: [1n] });
    expect(second!.delivered).to.deep.equal([1n]);
    expect(second!.failed.map(({ position }) => position)).to.deep.equal([2n]);
    const left = await charging.parked();
    expect(left.map(({ position, attempts }) => [position, attempts])).to.deep.equal([
      [2n, 1],
      [4n, 0],
    ]);
    expect(left[1]!.error).to.equal("waits behind position 2 of the same stream");
  });

  it("are tried once where they had failed, and as often as ever where they had only waited", async () => {
    await parkThree();
    await charging.running[0]!.processor.stop();
    const attempts: number[] = [];
    let works = false;
    charging.start(
      (_, amount) => {
        attempts.push(amount);
        if (amount !== 1 || !works) throw new Error("no connection");
      },
      { maxAttempts: 3 },
    );
    const first = await ask({ kind: "retry", positions: "all" });
    expect(first!.failed).to.deep.equal([{ position: 1n, error: "Error: no connection" }]);
    expect(attempts).to.deep.equal([1]);
    works = true;
    const second = await ask({ kind: "retry", positions: "all" });
    expect([second!.delivered, second!.failed.length]).to.deep.equal([[1n], 1]);
    expect(attempts).to.deep.equal([1, 1, 2, 2, 2]);
    expect(await positions()).to.deep.equal([
      [2n, 3],
      [4n, 0],
    ]);
  });

  it("let events of their stream that come meanwhile wait until they are delivered", async () => {
    const gates = new Gates();
    await parkThree();
    await charging.running[0]!.processor.stop();
    broken.clear();
    charging.start(async (order, amount) => {
      if (amount === 2) await gates.pass("a2");
      return react(order, amount);
    });
    const asking = ask({ kind: "retry", positions: "all" });
    await until("the second is under way", () => gates.arrived.length === 1);
    await charging.order(["a", 4], ["b", 4]);
    await until("the other stream goes on", async () => (await charging.charged()).includes("b 4"));
    expect((await charging.charged()).filter((each) => each.startsWith("a"))).to.deep.equal(["a 1"]);
    gates.open("a2");
    await asking;
    await until("all are charged", async () => (await charging.charged()).includes("a 4"));
    expect((await charging.charged()).filter((each) => each.startsWith("a"))).to.deep.equal([
      "a 1",
      "a 2",
      "a 3",
      "a 4",
    ]);
    expect(await positions()).to.deep.equal([]);
  });

  it("are dropped on record, and what waited behind them is delivered", async () => {
    await parkThree();
    broken.clear();
    const asked = { kind: "drop", positions: [1n], reason: "paid by hand" } as const;
    expect(await ask(asked)).to.deep.equal({ ...nothing, dropped: [1n], delivered: [2n, 4n] });
    expect(await charging.charged()).to.deep.equal(["b 1", "a 2", "a 3"]);
    expect((await released())[0]).to.equal("1 dropped by ops: paid by hand");
    const [dropped] = await charging.readModels.releasedEvents(subscription);
    expect(dropped).to.include({ eventType: "shop.Ordered", error: "CommandRejected: That is too much.", attempts: 1 });
  });

  it("are dropped from behind another without a delivery", async () => {
    await parkThree();
    reactions = [];
    expect(await ask({ kind: "drop", positions: [2n], reason: "r" })).to.deep.equal({ ...nothing, dropped: [2n] });
    expect(await positions()).to.deep.equal([
      [1n, 1],
      [4n, 0],
    ]);
    expect(reactions).to.deep.equal([]);
  });

  it("are told to be unknown when they are not parked", async () => {
    await parkThree();
    expect(await ask({ kind: "retry", positions: [3n, 99n] })).to.deep.equal({ ...nothing, unknown: [3n, 99n] });
  });

  it("stay dropped and delivered although the checkpoint is still before them when the process dies", async () => {
    const gates = new Gates();
    const slowly = async (order: string, amount: number) => {
      if (order === "slow") await gates.pass("slow");
      return react(order, amount);
    };
    const first = charging.start(slowly);
    await charging.order(["slow", 1], ["a", 1], ["c", 1], ["a", 2]);
    await until("two are parked", async () => (await charging.parked()).length === 2);
    broken.clear();
    const asked = { kind: "drop", positions: [2n], reason: "r" } as const;
    expect(await ask(asked)).to.deep.equal({ ...nothing, dropped: [2n], delivered: [4n] });
    expect(await charging.position()).to.equal(undefined);
    const stopping = first.processor.stop();
    await charging.clock.advance(1_000);
    await stopping;
    gates.open("slow");
    reactions = [];
    charging.start(slowly);
    await charging.reaches(4n);
    const others = reactions.filter((each) => each !== "slow1");
    expect(others, "c1 is delivered again, as ever").to.deep.equal(["c1"]);
  });

  it("go on by themselves when whoever was at them died after the first had left", async () => {
    await parkThree();
    await charging.running[0]!.processor.stop();
    // What a crash leaves behind: the first is dropped, and nobody has delivered the others.
    const lease = (await charging.readModels.acquire(subscription, "died", 1))!;
    const [first] = await charging.parked();
    const words = { outcome: "dropped", by: "ops", reason: "r", releasedAtMs: 1 } as const;
    await charging.readModels.releaseParked(lease, [{ ...first!, ...words }]);
    await charging.clock.advance(1);
    broken.clear();
    charging.start(react);
    await until("they are charged", async () => (await charging.charged()).length === 3);
    expect(await charging.charged()).to.deep.equal(["b 1", "a 2", "a 3"]);
    await until("none is parked", async () => (await positions()).length === 0);
  });

  it("are asked for again by the next holder when whoever had begun died before the answer", async () => {
    const gates = new Gates();
    await parkThree();
    await charging.running[0]!.processor.stop();
    broken.clear();
    const hangs = charging.start(async (order, amount) => {
      if (amount === 2) await gates.pass("a2");
      return react(order, amount);
    });
    const asking = ask({ kind: "retry", positions: [1n, 2n] });
    await until("the second is under way", () => gates.arrived.length === 1);
    await hangs.processor.stop();
    charging.start(react);
    expect(await asking).to.deep.equal({ ...nothing, delivered: [1n, 2n] });
    expect((await charging.charged()).filter((each) => each.startsWith("a"))).to.deep.equal(["a 1", "a 2", "a 3"]);
    gates.open("a2");
  });

  it("at the bound stop the reactor, which still does what is asked, and goes on once there are fewer", async () => {
    broken = new Set(["a", "b"]);
    const watched = charging.start(react, { maxParked: 2 });
    await charging.order(["a", 1], ["b", 1], ["c", 1]);
    await until("it has stopped", () => watched.state === "stopped");
    expect(watched.error!.message).to.match(/2 events are parked.*npm run parked -- retry reactor:charge --all\./);
    broken.delete("a");
    expect(await ask({ kind: "retry", positions: "all" })).to.deep.include({ delivered: [1n] });
    await until("it is live", () => watched.state === "live");
    await charging.order(["d", 1]);
    await until("it goes on", async () => (await charging.charged()).includes("d 1"));
    expect(watched.error).to.equal(undefined);
    expect(await positions()).to.deep.equal([[2n, 2]]);
  });

  it("at the bound keep a reactor from events that starts anew, until there are fewer", async () => {
    broken = new Set(["a", "b"]);
    const first = charging.start(react, { maxParked: 2 });
    await charging.order(["a", 1], ["b", 1]);
    await until("it has stopped", () => first.state === "stopped");
    await first.processor.stop();
    await charging.order(["c", 1]);
    const second = charging.start(react, { maxParked: 2 });
    await until("it has stopped too", () => second.state === "stopped");
    expect(await charging.charged()).to.deep.equal([]);
    await ask({ kind: "drop", positions: [1n], reason: "r" });
    await until("it goes on", async () => (await charging.charged()).includes("c 1"));
  });

  it("whose stream is gone can only be dropped, and says so", async () => {
    await parkThree();
    const [first] = await charging.parked();
    const lease = (await charging.readModels.acquire(subscription, "process-0", 5_000))!;
    await charging.readModels.releaseParked(lease, [], [{ ...first!, eventId: "another" }]);
    await charging.running[0]!.processor.stop();
    charging.start(react);
    const answer = await ask({ kind: "retry", positions: [1n] });
    expect(answer!.failed[0]!.error).to.equal("order-a no longer holds the event at revision 0. Drop it.");
  });

  it("are not waited for where nobody works, or somebody has paused it: nothing is left to be done later", async () => {
    const watched = await parkThree();
    await charging.readModels.pause(subscription, { reason: "the provider moves", by: "me" });
    const paused = await asks({ kind: "retry", positions: "all" }).catch((error: unknown) => error);
    expect(paused).to.be.instanceOf(SubscriptionPaused);
    expect((paused as Error).message).to.match(/me has paused it: the provider moves\. .* resume reactor:charge$/);
    await charging.readModels.resume(subscription);
    await watched.processor.stop();
    const nobody = await ask({ kind: "retry", positions: "all" }).catch((error: unknown) => error);
    expect(nobody).to.be.instanceOf(NobodyAtWork);
    expect((nobody as Error).message).to.match(/found nobody who holds its lease for 10\d{3} ms\. Start a process/);
    await charging.readModels.acquire(subscription, "somebody else", 60_000);
    const silent = await ask({ kind: "retry", positions: "all" }).catch((error: unknown) => error);
    expect((silent as Error).message).to.match(/found that somebody else holds its lease and did not answer/);
    expect(await charging.readModels.parkedRequests(subscription)).to.deep.equal([]);
  });

  it("take as long as they take: who asked is told that it goes on", async () => {
    const gates = new Gates();
    await parkThree();
    await charging.running[0]!.processor.stop();
    broken.clear();
    charging.start(async (order, amount) => {
      if (amount === 2) await gates.pass("a2");
      return react(order, amount);
    });
    expect(await ask({ kind: "retry", positions: "all" }, { answeredWithinMs: 12_000 })).to.equal(undefined);
    gates.open("a2");
    await until("all are charged", async () => (await charging.charged()).length === 4);
  });
});
