/** An event that is newer than a process knows stops whoever needs it, in sight; a process that knows it goes on there. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  application,
  EventTooNew,
  Observer,
  Rollcall,
  openSqliteEventStore,
  whenever,
  type EventStore,
  type ProcessorStatus,
} from "../../src/index.js";
import { rejectionOf } from "../aggregate/rejection.js";
import { rowsOf } from "../subscription/things.js";
import { until } from "../until.js";
import { order, PaymentTaken, said, shop, Tell, type Heard, type Said } from "./shop.js";

describe("an event of a version that a process does not know", () => {
  let folder: string;
  let store: EventStore;
  const running: Rollcall[] = [];
  let states: Map<string, ProcessorStatus>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-versions-"));
    store = await openSqliteEventStore({ file: join(folder, "log.sqlite") });
    states = new Map();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** A process; those of one test share log and read models. */
  async function opened(version: 3 | 4, heard?: Heard, definition = shop(version, heard)): Promise<Rollcall> {
    const readModels = join(folder, "rows.sqlite");
    const onChange = (status: ProcessorStatus) => void states.set(`${version} ${status.name}`, status);
    const http = { host: "127.0.0.1", port: 0 };
    const rollcall = await Rollcall.open(definition, { readModels, http, leaseTtlMs: 500 }, { store, onChange });
    running.push(rollcall);
    return rollcall;
  }
  const heardBy = (): Heard => ({ reactions: [], flags: [] });
  /** One that everybody knows, the one that is newer, and one that comes after it. */
  const recordOrders = async () => {
    await order(store, "1", 3);
    await order(store, "2", 4);
    await order(store, "3", 3);
  };
  const statusOf = async ({ url }: Rollcall, name: string) => {
    const { subscriptions } = (await (await fetch(`${url}/status`)).json()) as {
      subscriptions: { name: string; state: string; error?: string; position?: string }[];
    };
    return subscriptions.find((each) => each.name === name)!;
  };
  const tooNew =
    "order-2, revision 0: shop.OrderPlaced was recorded with schema version 4, this process knows up to 3. Deploy the newer version here; nothing was skipped.";

  /** What each kind of subscriber has made of the orders. */
  const made: Readonly<Record<string, (rollcall: Rollcall, heard: readonly Heard[]) => Promise<unknown>>> = {
    "read-model:orders@1": async ({ readModels }) => rowsOf<Said>(readModels, "orders"),
    "read-model:payments": async ({ url }) =>
      Promise.all(["1", "2", "3"].map(async (key) => (await fetch(`${url}/observers/payments/cases/${key}`)).status)),
    // Other streams do not wait for it: what comes after it in those may be told twice.
    "reactor:greet": async (_, [older, newer]) => {
      const of = ({ reactions }: Heard) => reactions.map(({ orderId }) => orderId);
      return { older: of(older!).filter((orderId) => orderId !== "3"), newer: of(newer!) };
    },
  };
  const before: Readonly<Record<string, unknown>> = {
    "read-model:orders@1": { "1": said("1") },
    "read-model:payments": [200, 404, 404],
    "reactor:greet": { older: ["1"], newer: [] },
  };
  const after: Readonly<Record<string, unknown>> = {
    "read-model:orders@1": { "1": said("1"), "2": said("2"), "3": said("3") },
    "read-model:payments": [200, 200, 200],
    "reactor:greet": { older: ["1"], newer: ["2", "3"] },
  };

  for (const [name, found] of Object.entries(made))
    it(`stops ${name} before it, and whoever knows it goes on there`, async () => {
      const heard = [heardBy(), heardBy()];
      const older = await opened(3, heard[0]);
      // Before the start, so that one page holds them all: what stands before it in the page counts.
      await recordOrders();
      await older.start();
      await until("it has stopped", () => states.get(`3 ${name}`)?.state === "stopped");
      expect(states.get(`3 ${name}`)!.error)
        .to.be.instanceOf(EventTooNew)
        .with.property("message", tooNew);
      const shown = /:(\w+)/.exec(name)![1]!;
      expect(await statusOf(older, shown)).to.include({ state: "stopped", error: tooNew });
      expect(await found(older, heard)).to.deep.equal(before[name]);

      const newer = await opened(4, heard[1]);
      await newer.start();
      await until("it has caught up", async () => {
        const { state, position } = await statusOf(newer, shown);
        return state === "live" && BigInt(position ?? -1) >= 5n;
      });
      expect(await found(newer, heard)).to.deep.equal(after[name]);
      expect(await statusOf(older, shown), "the older process stays as it is").to.include({ state: "stopped" });
    });

  for (const name of ["orders", "payments"])
    it(`ends the rebuild of ${name}, which leaves what serves as it is`, async () => {
      await order(store, "1", 3);
      const older = await opened(3);
      await older.rebuild(name);
      const serving = async () =>
        (await older.readModels.generations()).find((each) => each.name === name && each.state === "active")?.id;
      const before = await serving();
      await order(store, "2", 4);
      expect((await rejectionOf(older.rebuild(name), EventTooNew)).message).to.equal(tooNew);
      const [together] = await older.rebuildTogether([name]);
      expect((together as PromiseRejectedResult).reason).to.be.instanceOf(EventTooNew);
      if (name === "orders") await rejectionOf(older.rebuildUntil(name, { timeMs: Date.now() }, "now"), EventTooNew);
      expect(await serving())
        .to.equal(before)
        .and.not.equal(undefined);
      expect((await (await opened(4)).rebuild(name)).activated).to.equal(true);
    });

  it("ends what is made aside of it, too: a verification, a rehearsal", async () => {
    const older = await opened(3);
    await order(store, "1", 3);
    for (const name of older.readModelNames) await older.rebuild(name);
    await order(store, "2", 4);
    await rejectionOf(older.rehearse("payments"), EventTooNew);
    for (const name of older.readModelNames) await (await opened(4)).rebuild(name);
    await rejectionOf(older.verify("payments"), EventTooNew);
    await rejectionOf(older.verifyProjection("orders"), EventTooNew);
  });

  it("fails a command on its aggregate, which whoever knows it decides", async () => {
    await order(store, "2", 4);
    const error = await rejectionOf((await opened(3)).dispatch(Tell.of({ aggregateId: "2" })), EventTooNew);
    expect(error.message).to.equal(tooNew);
    const newer = await opened(4);
    expect(await newer.dispatch(Tell.of({ aggregateId: "2" })).catch((e: Error) => e.message)).to.equal(
      JSON.stringify(said("2")),
    );
  });

  it("does not hide the others in a timeline, which says what is wrong with it", async () => {
    await order(store, "2", 4);
    const older = await opened(3);
    await older.start();
    const { items } = (await (await fetch(`${older.url}/correlations/process-2`)).json()) as {
      items: { type: string; data?: object; problem?: { code: string } }[];
    };
    expect(items.map(({ data, problem }) => data ?? problem!.code)).to.deep.equal([
      "EVENT_TOO_NEW",
      { orderId: "2", amount: 40 },
    ]);
  });

  it("does not stop an observer that reads nothing of what it says", async () => {
    @Observer({ name: "payments", version: 1 })
    class ByTypeAlone {
      readonly payment = whenever("shop.OrderPlaced").expect(PaymentTaken).within({ hours: 1 });
    }
    const older = await opened(3, undefined, application({ ...shop(3), observers: [ByTypeAlone] }));
    await older.start();
    await recordOrders();
    await until("it has caught up", async () => {
      const { state, position } = await statusOf(older, "payments");
      return state === "live" && BigInt(position ?? -1) >= 5n;
    });
  });
});
