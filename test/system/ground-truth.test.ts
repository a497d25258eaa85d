/** Ground truth: what an observer says of thousands of orders is what a plan and an independent oracle say of them. */

import { join } from "node:path";
import { expect } from "chai";
import { tickType, type FlagKind, type Rollcall } from "../../src/index.js";
import { runs } from "../runs.js";
import { temporaryFolder } from "../tools/xes-file.js";
import { until } from "../until.js";
import {
  entriesOf,
  expectFlagsOfOracle,
  expectRebuildChangesNothing,
  expectSoundLog,
  identityOf,
  isFact,
  isFlag,
  rowsOf,
  type Entry,
} from "./evidence.js";
import { caseOf, fates, planOrders, type PlannedOrder } from "./order-plan.js";
import { orderSummaries } from "./order-summaries.js";
import { Random } from "./random.js";
import { SimulatedEventStoreDb } from "./simulated-eventstoredb.js";
import { hourMs, orderToCashTerms, SimulatedRun } from "./simulated-run.js";

const orders = 2_000;
/** What only has to be the same again, elsewhere or in other circumstances, is so of fewer orders in `npm test`. */
const ordersAgain = runs(300, orders);
const seeds = Array.from({ length: runs(1, 30) }, (_, i) => i + 1);
const memory = { store: "memory:", readModels: ":memory:", roles: ["ordering", "billing", "projection", "observer"] };

describe("In seeded runs of orders with lost, late, doubled and reordered payments and cancellations", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  after(() => folder.remove());
  const files = (name: string) => ({
    ...memory,
    store: join(folder.path, `${name}-log.sqlite`),
    readModels: join(folder.path, `${name}-read-models.sqlite`),
  });
  /** By seed and number of orders, so that runs of one plan can be compared. */
  const inMemory = new Map<string, Promise<readonly Entry[]>>();
  const memoryLog = (seed: number, count: number): Promise<readonly Entry[]> => {
    const plan = `${count} orders of seed ${seed}`;
    const log = inMemory.get(plan) ?? wholeRun(seed, count, memory);
    inMemory.set(plan, log);
    return log;
  };

  for (const seed of seeds)
    it(`the flags are those of the oracle and of the plan: 0 false, 0 missed, 0 doubled (seed ${seed}, ${orders} orders, in memory)`, async () => {
      await memoryLog(seed, orders);
    });

  for (const seed of seeds)
    it(`and the same flags, ids included, are raised on SQLite (seed ${seed}, ${ordersAgain} orders)`, async () => {
      const log = await wholeRun(seed, ordersAgain, files(`run-${seed}`));
      expect(identities(log)).to.deep.equal(identities(await memoryLog(seed, ordersAgain)));
    });

  for (const seed of seeds.slice(0, 10))
    it(`and on EventStoreDB, although its server is killed in between (seed ${seed}, ${ordersAgain} orders)`, async () => {
      const log = await wholeRunOverEventStoreDb(seed, ordersAgain);
      expect(identities(log)).to.deep.equal(identities(await memoryLog(seed, ordersAgain)));
    });

  it("a seed replays exactly: every event has the same id, place and time", async () => {
    expect(await wholeRun(1, ordersAgain, memory)).to.deep.equal(await memoryLog(1, ordersAgain));
  });

  for (const seed of seeds)
    it(`an observer that is away for hours raises no other flags (seed ${seed}, ${ordersAgain} orders)`, async () => {
      const plan = planOf(seed, ordersAgain);
      const run = new SimulatedRun(plan);
      const configuration = files(`away-${seed}`);
      const rollcall = await run.open({ ...configuration, roles: ["ordering", "billing", "projection"] });
      await rollcall.start();
      const observer = { present: undefined as Rollcall | undefined, times: 0 };
      const come = async () => {
        observer.present = await run.open({ ...configuration, roles: ["observer"] });
        await observer.present.start();
        observer.times++;
      };
      const random = new Random(seed);
      await run.drive(rollcall, async () => {
        if (random.whole(1, 40) > 1) return;
        if (!observer.present) return come();
        await observer.present.stop();
        observer.present = undefined;
      });
      if (!observer.present) await come();
      // It hears of other instances' commits in real time only.
      const isLast = ({ data }: Entry) => (data as { case: string }).case === caseOf(plan.at(-1)!);
      await until("the last order is flagged", async () => {
        await run.time.moveTo(run.time.now() + 60_000);
        return (await entriesOf(rollcall.store)).some((entry) => isFlag(entry) && isLast(entry));
      });
      const log = await entriesOf(rollcall.store);
      for (const each of [observer.present!, rollcall]) await each.stop();
      expect(observer.times, "how often it came").to.be.greaterThan(1);
      expect(run.failures).to.deep.equal([]);
      expectFlagsOfOracle(log, [orderToCashTerms]);
      expect(identities(log)).to.deep.equal(identities(await memoryLog(seed, ordersAgain)));
    });
});

/** Flags in the order of their streams: that of the log depends on how long the observer was away. */
const identities = (log: readonly Entry[]) =>
  log
    .filter(isFlag)
    .map(identityOf)
    .toSorted((a, b) => (a.stream === b.stream ? Number(a.revision - b.revision) : a.stream < b.stream ? -1 : 1));

/** Runs the plan of a seed, checks everything that must hold, and returns the log. */
async function wholeRun(
  seed: number,
  count: number,
  configuration: Parameters<SimulatedRun["open"]>[0],
): Promise<readonly Entry[]> {
  const plan = planOf(seed, count);
  const run = new SimulatedRun(plan);
  const rollcall = await run.open(configuration);
  try {
    await rollcall.start();
    await run.drive(rollcall);
    const log = await expectGroundTruth(rollcall, plan);
    expectFlaggedByTicks(log);
    return log;
  } finally {
    await rollcall.stop();
    expect(run.failures).to.deep.equal([]);
  }
}

/** The same over a connection to a server that is killed now and then. */
async function wholeRunOverEventStoreDb(seed: number, count: number): Promise<readonly Entry[]> {
  const plan = planOf(seed, count);
  const run = new SimulatedRun(plan);
  const over = await SimulatedEventStoreDb.open(run, new Random(seed));
  try {
    await over.rollcall.start();
    await run.drive(over.rollcall, () => over.meanwhile());
    expect(over.kills, "kills of the server").to.be.greaterThan(1);
    return await expectGroundTruth(over.rollcall, plan);
  } finally {
    await over.close();
    expect(run.failures).to.deep.equal([]);
  }
}

function planOf(seed: number, count: number): readonly PlannedOrder[] {
  const plan = planOrders(seed, count);
  expect(new Set(plan.map(({ fate }) => fate)), "fates that the plan holds").to.deep.equal(new Set(Object.keys(fates)));
  return plan;
}

/** The log is sound, the flags are those of the oracle and of the plan, and every read model is what a rebuild makes of it. */
async function expectGroundTruth(rollcall: Rollcall, plan: readonly PlannedOrder[]): Promise<readonly Entry[]> {
  const log = await entriesOf(rollcall.store);
  expectSoundLog(log);
  expectFlagsOfOracle(log, [orderToCashTerms]);
  expectFlagsOfPlan(log, plan);
  await expectReadModels(rollcall, log);
  return log;
}

/** What the plan says of each order, without looking at the log; and how often each kind occurs in all. */
function expectFlagsOfPlan(log: readonly Entry[], plan: readonly PlannedOrder[]): void {
  const flags = log.filter(isFlag);
  const found = new Map<string, FlagKind[]>();
  for (const { correlationId, type } of flags)
    found.set(correlationId!, [...(found.get(correlationId!) ?? []), type.replace("observer.", "") as FlagKind]);
  for (const order of plan)
    expect(found.get(caseOf(order)) ?? [], `${order.orderId}: ${order.fate}`).to.deep.equal(order.flags);
  expect(flags).to.have.length(plan.flatMap((order) => order.flags).length);
}

/** The last orders are flagged although nothing else happens any more: the observer asked the log's clock itself. */
function expectFlaggedByTicks(log: readonly Entry[]): void {
  const lastFact = log.findLast(isFact)!;
  const after = log.filter(({ position }) => position > lastFact.position);
  expect(after.map(({ type }) => type)).to.deep.equal([tickType, "observer.Missing"]);
  // As soon as the deadline has passed, by a millisecond.
  expect(after.map(({ recordedAtMs }) => recordedAtMs - lastFact.recordedAtMs)).to.deep.equal([5_001, 5_001]);
  // A tick is asked for by an open deadline only: a healthy log at rest holds none.
  const triggers = log.filter(({ type }) => type === "ordering.OrderPlaced").length;
  expect(log.filter(({ type }) => type === tickType).length).to.be.within(1, triggers);
}

async function expectReadModels(rollcall: Rollcall, log: readonly Entry[]): Promise<void> {
  expect(await rowsOf(rollcall.readModels, "order-summary")).to.deep.equal(orderSummaries(log));
  await expectRebuildChangesNothing(rollcall, "order-summary");
  await expectRebuildChangesNothing(rollcall, "order-to-cash");
  expect(log.at(-1)!.recordedAtMs - log[0]!.recordedAtMs, "simulated time").to.be.greaterThan(2 * hourMs);
}
