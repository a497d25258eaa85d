/** Stories of an observer tell the truth: one that does not hold fails, and says what came instead. */

import { AssertionError } from "node:assert";
import { expect } from "chai";
import { PaymentTaken } from "../../domains/billing/index.js";
import { CancelOrder, OrderCancelled, OrderPlaced } from "../../domains/ordering/index.js";
import { LoanApplications } from "../../projections/loan-applications.js";
import { OrderToCash } from "../../projections/order-to-cash.js";
import { DomainEvent, Observer, whenever } from "../../src/index.js";
import { observer } from "../../src/testing/index.js";
import { failureOf } from "./failure.js";

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
const cancelled = OrderCancelled.of({ reason: "mistake" });
const paid = PaymentTaken.of({ paymentId: "p-1", amount: 40 });

describe("a story of an observer", () => {
  const story = observer(OrderToCash).given(placed);
  const missing = { slot: "payment", kind: "Missing" } as const;

  it("raises a flag once time has passed the deadline, not at it", () => {
    story.after({ seconds: 5 }).thenFlags();
    story.after({ seconds: 5, milliseconds: 1 }).thenFlags(missing);
    story.after({ seconds: 5 }).after({ minutes: 1 }).thenFlags(missing);
  });

  it("takes what comes in time, late, twice, or as a waiver", () => {
    story.after({ seconds: 5 }).given(paid).after({ days: 1 }).thenFlags();
    story.after({ seconds: 6 }).given(paid).thenFlags(missing, { slot: "payment", kind: "LateArrival" });
    story.given(paid, paid).thenFlags({ slot: "payment", kind: "Duplicate" });
    story.given(cancelled).after({ days: 1 }).thenFlags();
  });

  it("keeps cases apart by correlation id, and can name them", () => {
    const two = observer(OrderToCash).given(
      { event: placed, correlationId: "b" },
      { event: placed, correlationId: "a" },
    );
    two.after({ minutes: 1 }).thenFlags({ ...missing, case: "a" }, { ...missing, case: "b" });
    two
      .given({ event: paid, correlationId: "a" })
      .after({ minutes: 1 })
      .thenFlags({ ...missing, case: "b" });
    two.given({ event: paid, correlationId: undefined }).after({ minutes: 1 }).thenFlags(missing, missing);
  });

  it("fails when other flags are raised, and says which", () => {
    const late = story.after({ minutes: 16 });
    expect(failureOf(() => late.thenFlags())).to.match(
      /^OrderToCash raised other flags than expected\.\n[^]*case: 'given'[^]*kind: 'Missing'/,
    );
    failureOf(() => late.thenFlags({ slot: "payment", kind: "LateArrival" }));
    failureOf(() => late.thenFlags(missing, missing));
    failureOf(() => late.thenFlags({ ...missing, case: "another" }));
    failureOf(() => story.thenFlags(missing));
  });

  it("skips imported history as the observer does", () => {
    observer(OrderToCash).given({ event: placed, imported: true }).after({ days: 1 }).thenFlags();
  });

  it("judges business time where the observer does, by stored type names", () => {
    const at = (hour: number) => ({ occurredAt: new Date(Date.UTC(2012, 0, 1, hour)), imported: true });
    const approved = { event: "A_APPROVED", ...at(0) };
    observer(LoanApplications)
      .given(approved, { event: "O_ACCEPTED", ...at(1) })
      .after({ days: 1 })
      .thenFlags();
    observer(LoanApplications)
      .given(approved, { event: "O_ACCEPTED", ...at(2) })
      .thenFlags({ slot: "offerAccepted", kind: "Missing" }, { slot: "offerAccepted", kind: "LateArrival" });
    observer(LoanApplications).given(approved).after({ days: 1 }).thenFlags();
  });

  it("is refused for an observer that the model would refuse", () => {
    class Never extends DomainEvent("shop.Never") {}
    @Observer({ name: "never" })
    class NeverObserved {
      readonly never = whenever(Never).expect(Never).within({ days: 1 });
    }
    expect(() => observer(NeverObserved)).to.throw(/names shop\.Never more than once/);
  });

  it("knows commands from events", () => {
    expect(() =>
      observer(OrderToCash)
        .given(CancelOrder.of({ aggregateId: "7", reason: "x" }) as never)
        .thenFlags(),
    ).to.throw(AssertionError, "ordering.CancelOrder is a command; a story is given events.");
  });
});
