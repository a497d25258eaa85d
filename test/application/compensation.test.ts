/** What is missing is asked for again because a flag says so; flags of a backfill are left alone. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  billing,
  billingThatAsksAgain,
  PaymentGateway,
  PaymentTaken,
  type PaymentAnswer,
  type PaymentRequest,
} from "../../domains/billing/index.js";
import { CounterpartMissing } from "../../domains/billing/contracts.js";
import { ordering, OrderPlaced, PlaceOrder } from "../../domains/ordering/index.js";
import {
  application,
  domain,
  flagCategoryOf,
  Observer,
  Reactor,
  ReactsTo,
  Rollcall,
  whenever,
  type FlagData,
} from "../../src/index.js";
import { until } from "../until.js";

@Observer({ name: "order-to-cash" })
class OrderToCash {
  readonly payment = whenever(OrderPlaced).expect(PaymentTaken).within({ milliseconds: 100 });
}

/** Of which cases it heard. */
const heard: string[] = [];

@Reactor({ name: "hears-all", includeImported: true })
class HearsAll {
  @ReactsTo(CounterpartMissing)
  async hear({ case: key }: CounterpartMissing) {
    heard.push(key);
    return [];
  }
}

/** Is asked, and does nothing. */
class SilentGateway implements PaymentGateway {
  readonly requests: PaymentRequest[] = [];

  async request(request: PaymentRequest): Promise<PaymentAnswer> {
    this.requests.push(request);
    return { captures: [] };
  }

  asked(orderId: string): number {
    return this.requests.filter((request) => request.orderId === orderId).length;
  }
}

describe("compensation", () => {
  const gateway = new SilentGateway();
  const folder = mkdtempSync(join(tmpdir(), "rollcall-compensation-"));
  let running: Rollcall | undefined;
  after(async () => {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(parts: Partial<Parameters<typeof application>[0]>): Promise<Rollcall> {
    await running?.stop();
    const definition = application({
      domains: [ordering, billing],
      ...parts,
      bindings: (container) => void container.bind(PaymentGateway).toConstantValue(gateway),
    });
    running = await Rollcall.open(definition, {
      store: join(folder, "log.sqlite"),
      readModels: join(folder, "read-models.sqlite"),
    });
    await running.start();
    return running;
  }

  const place = (rollcall: Rollcall, aggregateId: string) =>
    rollcall.dispatch(PlaceOrder.of({ aggregateId, total: 5, currency: "EUR" }));

  it("follows a flag that is raised now, and none that an observer raises over what was there before it", async () => {
    const before = await start({});
    const { correlationId: old } = await place(before, "old");
    await until("the old order's payment was asked for", () => gateway.asked("old") === 1);
    await sleep(150);

    const observed = await start({
      domains: [ordering, billingThatAsksAgain, domain({ name: "listening", reactors: [HearsAll] })],
      observers: [OrderToCash],
    });
    await until("the backfill raised the old order's flag", () => heard.includes(old));
    const { correlationId: young } = await place(observed, "young");
    await until("the young order's payment was asked for again", () => gateway.asked("young") === 2);
    await until("the young order's flag was heard", () => heard.length === 2);
    // The old flag is the earlier one in the log: had it been followed, that would be over by now.
    expect(gateway.asked("old")).to.equal(1);

    const flags: FlagData[] = [];
    for await (const page of observed.store.readLog({ filter: { streamPrefixes: [flagCategoryOf(observed.store)] } }))
      flags.push(...page.map(({ data }) => data as FlagData));
    expect(flags.map(({ case: key, backfill }) => [key, backfill])).to.deep.equal([
      [old, true],
      [young, undefined],
    ]);
  });
});
