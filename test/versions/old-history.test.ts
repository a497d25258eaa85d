/** One history in three shapes, read in every way there is: all but copies see the present shape. */

import { expect } from "chai";
import { explainCase, MemoryEventStore, randomId, Rollcall, type EventStore } from "../../src/index.js";
import { ManualClock } from "../../src/testing/index.js";
import { copyLog } from "../../tools/copy/copy-log.js";
import { eventsOf } from "../tools/copying.js";
import { rowsOf } from "../subscription/things.js";
import { until } from "../until.js";
import { order, said, shapes, shop, Tell, type Heard, type Said } from "./shop.js";

/** Orders 1 to 3, each in the shape of its number, and a fourth in that of the first, which nobody paid. */
const orders = ["1", "2", "3", "4"];
const present = orders.map((orderId) => said(orderId));

describe("an old history is read in its present shape", () => {
  const heard: Heard = { reactions: [], flags: [] };
  let store: EventStore;
  let rollcall: Rollcall;

  before(async () => {
    const hour = 3_600_000;
    const clock = new ManualClock(Date.now() - 3 * hour);
    store = new MemoryEventStore({ clock });
    for (const orderId of orders) await order(store, orderId, orderId === "4" ? 1 : Number(orderId), orderId !== "4");
    await clock.advance(2 * hour);
    await store.append("order-5", [{ id: randomId(), type: "shop.PaymentTaken", data: { orderId: "5", amount: 1 } }], {
      expectedRevision: "no_stream",
    });
    rollcall = await Rollcall.open(
      shop(3, heard),
      { readModels: "memory:", http: { host: "127.0.0.1", port: 0 } },
      { store },
    );
    await rollcall.start();
    await until("everything was read", async () => {
      const { subscriptions } = (await json("status")) as {
        subscriptions: { state: string; lag?: { events: number } }[];
      };
      return subscriptions.every(({ state, lag }) => state === "live" && lag?.events === 0);
    });
  });
  after(() => rollcall.stop());

  const json = async (path: string): Promise<unknown> => (await fetch(`${rollcall.url}/${path}`)).json();
  const loaded = () =>
    Promise.all(
      orders.map((aggregateId) =>
        rollcall.dispatch(Tell.of({ aggregateId })).then(
          () => "no answer",
          (error: Error) => JSON.parse(error.message) as unknown,
        ),
      ),
    );
  const rows = async () => {
    const found = await rowsOf<Said>(rollcall.readModels, "orders");
    return orders.map((orderId) => found[orderId]);
  };
  const cases = async () => {
    const found = await Promise.all(orders.map((orderId) => json(`observers/payments/cases/${orderId}`)));
    return found.map((each) => (each as { status: string }).status);
  };
  const settledButOne = ["settled", "settled", "settled", "flagged"];
  const explained = async (orderId: string) =>
    (await explainCase(rollcall.observer("payments"), rollcall, orderId))!.timeline.find(
      ({ recorded }) => recorded?.type === "shop.OrderPlaced",
    );

  const paths: Readonly<Record<string, { seen: () => Promise<unknown>; expected?: unknown }>> = {
    "by an aggregate": { seen: loaded },
    "by an aggregate with a snapshot": {
      seen: async () => {
        await loaded();
        await rollcall.assembly.commands.settled();
        return loaded();
      },
    },
    "by a projection that is live, its key included": { seen: rows },
    "by a rebuild": { seen: async () => (await rollcall.rebuild("orders"), rows()) },
    "by rebuilds together": {
      seen: async () => {
        const results = await rollcall.rebuildTogether(["orders", "payments"]);
        expect(results.map(({ status }) => status)).to.deep.equal(["fulfilled", "fulfilled"]);
        return rows();
      },
    },
    "by the rebuild of a row": {
      seen: async () =>
        Promise.all(orders.map(async (orderId) => (await rollcall.rebuildRow("orders", orderId)).after)),
    },
    "by a rebuild until a moment": {
      seen: async () => {
        await rollcall.rebuildUntil("orders", { timeMs: Date.now() }, "now");
        const { items } = (await json("read-models/orders~now")) as { items: (Said & { key: string })[] };
        return items.map(({ key: _, ...row }) => row);
      },
    },
    "by the verification of a projection": {
      seen: async () => {
        const { rows: count, differences } = await rollcall.verifyProjection("orders");
        return { count, differences };
      },
      expected: { count: 4, differences: [] },
    },
    "by an observer that is live: key, path of a count, where and agreeing": { seen: cases, expected: settledButOne },
    "by the rebuild of an observer": {
      seen: async () => (await rollcall.rebuild("payments"), cases()),
      expected: settledButOne,
    },
    "by the verification of an observer": {
      seen: async () => {
        const { cases: count, flags, differences } = await rollcall.verify("payments");
        return { count, flags, differences };
      },
      expected: { count: 5, flags: 1, differences: [] },
    },
    "by the rehearsal of an observer": {
      seen: async () => {
        const { byKind } = await rollcall.rehearse("payments");
        return byKind;
      },
      expected: { Missing: 1 },
    },
    "by a reactor": {
      seen: async () => heard.reactions.toSorted((a, b) => Number(a.orderId) - Number(b.orderId)),
    },
    "by a notification: the flag is about the case of the present key": {
      seen: async () => heard.flags.map(({ kind, case: key }) => [kind, key]),
      expected: [["Missing", "4"]],
    },
    "by whoever asks why a case is what it is": {
      seen: async () => Promise.all(orders.map(async (orderId) => (await explained(orderId))?.data)),
    },
    "in the timeline of a process, over HTTP": {
      seen: async () =>
        Promise.all(
          orders.map(async (orderId) => {
            const { items } = (await json(`correlations/process-${orderId}`)) as { items: { data: unknown }[] };
            return items[0]!.data;
          }),
        ),
    },
    "by nobody who copies the log: a copy has what was recorded": {
      seen: async () => {
        const to = new MemoryEventStore();
        await copyLog({ from: store, to });
        const placed = (await eventsOf(to)).filter(({ type }) => type === "shop.OrderPlaced");
        return placed.map(({ schemaVersion, data }) => [schemaVersion, data]);
      },
      expected: [1, 2, 3, 1].map((version, i) => [version, shapes[version]!(orders[i]!)]),
    },
    "by nobody who reads the store itself": {
      seen: async () => {
        const placed = (await eventsOf(store)).filter(({ type }) => type === "shop.OrderPlaced");
        return placed.map(({ schemaVersion, data }) => [schemaVersion, data]);
      },
      expected: [1, 2, 3, 1].map((version, i) => [version, shapes[version]!(orders[i]!)]),
    },
  };
  for (const [where, { seen, expected = present }] of Object.entries(paths))
    it(where, async () => {
      expect(await seen()).to.deep.equal(expected);
    });
});
