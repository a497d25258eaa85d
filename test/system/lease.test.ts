/** Leases with their default times, over EventStoreDB: a holder that stalls, one that is stopped, and who takes over. */

import { join } from "node:path";
import { expect } from "chai";
import { Rollcall } from "../../src/index.js";
import { ServerProcess } from "../eventstore/server-process.js";
import { temporaryFolder, type TemporaryFolder } from "../tools/xes-file.js";
import { until } from "../until.js";
import { entriesOf, expectFlagsOfOracle, expectRebuildChangesNothing, expectSoundLog, isFact } from "./evidence.js";
import { commandIdOf } from "./order-plan.js";
import { orderSummaries } from "./order-summaries.js";
import quickApplication, { quickCashTerms } from "./quick-application.js";
import { send, Service } from "./service.js";
import { settled } from "./settling.js";

const defaultLeaseMs = 5_000;

describe("Two processes of one application on EventStoreDB, with leases as they are unless stated", function () {
  this.timeout(120_000);
  let folder: TemporaryFolder;
  let server: ServerProcess;
  let onlooker: Rollcall;
  let first: Service;
  let second: Service;
  let placed = 0;

  beforeEach(async () => {
    folder = temporaryFolder();
    server = await ServerProcess.start();
    const files = { store: server.connectionString, readModels: join(folder.path, "read-models.sqlite") };
    onlooker = await Rollcall.open(quickApplication, files);
    [first, second] = [new Service(files, "", defaultLeaseMs), new Service(files, "", defaultLeaseMs)];
    await first.start();
    await until("the first is live", () => first.isWholly("live"));
    await second.start();
    await until("the second stands by", () => second.isWholly("standby"));
  });
  afterEach(async () => {
    await Promise.all([first.kill(), second.kill()]);
    await onlooker.stop();
    await server.remove();
    folder.remove();
  });

  const placeOrders = async (service: Service, count: number) => {
    for (const last = placed + count; placed < last; placed++) {
      const order = { aggregateId: `o${placed}`, total: 10 + placed, currency: "EUR" };
      await send([service], "ordering.PlaceOrder", commandIdOf(order.aggregateId, "place"), order);
    }
  };

  /** How long it takes until every subscription of the service is live. */
  const takeover = async (service: Service) => {
    const since = performance.now();
    await until("everything was taken over", () => service.isWholly("live"));
    return performance.now() - since;
  };

  it("hand over within ten seconds when the holder stalls, who writes nothing when it comes back; at once when it stops", async () => {
    await placeOrders(first, 30);
    // In the middle of reactions, deadlines and commits.
    first.stall();
    await placeOrders(second, 30);
    expect(await takeover(second), "ms after a stall").to.be.below(10_000);
    first.wake();
    await placeOrders(second, 30);
    await until("the first stands by", () => first.isWholly("standby"));
    await placeOrders(first, 30);
    const stopping = second.stop();
    // Sooner than a lease can expire: it is given back, and a standby looks at it every third of its time.
    expect(await takeover(first), "ms after SIGTERM").to.be.below(defaultLeaseMs);
    expect(await stopping).to.equal(0);
    await placeOrders(first, 30);
    await settled(onlooker);
    expect(await first.stop()).to.equal(0);

    expect([...first.troubles, ...second.troubles]).to.deep.equal([]);
    const log = await entriesOf(onlooker.store);
    expectSoundLog(log);
    expect(log.filter(isFact).filter(({ type }) => type === "ordering.OrderPlaced")).to.have.length(placed);
    expect(expectFlagsOfOracle(log, [quickCashTerms])).not.to.deep.equal([]);
    expect(await expectRebuildChangesNothing(onlooker, "order-summary")).to.deep.equal(orderSummaries(log));
    await expectRebuildChangesNothing(onlooker, "quick-cash");
  });
});
