/** Read models that are rebuilt by another instance, or another process, while the application is live. */

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderPlaced, ordering } from "../../domains/ordering/index.js";
import type { OrderSummary } from "../../projections/order-summary.js";
import {
  application,
  byCorrelationId,
  Projection,
  Projects,
  RebuildInProgress,
  type RebuildResult,
} from "../../src/index.js";
import { until } from "../until.js";
import { entriesOf, expectFlagsOfOracle, expectRebuildChangesNothing, expectSoundLog, rowsOf } from "./evidence.js";
import { LiveApplication, observerWorker, projectionWorker, slowFirstCommit, walk } from "./live-application.js";
import { orderSummaries } from "./order-summaries.js";
import { quickCashTerms } from "./quick-application.js";
import { settled } from "./settling.js";

interface CountedOrder {
  readonly madeBy: 2;
  readonly events: number;
}

@Projection<CountedOrder>({ name: "order-summary", version: 2, key: byCorrelationId })
class NextOrderSummary {
  @Projects(OrderPlaced)
  placed(_: OrderPlaced, row?: CountedOrder): CountedOrder {
    return { madeBy: 2, events: (row?.events ?? 0) + 1 };
  }

  @Projects(PaymentTaken)
  paid(_: PaymentTaken, row?: CountedOrder): CountedOrder {
    return { madeBy: 2, events: (row?.events ?? 0) + 1 };
  }
}

describe("A rebuild beside the live application", function () {
  this.timeout(60_000);
  let live: LiveApplication;
  beforeEach(async () => {
    live = new LiveApplication();
    await live.begin();
  });
  afterEach(() => live.end());

  it("leaves queries a complete read model at every moment, and the worker goes on with the new one", async () => {
    const [rebuilder, reader] = [await live.beside(), await live.beside()];
    slowFirstCommit(rebuilder, 400);
    const [from, before] = [live.changes.length, await live.generation()];
    live.startOrders();
    const walks = { before: 0, after: 0 };
    let seen = new Map<string, object>();
    const read = async () => {
      const { rows } = await walk(reader, "order-summary@1");
      for (const [key, row] of seen) {
        const { payments } = row as OrderSummary;
        // Neither a row nor a payment that was served once is missing later.
        expect((rows.get(key) as OrderSummary | undefined)?.payments, key).to.be.at.least(payments);
      }
      seen = rows;
      walks[(await live.generation()) === before ? "before" : "after"]++;
      await sleep(1);
    };
    await read();
    const rebuilt = settling(rebuilder.rebuild("order-summary"));
    while (!rebuilt.done || walks.after < 10) await read();
    expect((await rebuilt.promise).activated).to.equal(true);
    expect(walks.before).to.be.at.least(10);
    await live.servesNewOrders();
    expect(live.statesSince(from, projectionWorker)).to.deep.equal(["catching-up", "live"]);
    await live.stopOrders();
    await settled(live.worker);
    const log = await entriesOf(live.worker.store);
    expect(await rowsOf(reader.readModels, "order-summary")).to.deep.equal(orderSummaries(log));
    await expectRebuildChangesNothing(rebuilder, "order-summary");
  });

  it("of a new version serves beside the old one, whose worker goes on undisturbed", async () => {
    const next = await live.beside(application({ domains: [ordering], projections: [NextOrderSummary] }));
    const reader = await live.beside();
    slowFirstCommit(next, 400);
    const from = live.changes.length;
    live.startOrders();
    const rebuilt = settling(next.rebuild("order-summary"));
    const madeBy = (row: object) => (row as Partial<CountedOrder>).madeBy ?? 1;
    const versionsIn = async (place: string) =>
      new Set((await walk(reader, place)).pages.flat().map((row) => madeBy(row)));
    while (!rebuilt.done) {
      expect([...(await versionsIn("order-summary@1"))]).to.deep.equal([1]);
      await sleep(1);
    }
    await rebuilt.promise;
    await next.start();
    await live.servesNewOrders();
    expect([...(await versionsIn("order-summary@1"))]).to.deep.equal([1]);
    expect([...(await versionsIn("order-summary@2"))]).to.deep.equal([2]);
    expect(live.statesSince(from, projectionWorker)).to.deep.equal([]);
    await live.stopOrders();
    const counted = async () => (await walk(reader, "order-summary@2")).rows.size;
    const { size } = (await walk(reader, "order-summary@1")).rows;
    await until("the new version follows too", async () => (await counted()) === size);
  });

  it("that is stopped by its signal leaves everything as it was", async () => {
    const rebuilder = await live.beside();
    const controller = new AbortController();
    slowFirstCommit(rebuilder, 50, () => controller.abort());
    const [from, before] = [live.changes.length, await live.generation()];
    // Nothing happens meanwhile: it has caught up with the worker when it is stopped.
    expect(await rebuilder.rebuild("order-summary", { signal: controller.signal })).to.include({ activated: false });
    live.startOrders();
    await live.servesNewOrders();
    expect(await live.generation()).to.equal(before);
    expect(live.statesSince(from, projectionWorker)).to.deep.equal([]);
    // Nor is the next one in its way.
    expect(await rebuilder.rebuild("order-summary")).to.include({ activated: true });
  });

  it("that is killed leaves everything as it was, and is in nobody's way once its lease has expired", async () => {
    live.startOrders();
    const [from, before] = [live.changes.length, await live.generation()];
    for (const [call, when] of [
      ["creation of a generation", "after"],
      ["commit of a rebuild", "after"],
      ["activation", "before"],
    ] as const) {
      const task = { task: "rebuild", rebuilds: ["order-summary"] } as const;
      await live.crash.killedAt({ call, when, nth: 1 }, task);
      await live.servesNewOrders();
      expect(await live.generation()).to.equal(before);
    }
    expect(live.statesSince(from, projectionWorker)).to.deep.equal([]);
    const rebuilder = await live.beside();
    let result: RebuildResult | undefined;
    await until("another rebuild may begin", async () => {
      result = await rebuilder.rebuild("order-summary").catch((error: unknown) => {
        if (!(error instanceof RebuildInProgress)) throw error;
        return undefined;
      });
      return result !== undefined;
    });
    expect(result).to.include({ activated: true });
    await live.servesNewOrders();
  });

  for (const [who, instances] of [
    ["two instances", 2],
    ["one instance", 1],
  ] as const)
    it(`is begun once when ${who} ask for it at the same time`, async () => {
      const askers = [await live.beside(), await live.beside()];
      slowFirstCommit(askers[0]!, 50);
      const asked = [askers[0]!, askers[instances - 1]!].map((asker) => asker.rebuild("order-summary"));
      const outcomes = await Promise.allSettled(asked);
      const rejected = outcomes.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
      expect(rejected.map(({ reason }) => reason as unknown)).to.have.length(1);
      expect(rejected[0]!.reason).to.be.instanceOf(RebuildInProgress);
      const [done] = outcomes.filter(({ status }) => status === "fulfilled") as PromiseFulfilledResult<RebuildResult>[];
      expect(done!.value.activated).to.equal(true);
    });

  it("of the observer doubles no flag, while both raise them", async () => {
    const rebuilder = await live.beside();
    slowFirstCommit(rebuilder, 50);
    const [from, before] = [live.changes.length, await live.generation("quick-cash")];
    live.startOrders();
    for (let times = 1; times <= 3; times++) {
      expect(await rebuilder.rebuild("quick-cash")).to.include({ activated: true });
      await live.servesNewOrders();
    }
    await live.stopOrders();
    await settled(live.worker);
    expect(await live.generation("quick-cash")).to.be.greaterThan(before);
    expect(live.statesSince(from, observerWorker)).not.to.include("stopped");
    expect(live.statesSince(from, observerWorker).at(-1)).to.equal("live");
    const log = await entriesOf(live.worker.store);
    expectSoundLog(log);
    expect(expectFlagsOfOracle(log, [quickCashTerms])).not.to.deep.equal([]);
    await expectRebuildChangesNothing(rebuilder, "quick-cash");
  });
});

/** A promise, and whether it has settled. */
function settling<T>(promise: Promise<T>): { readonly promise: Promise<T>; done: boolean } {
  const state = { promise, done: false };
  promise.then(
    () => (state.done = true),
    () => (state.done = true),
  );
  return state;
}
