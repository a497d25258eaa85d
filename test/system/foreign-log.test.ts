/** A team's first day: an application of observers alone, without one class of a message, over what is there. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventStoreDBClient } from "@eventstore/db-client";
import { expect } from "chai";
import {
  application,
  flagTypePrefix,
  flagsStoreOf,
  Observer,
  openSqliteEventStore,
  Rollcall,
  whenever,
  type EventStore,
  type FlagData,
  type ObserverState,
  type StartFrom,
} from "../../src/index.js";
import { openEventStoreDb } from "../../src/store/eventstoredb/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { startEventStoreServer } from "../../tools/eventstore/server.js";
import { openTemporaryRecordLog } from "../../tools/eventstore/temporary-record-log.js";
import { until } from "../until.js";
import {
  byOfficialClient,
  byStore,
  evening,
  lost,
  morning,
  morningAfter,
  night,
  noon,
  type Append,
  type ForeignEvent,
} from "./foreign-log.js";

/** Watches orders and payments from somewhere on. */
function watch(name: string, from: StartFrom) {
  @Observer({
    name,
    version: 1,
    from,
    key: "data.orderId",
    keys: {
      PaymentCreated: { key: "data.order.orderId", alias: "data.paymentId" },
      PaymentCaptured: { via: "data.paymentId" },
      OrderCancelled: "metadata.orderId",
    },
  })
  class Orders {
    readonly payment = whenever("OrderPlaced")
      .expect("PaymentCaptured")
      .within({ minutes: 15 })
      .once()
      .unless("OrderCancelled");
  }
  return Orders;
}

interface Place {
  readonly clock: ManualClock;
  readonly append: Append;
  /** Opened for reading alone, or for everything. */
  open(readOnly: boolean): Promise<EventStore>;
  close(): Promise<void>;
}

async function inEventStoreDb(): Promise<Place> {
  const clock = new ManualClock();
  const log = await openTemporaryRecordLog({ clock });
  const server = await startEventStoreServer({ log });
  const { connectionString } = server;
  const client = EventStoreDBClient.connectionString(connectionString);
  return {
    clock,
    append: byOfficialClient(client),
    open: (readOnly) => openEventStoreDb({ connectionString, readOnly }),
    close: async () => {
      await client.dispose();
      await server.kill();
      await log.close();
    },
  };
}

async function inSqlite(): Promise<Place> {
  const clock = new ManualClock();
  const folder = mkdtempSync(join(tmpdir(), "rollcall-foreign-"));
  const file = join(folder, "log.sqlite");
  const writing = await openSqliteEventStore({ file, clock });
  return {
    clock,
    append: byStore(writing),
    open: () => openSqliteEventStore({ file, clock }),
    close: async () => {
      await writing.close();
      rmSync(folder, { recursive: true });
    },
  };
}

for (const [where, placeOf] of Object.entries({ EventStoreDB: inEventStoreDb, "the embedded log": inSqlite }))
  for (const readOnly of [false, true])
    describe(`Observers alone over a foreign log in ${where}${readOnly ? ", which they may only read" : ""}`, function () {
      this.timeout(30_000);
      let place: Place;
      let store: EventStore;
      let rollcall: Rollcall;
      const folder = mkdtempSync(join(tmpdir(), "rollcall-foreign-rows-"));
      after(() => rmSync(folder, { recursive: true }));
      beforeEach(async () => {
        place = await placeOf();
      });
      afterEach(async () => {
        await rollcall.stop();
        await store.close();
        await place.close();
      });

      /** Appends each; the positions of the first and the last. */
      async function written(events: readonly ForeignEvent[]): Promise<readonly [first: bigint, last: bigint]> {
        const positions: bigint[] = [];
        for (const event of events) positions.push(await place.append(event));
        return [positions[0]!, positions.at(-1)!];
      }

      const stateOf = async (name: string) => (await rollcall.readModels.activeGeneration(name))?.checkpoint;

      const hasRead = (names: readonly string[], position: bigint) =>
        until(`everything up to ${position} was read`, async () => {
          const checkpoints = await Promise.all(names.map(stateOf));
          return checkpoints.every((checkpoint) => (checkpoint?.position ?? -1n) >= position);
        });

      /** Flags of an observer, each as `kind case`, in the order of their recording. */
      async function flags(name: string): Promise<string[]> {
        const found: string[] = [];
        for await (const page of flagsStoreOf(rollcall.store).readLog({
          filter: { streamPrefixes: ["rollcall.flags-"] },
        }))
          for (const { type, data } of page) {
            const { observer, case: key = "", provisional = false } = data as FlagData;
            expect(provisional).to.equal(false);
            if (observer === name) found.push(`${type.slice(flagTypePrefix.length)} ${key}`.trim());
          }
        return found;
      }

      const seen = async () => {
        const ids: string[] = [];
        for await (const page of store.readLog()) ids.push(...page.map(({ id }) => id));
        return ids;
      };

      it("say what is missing, late and double, and count what belongs to no case", async () => {
        await written([...morning, ...lost]);
        await place.clock.advance(20 * 60_000);
        const noonTime = new Date(place.clock.now()).toISOString();
        const [firstAtNoon] = await written(noon);
        await place.clock.advance(20 * 60_000);
        const [last] = await written(evening);

        store = await place.open(readOnly);
        const before = await seen();
        const [names, fromNow] = [["all", "from-time", "from-position"], "from-now"];
        const observers = [
          watch("all", "beginning"),
          watch("from-time", { time: noonTime }),
          watch("from-position", { position: String(firstAtNoon) }),
          watch(fromNow, "now"),
        ];
        const start = async () => {
          const configuration = { readModels: join(folder, "rows.sqlite"), roles: ["observer"], readOnly };
          rollcall = await Rollcall.open(application({ observers }), configuration, { store, clock: place.clock });
          await rollcall.start();
          const status = async () => (await rollcall.queryContext().status()).subscriptions;
          await until("all are live", async () => (await status()).every(({ state }) => state === "live"));
        };
        await start();
        await hasRead(names, last);
        const ofAll = ["Duplicate 1", "Uncorrelated", "Missing 4", "LateArrival 4", "Missing 6"];
        expect(await flags("all")).to.have.members(ofAll);
        expect((await stateOf("all"))!.state as ObserverState).to.include({ uncorrelated: lost.length });
        expect(await flags("from-time")).to.deep.equal(["Missing 6"]);
        expect(await flags("from-position")).to.deep.equal(["Missing 6"]);
        expect(await flags(fromNow)).to.deep.equal([]);

        const [, eighth] = await written(night);
        await hasRead([...names, fromNow], eighth);
        expect(await flags(fromNow)).to.deep.equal([]);
        await rollcall.stop();

        // While nobody watches, time goes on, which the next event shows.
        await place.clock.advance(20 * 60_000);
        const [, ninth] = await written(morningAfter);
        await start();
        await hasRead([...names, fromNow], ninth);
        expect(await flags("all")).to.have.members([...ofAll, "Missing 7", "Missing 8"]);
        expect(await flags("from-time")).to.have.members(["Missing 6", "Missing 7", "Missing 8"]);
        expect(await flags(fromNow)).to.deep.equal(["Missing 8"]);
        for (const name of [...names, fromNow]) {
          const flagged = await flags(name);
          expect((await rollcall.rebuild(name)).activated).to.equal(true);
          expect(await flags(name), `${name}, rebuilt`).to.deep.equal(flagged);
        }
        if (readOnly) expect(await seen()).to.have.length(before.length + 2);
      });
    });
