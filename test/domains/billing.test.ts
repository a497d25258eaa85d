/** Billing: whenever an order was placed its payment is requested, and every capture is recorded once. */

import { expect } from "chai";
import {
  PaymentRefused,
  PaymentTaken,
  RecordPayment,
  RecordRefusal,
  type PaymentAnswer,
  type PaymentGateway,
  type PaymentRequest,
} from "../../domains/billing/index.js";
import { AskAgain } from "../../domains/billing/ask-again.js";
import { CounterpartMissing } from "../../domains/billing/contracts.js";
import { Payment } from "../../domains/billing/payment.js";
import { RequestPayment } from "../../domains/billing/request-payment.js";
import { ordering, OrderPlaced } from "../../domains/ordering/index.js";
import { InvalidCommand, MemoryEventStore, randomId, Upcasters } from "../../src/index.js";
import { aggregate, reactor } from "../../src/testing/index.js";

const taken = (paymentId: string) => PaymentTaken.of({ paymentId, amount: 40 });
const record = (paymentId: string) => RecordPayment.of({ aggregateId: "7", paymentId, amount: 40 });
const refuse = RecordRefusal.of({ aggregateId: "7", reason: "no funds" });

describe("a payment", () => {
  it("records a capture", () => aggregate(Payment).when(record("p-1")).thenEvents(taken("p-1")));

  it("records a capture once", () => aggregate(Payment).given(taken("p-1")).when(record("p-1")).thenEvents());

  it("records a second capture, even one too many", () =>
    aggregate(Payment).given(taken("p-1")).when(record("p-2")).thenEvents(taken("p-2")));

  it("records a refusal, once", () => {
    const refused = PaymentRefused.of({ reason: "no funds" });
    aggregate(Payment).when(refuse).thenEvents(refused);
    aggregate(Payment).given(refused).when(refuse).thenEvents();
  });

  it("is of more than nothing, and has an id", () => {
    aggregate(Payment)
      .when(RecordPayment.of({ aggregateId: "7", paymentId: "", amount: 0 }))
      .thenRejects(InvalidCommand, /paymentId[^]*amount/);
  });
});

describe("the request for a payment", () => {
  const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
  const ofOrder7 = { streamName: "order-7" };

  /** A provider that gives one answer to all, and keeps what it was asked. */
  function providerThat(answer: () => Promise<PaymentAnswer>) {
    const asked: PaymentRequest[] = [];
    const gateway: PaymentGateway = {
      request: (request) => {
        asked.push(request);
        return answer();
      },
    };
    return { asked, story: reactor(new RequestPayment(gateway)).when(placed, ofOrder7) };
  }
  const captures = (...ids: string[]) => ({ captures: ids.map((paymentId) => ({ paymentId, amount: 40 })) });

  it("asks for the order's total, and records what was captured", async () => {
    const { asked, story } = providerThat(() => Promise.resolve(captures("p-1")));
    await story.thenCommands(record("p-1"));
    expect(asked).to.have.length(1);
    expect(asked[0]).to.include({ orderId: "7", amount: 40 });
  });

  it("records every capture, and none when there was none", async () => {
    await providerThat(() => Promise.resolve(captures("p-1", "p-2"))).story.thenCommands(record("p-1"), record("p-2"));
    await providerThat(() => Promise.resolve(captures())).story.thenCommands();
  });

  it("records a refusal", () =>
    providerThat(() => Promise.resolve({ refused: "no funds" })).story.thenCommands(refuse));

  it("asks under the same key when the event is delivered again", async () => {
    const { asked, story } = providerThat(() => Promise.resolve(captures()));
    await story.thenCommands();
    await story.thenCommands();
    expect(asked[0]!.idempotencyKey).to.match(/^[0-9a-f-]{36}$/);
    expect(asked[1]!.idempotencyKey).to.equal(asked[0]!.idempotencyKey);
  });

  it("fails, to be tried again, when the provider cannot be reached", () =>
    providerThat(() => Promise.reject(new TypeError("fetch failed"))).story.thenFails(TypeError, /fetch failed/));

  it("fails when the provider's answer makes no sense", () =>
    providerThat(() => Promise.resolve({ captures: [{ paymentId: "p-1", amount: -1 }] })).story.thenFails(
      InvalidCommand,
    ));
});

describe("the second request for a payment", () => {
  const missing = (slot: string, observer = "order-to-cash") =>
    CounterpartMissing.of({ observer, slot, case: "process-7" });

  const upcasters = new Upcasters(ordering.upcasters, [OrderPlaced]);

  async function placed(data: object, schemaVersion = 2) {
    const store = new MemoryEventStore();
    const metadata = { $correlationId: "process-7", schemaVersion };
    await store.append("order-7", [{ id: randomId(), type: "ordering.OrderPlaced", data, metadata }], {
      expectedRevision: "no_stream",
    });
    return store;
  }

  const orders: readonly [what: string, data: object, schemaVersion: number][] = [
    ["the order", { total: 40, currency: "EUR" }, 2],
    ["an order of version 1", { amount: "40" }, 1],
  ];
  for (const [what, data, schemaVersion] of orders)
    it(`follows the flag that it did not come, for ${what} of that process`, async () => {
      const asked: PaymentRequest[] = [];
      const gateway: PaymentGateway = {
        request: async (request) => {
          asked.push(request);
          return { captures: [{ paymentId: "p-1", amount: 40 }] };
        },
      };
      const story = reactor(new AskAgain(gateway, await placed(data, schemaVersion), upcasters)).when(
        missing("payment"),
      );
      await story.thenCommands(record("p-1"));
      await story.thenCommands(record("p-1"));
      expect(asked.map(({ orderId, amount }) => [orderId, amount])).to.deep.equal([
        ["7", 40],
        ["7", 40],
      ]);
      expect(asked[0]!.idempotencyKey, "asked once more, however often the flag is delivered").to.equal(
        asked[1]!.idempotencyKey,
      );
    });

  it("does not follow what is missing elsewhere, nor where no order is known", async () => {
    const gateway: PaymentGateway = { request: () => Promise.reject(new Error("nobody should ask")) };
    await reactor(new AskAgain(gateway, await placed({ total: 40 }), upcasters))
      .when(missing("shipment"))
      .thenCommands();
    await reactor(new AskAgain(gateway, await placed({ total: 40 }), upcasters))
      .when(missing("payment", "another-observer"))
      .thenCommands();
    await reactor(new AskAgain(gateway, new MemoryEventStore(), upcasters))
      .when(missing("payment"))
      .thenCommands();
  });
});
