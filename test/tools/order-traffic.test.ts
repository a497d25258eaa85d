import { expect } from "chai";
import { StoreUnavailable, type AnyCommand, type CommandResult, type DispatchOptions } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { driveOrders } from "../../tools/demo/order-traffic.js";
import { Outage } from "../../tools/demo/outage.js";
import { until } from "../until.js";
import { warningsOf } from "../warnings.js";

const answer: CommandResult = {
  commandId: "",
  correlationId: "",
  streamName: "",
  revision: 0n,
  position: 1n,
  eventTypes: [],
  duplicate: false,
};

/** Takes every command; cancellations as a test says. */
class Shop {
  placed = 0;
  cancelled = 0;
  constructor(private readonly cancel: () => Promise<void> = async () => undefined) {}

  async dispatch({ type }: AnyCommand): Promise<CommandResult> {
    if (type === "ordering.PlaceOrder") this.placed++;
    else {
      await this.cancel();
      this.cancelled++;
    }
    return answer;
  }
}

describe("demo traffic", () => {
  it("places as many orders as it is told, cancels some, and waits for those", async () => {
    const [clock, shop] = [new ManualClock(), new Shop()];
    const driving = driveOrders(shop, { signal: new AbortController().signal, rate: 10, orders: 300, clock });
    await clock.advance(29_000);
    expect(shop.placed).to.be.within(289, 292);
    await clock.advance(12_000);
    await driving;
    expect(shop.placed).to.equal(300);
    // A tenth; fewer than 5 or more than 90 of 300 come once in a million runs, if at all.
    expect(shop.cancelled).to.be.within(5, 90);
  });

  it("stops at once when it is told to, however many cancellations wait, and without a warning", async () => {
    const abort = new AbortController();
    const shop = new Shop();
    const warnings = await warningsOf(async () => {
      const driving = driveOrders(shop, { signal: abort.signal, rate: 1e6, orders: 600 });
      await until("all are placed", () => shop.placed === 600);
      abort.abort();
      await driving;
    });
    expect(warnings).to.deep.equal([]);
  });

  it("sends a command again, with its id, when the store did not answer; says so once, and goes on", async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const told: string[] = [];
    const onOutage = (error?: Error) => told.push(error?.message ?? "back");
    const outage = new Outage({ signal: abort.signal, clock, onOutage });
    const ids: (string | undefined)[] = [];
    let isAway = true;
    const dispatch = async ({ type }: AnyCommand, options?: DispatchOptions) => {
      if (type === "ordering.PlaceOrder") ids.push(options?.commandId);
      if (isAway) throw new StoreUnavailable("the log does not answer");
      return answer;
    };
    const driving = driveOrders({ dispatch }, { signal: abort.signal, rate: 1, orders: 3, clock, outage });
    await clock.advance(20_000);
    expect(ids.length).to.be.above(2);
    expect(new Set(ids), "one command, one id").to.have.property("size", 1);
    expect(ids[0]).to.be.a("string");
    isAway = false;
    await clock.advance(20_000);
    await driving;
    expect(new Set(ids)).to.have.property("size", 3);
    expect(told).to.deep.equal(["the log does not answer", "back"]);
  });

  it("stops at once when it is told to while a command is under way", async () => {
    const abort = new AbortController();
    const never = () => new Promise<CommandResult>(() => {});
    const driving = driveOrders({ dispatch: never }, { signal: abort.signal, rate: 1 });
    abort.abort();
    await driving;
  });

  it("fails with what a cancellation failed with, at its next order, and leaves no rejection unhandled", async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown) => unhandled.push(reason);
    // mocha's own would fail the test, which is right, but not say why.
    process.on("unhandledRejection", onUnhandled);
    const clock = new ManualClock();
    const shop = new Shop(() => Promise.reject(new Error("the log does not answer")));
    const driving = driveOrders(shop, { signal: new AbortController().signal, rate: 10, clock }).then(
      () => undefined,
      (error: unknown) => error,
    );
    await clock.advance(60_000);
    expect(await driving).to.have.property("message", "the log does not answer");
    process.off("unhandledRejection", onUnhandled);
    expect(unhandled).to.deep.equal([]);
    expect(shop.placed).to.be.below(600);
  });
});
