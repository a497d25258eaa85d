/** A process to be killed: runs the application, or an import, on files, and says on its standard output what is acknowledged. */

import "reflect-metadata";
import { join } from "node:path";
import { PaymentGateway } from "../../domains/billing/index.js";
import { CancelOrder, PlaceOrder } from "../../domains/ordering/index.js";
import {
  openSqliteEventStore,
  RebuildInProgress,
  Rollcall,
  systemClock,
  type AnyCommand,
  type Configuration,
} from "../../src/index.js";
import { importXes } from "../../tools/import/import-xes.js";
import { until } from "../until.js";
import { KillSwitch, say, type Kill } from "./crash-hooks.js";
import { commandIdOf } from "./order-plan.js";
import quickApplication, { QuickGateway } from "./quick-application.js";
import { settled } from "./settling.js";

/** What the process is to do; its only argument, as JSON. */
export interface CrashTask {
  readonly task: "orders" | "import" | "rebuild";
  readonly folder: string;
  /** `orders`: sends the commands of so many at once, those of earlier lives again. */
  readonly orders?: number;
  /** `orders`: and then of more, one by one, up to so many, so that something happens until the process is killed. */
  readonly mostOrders?: number;
  /** Begins the ids of orders. */
  readonly seed?: number;
  /** Read models to rebuild meanwhile. */
  readonly rebuilds?: readonly string[];
  /** Ends by itself once everything has settled; else it lives until it is killed. */
  readonly finish?: boolean;
  readonly kill?: Kill;
}

export const filesIn = (folder: string): Partial<Configuration> => ({
  store: join(folder, "log.sqlite"),
  readModels: join(folder, "read-models.sqlite"),
  roles: ["ordering", "billing", "projection", "observer"],
  leaseTtlMs: 200,
});

export const xesIn = (folder: string): string => join(folder, "log.xes");

async function open({ folder }: CrashTask, killSwitch: KillSwitch): Promise<Rollcall> {
  const gateway = killSwitch.guardGateway(new QuickGateway(systemClock));
  const request = gateway.request.bind(gateway);
  gateway.request = (asked, signal) => {
    say("asked", { orderId: asked.orderId, key: asked.idempotencyKey });
    return request(asked, signal);
  };
  const rollcall = await Rollcall.open(
    { ...quickApplication, bindings: (container) => void container.bind(PaymentGateway).toConstantValue(gateway) },
    filesIn(folder),
    {
      onChange: ({ name, state, error }) => void (state === "stopped" && say("stopped", { name, error: error?.stack })),
    },
  );
  killSwitch.guard(rollcall);
  return rollcall;
}

async function send(rollcall: Rollcall, orderId: string, what: string, command: AnyCommand): Promise<void> {
  const { commandId, streamName, position } = await rollcall.dispatch(command, {
    commandId: commandIdOf(orderId, what),
  });
  say("acknowledged", { commandId, streamName, position: String(position) });
}

async function placeOrders(
  rollcall: Rollcall,
  { seed = 0, orders = 0, mostOrders = orders }: CrashTask,
): Promise<void> {
  await Promise.all(
    Array.from({ length: mostOrders }, async (_, i) => {
      // The newest first: what earlier lives have done is only to be recognised.
      await systemClock.sleep(i < orders ? 2 * (orders - i) : 50 * (i - orders + 1));
      const aggregateId = `${seed}-${i}`;
      await send(rollcall, aggregateId, "place", PlaceOrder.of({ aggregateId, total: 10 + i, currency: "EUR" }));
      if (i % 7 > 0) return;
      await systemClock.sleep(20 * (i % 11));
      await send(rollcall, aggregateId, "cancel", CancelOrder.of({ aggregateId, reason: "changed my mind" }));
    }),
  );
}

/** The rebuild of a life that was killed holds its lease until that expires. */
async function rebuild(rollcall: Rollcall, name: string): Promise<void> {
  await until("there is something to rebuild from", async () => ((await rollcall.store.head()) ?? 0n) > 10n);
  await until(`the rebuild of ${name} begins`, () =>
    rollcall.rebuild(name).then(
      ({ activated }) => activated,
      (error: unknown) => {
        if (error instanceof RebuildInProgress) return false;
        throw error;
      },
    ),
  );
  say("rebuilt", { name });
}

async function runOrders(task: CrashTask, killSwitch: KillSwitch): Promise<void> {
  const rollcall = await open(task, killSwitch);
  await rollcall.start();
  await Promise.all([placeOrders(rollcall, task), ...(task.rebuilds ?? []).map((name) => rebuild(rollcall, name))]);
  if (!task.finish) return systemClock.sleep(60_000);
  await settled(rollcall);
  await rollcall.stop();
}

/** A rebuild alone, beside an application that runs in another process. */
async function runRebuild(task: CrashTask, killSwitch: KillSwitch): Promise<void> {
  const rollcall = await open(task, killSwitch);
  for (const name of task.rebuilds ?? []) await rebuild(rollcall, name);
  await rollcall.stop();
}

async function runImport({ folder }: CrashTask, killSwitch: KillSwitch): Promise<void> {
  const store = await openSqliteEventStore({ file: filesIn(folder).store! });
  killSwitch.guardStore(store);
  await importXes({ file: xesIn(folder), category: "loan", store, inFlight: 10 });
  await store.close();
}

// Imported for its types and files, it does nothing.
if (process.argv[1] === import.meta.filename) {
  const task = JSON.parse(process.argv[2]!) as CrashTask;
  const tasks = { orders: runOrders, import: runImport, rebuild: runRebuild };
  await tasks[task.task](task, new KillSwitch(task.kill));
  say("done");
}
