/** The application as several processes on one store, one of which is killed now and then while orders come in. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Rollcall } from "../../src/index.js";
import { runs } from "../runs.js";
import { ServerProcess } from "../eventstore/server-process.js";
import { temporaryFolder, type TemporaryFolder } from "../tools/xes-file.js";
import { until } from "../until.js";
import {
  entriesOf,
  expectFlagsOfOracle,
  expectRebuildChangesNothing,
  expectSoundLog,
  isFact,
  repeated,
} from "./evidence.js";
import { commandIdOf } from "./order-plan.js";
import { orderSummaries } from "./order-summaries.js";
import quickApplication, { fateOf, quickCashTerms } from "./quick-application.js";
import { Random } from "./random.js";
import { send, Service, type Acknowledged, type ServiceFiles } from "./service.js";
import { settled } from "./settling.js";

const orders = 300;

for (const store of ["SQLite", "EventStoreDB"] as const)
  describe(`Three processes on one ${store}: ordering, billing, and whoever watches them`, function () {
    this.timeout(120_000);
    let folder: TemporaryFolder;
    let files: ServiceFiles;
    let services: Service[] = [];
    /** A process of its own, too. */
    let server: ServerProcess | undefined;
    /** Looks into the stores, and runs nothing. */
    let onlooker: Rollcall;

    beforeEach(async () => {
      folder = temporaryFolder();
      server = store === "EventStoreDB" ? await ServerProcess.start() : undefined;
      files = {
        store: server?.connectionString ?? join(folder.path, "log.sqlite"),
        readModels: join(folder.path, "read-models.sqlite"),
      };
      onlooker = await Rollcall.open(quickApplication, files);
    });
    afterEach(async () => {
      await Promise.all(services.map((service) => service.kill()));
      services = [];
      await onlooker.stop();
      await server?.remove();
      folder.remove();
    });

    const begin = async (...roles: string[]) => {
      services = roles.map((each) => new Service(files, each));
      await Promise.all(services.map((service) => service.start()));
      return services;
    };

    /** What must hold once everything has come to rest; the services are stopped before. */
    const expectWhole = async (acknowledged: readonly Acknowledged[]) => {
      await settled(onlooker);
      for (const service of services) expect(await service.stop()).to.equal(0);
      expect(services.flatMap(({ troubles }) => troubles)).to.deep.equal([]);
      const log = await entriesOf(onlooker.store);
      expectSoundLog(log);
      const facts = new Map(log.filter(isFact).map((entry) => [entry.commandId, entry]));
      for (const { commandId, streamName, position } of acknowledged) {
        const { stream, position: found } = facts.get(commandId)!;
        expect({ stream, position: String(found) }).to.deep.equal({ stream: streamName, position });
      }
      const types = log.filter(isFact).map(({ type, stream }) => `${type} ${stream.slice(stream.indexOf("-") + 1)}`);
      const expected = Array.from({ length: orders }, (_, i) => factsOf(`o${i}`, i)).flat();
      expect(types.toSorted()).to.deep.equal(expected.toSorted());
      expect(repeated(log.map(({ id }) => id))).to.deep.equal([]);
      expect(expectFlagsOfOracle(log, [quickCashTerms])).not.to.deep.equal([]);
      expect(await expectRebuildChangesNothing(onlooker, "order-summary")).to.deep.equal(orderSummaries(log));
      await expectRebuildChangesNothing(onlooker, "quick-cash");
    };

    for (const seed of Array.from({ length: runs(1, 10) }, (_, i) => i + 1))
      it(`lose nothing and flag what the oracle does, although each is killed, ${store === "EventStoreDB" ? "the server too, " : ""}and one stopped, under traffic (seed ${seed})`, async () => {
        const [ordering, billing, watching] = await begin("ordering,http", "billing", "projection,observer,http");
        const random = new Random(seed);
        const victims = random.shuffled([ordering!, billing!, watching!]);
        const moments = [0, 80, 160].map((first) => first + random.whole(20, 60));
        const killOfServer = random.whole(90, 220);
        const acknowledged = await placeOrders([ordering!], async (placed) => {
          if (placed === 260) {
            // It stops in the middle of reactions: that must lose no more than a kill.
            expect(await billing!.stop()).to.equal(0);
            await billing!.start();
          }
          if (placed === killOfServer) await server?.restart();
          if (placed !== moments[0]) return;
          moments.shift();
          const victim = victims.shift()!;
          await victim.kill();
          await sleep(random.whole(0, 300));
          await victim.start();
        });
        expect(victims, "who was not killed").to.deep.equal([]);
        await expectWhole(acknowledged);
        expect(watching!.url).not.to.equal(undefined);
      });

    it("are taken over by a standby when the one at work is killed, soon after its lease has expired", async () => {
      const [first] = await begin("");
      await until("the first is live", () => first!.isWholly("live"));
      const second = new Service(files, "");
      services.push(second);
      await second.start();
      await until("the second stands by", () => second.isWholly("standby"));
      let tookMs = Infinity;
      const acknowledged = await placeOrders(services, async (placed) => {
        if (placed !== 120) return;
        expect(first!.isWholly("live") && second.isWholly("standby")).to.equal(true);
        await first!.kill();
        const killedAt = performance.now();
        await until("the second has taken over", () => second.isWholly("live"));
        tookMs = performance.now() - killedAt;
      });
      // The lease of 500 ms, a third of it until the next look, and whatever a busy machine adds.
      expect(tookMs).to.be.within(150, 10_000);
      await first!.start();
      await until("the first stands by", () => first!.isWholly("standby"));
      await expectWhole(acknowledged);
    });
  });

/** One order every few milliseconds, each request until it is acknowledged; `during` is called once for each. */
async function placeOrders(
  services: readonly Service[],
  during: (placed: number) => Promise<void>,
): Promise<Acknowledged[]> {
  const answers: Promise<Acknowledged[]>[] = [];
  const disturbances: Promise<void>[] = [];
  for (let i = 0; i < orders; i++) {
    answers.push(placeOne(services, `o${i}`, i));
    disturbances.push(during(i));
    await sleep(8);
    // Whoever is killed comes back before the next one goes.
    if (i % 80 === 79) await Promise.all(disturbances);
  }
  await Promise.all(disturbances);
  return (await Promise.all(answers)).flat();
}

async function placeOne(services: readonly Service[], aggregateId: string, i: number): Promise<Acknowledged[]> {
  const order = { aggregateId, total: 10 + i, currency: "EUR" };
  const placed = await send(services, "ordering.PlaceOrder", commandIdOf(aggregateId, "place"), order);
  if (!isCancelled(i)) return [placed];
  await sleep((i % 11) * 30);
  const cancel = { aggregateId, reason: "changed my mind" };
  return [placed, await send(services, "ordering.CancelOrder", commandIdOf(aggregateId, "cancel"), cancel)];
}

const isCancelled = (i: number) => i % 7 === 0;

/** What must be recorded of an order: all of it, and once. */
function factsOf(orderId: string, i: number): string[] {
  const { captures, refused } = fateOf(orderId);
  return [
    `ordering.OrderPlaced ${orderId}`,
    ...(isCancelled(i) ? [`ordering.OrderCancelled ${orderId}`] : []),
    ...(refused ? [`billing.PaymentRefused ${orderId}`] : []),
    ...Array.from({ length: captures }, () => `billing.PaymentTaken ${orderId}`),
  ];
}
