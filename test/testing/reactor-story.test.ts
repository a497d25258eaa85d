/** Stories of a reactor tell the truth: one that does not hold fails, and says what came instead. */

import { AssertionError } from "node:assert";
import { expect } from "chai";
import { PaymentTaken, RecordPayment } from "../../domains/billing/index.js";
import { RequestPayment } from "../../domains/billing/request-payment.js";
import { OrderPlaced } from "../../domains/ordering/index.js";
import { reactor } from "../../src/testing/index.js";
import { rejectionOf } from "../aggregate/rejection.js";

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const paid = PaymentTaken.of({ paymentId: "p-1", amount: 40 });

describe("a story of a reactor", () => {
  const gateway = { request: () => Promise.resolve({ captures: [{ paymentId: "p-1", amount: 40 }] }) };
  const story = reactor(new RequestPayment(gateway)).when(placed, { streamName: "order-7" });
  const record = RecordPayment.of({ aggregateId: "7", paymentId: "p-1", amount: 40 });

  it("fails when other commands are sent, fewer or more", async () => {
    await story.thenCommands(record);
    const failure = await rejectionOf(story.thenCommands(), AssertionError);
    expect(failure.message).to.match(/^RequestPayment sent other commands than expected\.\n/);
    await rejectionOf(story.thenCommands(record, record), AssertionError);
    await rejectionOf(
      story.thenCommands(RecordPayment.of({ aggregateId: "8", paymentId: "p-1", amount: 40 })),
      AssertionError,
    );
  });

  it("fails when a reaction succeeds that was to fail, and says what was sent", async () => {
    const { message } = await rejectionOf(story.thenFails(TypeError), AssertionError);
    expect(message).to.match(
      /^RequestPayment reacted to ordering\.OrderPlaced\. Expected: TypeError\. It sent: billing\.RecordPayment \{/,
    );
  });

  it("lets the failure through where commands were expected", async () => {
    const failing = reactor(new RequestPayment({ request: () => Promise.reject(new TypeError("away")) }));
    await rejectionOf(failing.when(placed).thenCommands(), TypeError);
    await rejectionOf(failing.when(placed).thenFails(RangeError), AssertionError);
  });

  it("fails for an event that it does not react to, where the compiler was circumvented", async () => {
    const { message } = await rejectionOf(
      reactor(new RequestPayment(gateway))
        .when(paid as never)
        .thenCommands(),
      AssertionError,
    );
    expect(message).to.equal("RequestPayment has no method that reacts to billing.PaymentTaken.");
  });
});
