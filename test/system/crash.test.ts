/** Processes of the real application that are killed with SIGKILL, and what the files hold once the last one has finished. */

import Database from "better-sqlite3";
import { expect } from "chai";
import type { PaymentTaken } from "../../domains/billing/index.js";
import { MemoryEventStore, openSqliteEventStore, Rollcall } from "../../src/index.js";
import { importXes } from "../../tools/import/import-xes.js";
import { runs } from "../runs.js";
import { contentOf, overlappingTraces } from "../tools/xes-file.js";
import { callNames, type CallName } from "./crash-hooks.js";
import { filesIn, xesIn } from "./crash-child.js";
import { CrashRun } from "./crash-run.js";
import {
  entriesOf,
  expectFlagsOfOracle,
  expectRebuildChangesNothing,
  expectSoundLog,
  isFact,
  repeated,
  type Entry,
} from "./evidence.js";
import { orderSummaries } from "./order-summaries.js";
import quickApplication, { fateOf, quickCashTerms, readModelNames } from "./quick-application.js";
import { Random } from "./random.js";

const livesEach = 4;
const newOrders = 25;
const mostOrders = (livesEach + 1) * newOrders;
const killsOfApplication = runs(16, 160);
const killsOfImport = runs(4, 40);
const moments = ["before", "during", "after"] as const;

/** How many calls of each kind every life makes at least. */
const callsOf: Readonly<Record<CallName, number>> = {
  "append of facts": 30,
  "append of flags": 4,
  "append of a tick": 1,
  "commit of order-summary": 5,
  "commit of quick-cash": 5,
  "checkpoint of the reactor": 5,
  "request to the provider": 20,
  "creation of a generation": 2,
  "commit of a rebuild": 2,
  activation: 2,
};

const pairs = (values: readonly number[]): number[][] =>
  values.flatMap((_, i) => (i % 2 === 0 ? [values.slice(i, i + 2)] : []));

describe(`A process that is killed with SIGKILL at one of ${killsOfApplication + killsOfImport} seeded moments`, function () {
  this.timeout(120_000);
  const folders = Array.from({ length: killsOfApplication / livesEach }, (_, i) => i + 1);

  // Two at a time, because most of a life is waiting.
  for (const seeds of pairs(folders))
    it(`loses nothing, doubles nothing and flags what the oracle does (runs ${seeds.join(", ")})`, async () => {
      await Promise.all(seeds.map(killAndCheck));
    });

  for (const seed of Array.from({ length: killsOfImport / livesEach }, (_, i) => i + 1))
    it(`leaves an import that goes on to the very log of an import without a stop (run ${seed})`, async () => {
      const run = new CrashRun(seed);
      try {
        const random = new Random(seed);
        const content = overlappingTraces(seed, 20, 15);
        const file = run.folder.write("log.xes", content);
        expect(file).to.equal(xesIn(run.path));
        for (let life = 0; life < livesEach; life++) {
          const kill = { call: "append of facts", when: random.pick(moments), nth: random.whole(1, 55) } as const;
          await run.killedAt(kill, { task: "import" });
        }
        await run.finished({ task: "import" });
        const whole = new MemoryEventStore();
        await importXes({ file, category: "loan", store: whole });
        const store = await openSqliteEventStore({ file: filesIn(run.path).store! });
        expect(await contentOf(store)).to.deep.equal(await contentOf(whole));
        await store.close();
      } finally {
        run.folder.remove();
      }
    });
});

async function killAndCheck(seed: number): Promise<void> {
  const run = new CrashRun(seed);
  try {
    const random = new Random(seed);
    for (let life = 1; life <= livesEach; life++) {
      const orders = life * newOrders;
      const index = (seed - 1) * livesEach + life - 1;
      const call = [...callNames, undefined][index % (callNames.length + 1)];
      if (!call) {
        const kill = { acknowledged: random.whole(1, newOrders), afterMs: random.whole(0, 20) };
        await run.killedFromOutside(kill, { task: "orders", orders, mostOrders });
      } else {
        const when = moments[(index + Math.floor(index / callNames.length)) % moments.length]!;
        const kill = { call, when, nth: random.whole(1, callsOf[call]) };
        const rebuilds = callsOf[call] === 2 ? readModelNames : [];
        await run.killedAt(kill, { task: "orders", orders, mostOrders, rebuilds });
      }
    }
    // Not the observer's as well: that would record again what had been lost.
    await run.finished({ task: "orders", orders: mostOrders, rebuilds: ["order-summary"] });
    await expectWhole(run);
  } catch (error) {
    throw new Error(`run ${seed}: ${(error as Error).message}`, { cause: error });
  } finally {
    run.folder.remove();
  }
}

async function expectWhole(run: CrashRun): Promise<void> {
  expect(run.saidOf("stopped"), "subscriptions that failed").to.deep.equal([]);
  const rollcall = await Rollcall.open(quickApplication, filesIn(run.path));
  try {
    const log = await entriesOf(rollcall.store);
    expectSoundLog(log);
    expectAcknowledged(run, log);
    expectPayments(run, log);
    expect(expectFlagsOfOracle(log, [quickCashTerms])).not.to.deep.equal([]);
    expect(await expectRebuildChangesNothing(rollcall, "order-summary")).to.deep.equal(orderSummaries(log));
    await expectRebuildChangesNothing(rollcall, "quick-cash");
    expect(await rollcall.readModels.parked("reactor:request-payment")).to.deep.equal([]);
  } finally {
    await rollcall.stop();
  }
  expectNoRemains(filesIn(run.path).readModels!);
}

/** What was acknowledged, in whichever life, is there, where it was said to be; and nothing else of the same command. */
function expectAcknowledged(run: CrashRun, log: readonly Entry[]): void {
  const acknowledged = run.saidOf("acknowledged");
  expect(new Set(acknowledged.map(({ commandId }) => commandId)).size).to.equal(mostOrders + Math.ceil(mostOrders / 7));
  const facts = new Map(log.filter(isFact).map((entry) => [entry.commandId, entry]));
  for (const { commandId, streamName, position } of acknowledged) {
    const { stream, position: found } = facts.get(commandId)!;
    expect({ stream, position: String(found) }).to.deep.equal({ stream: streamName, position });
  }
  const ofOrders = log.filter(({ stream }) => stream.startsWith("order-"));
  expect(ofOrders).to.have.length(mostOrders + Math.ceil(mostOrders / 7));
}

/** The provider was asked with one key for each order, and what it did is recorded once. */
function expectPayments(run: CrashRun, log: readonly Entry[]): void {
  const keys = new Map<string, Set<string>>();
  for (const { orderId, key } of run.saidOf("asked"))
    keys.set(orderId!, (keys.get(orderId!) ?? new Set<string>()).add(key!));
  expect([...keys].filter(([, ofOrder]) => ofOrder.size > 1)).to.deep.equal([]);
  const orders = log
    .filter(({ type }) => type === "ordering.OrderPlaced")
    .map(({ stream }) => stream.slice("order-".length));
  expect(new Set(keys.keys())).to.deep.equal(new Set(orders));
  const taken = log.filter(({ type }) => type === "billing.PaymentTaken");
  expect(repeated(taken.map(({ data }) => (data as PaymentTaken).paymentId))).to.deep.equal([]);
  for (const orderId of orders) {
    const { captures, refused } = fateOf(orderId);
    const recorded = log.filter(({ stream }) => stream === `payment-${orderId}`);
    expect(
      recorded.map(({ type }) => type),
      orderId,
    ).to.deep.equal(
      refused ? ["billing.PaymentRefused"] : Array.from({ length: captures }, () => "billing.PaymentTaken"),
    );
  }
}

/** No generation but those that serve and one that was retained, and no table of rows without its generation. */
function expectNoRemains(file: string): void {
  const database = new Database(file, { readonly: true });
  const generations = database.prepare("SELECT id, state FROM generation ORDER BY id").all() as {
    id: number;
    state: string;
  }[];
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'rows_*'")
    .pluck()
    .all();
  database.close();
  // A rebuild keeps what it replaced, of projections, for a rollback.
  const remains = generations.filter(({ state }) => state !== "retained");
  expect(remains.map(({ state }) => state)).to.deep.equal(readModelNames.map(() => "active"));
  expect(generations.length - remains.length).to.be.at.most(1);
  expect(new Set(tables)).to.deep.equal(new Set(generations.map(({ id }) => `rows_${id}`)));
}
