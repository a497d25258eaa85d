/** How an operator calls a subscription. */

import { expect } from "chai";
import { AmbiguousSubscription, subscriptionNamed, UnknownSubscription } from "../../src/index.js";

describe("a subscription by its name", () => {
  const all = [
    { kind: "projection", name: "orders", subscription: "read-model:orders" },
    { kind: "reactor", name: "orders", subscription: "reactor:orders" },
    { kind: "notification", name: "ops", subscription: "notification:ops" },
  ] as const;

  it("is the one of that name, of whatever kind", () => expect(subscriptionNamed(all, "ops")).to.equal(all[2]));

  it("is told from others of that name by its kind", () => {
    expect(() => subscriptionNamed(all, "orders")).to.throw(
      AmbiguousSubscription,
      "orders: expected the name of one subscription, found a projection and a reactor. Say which: projection:orders or reactor:orders.",
    );
    expect(subscriptionNamed(all, "reactor:orders")).to.equal(all[1]);
    expect(subscriptionNamed(all, "projection:orders")).to.equal(all[0]);
    expect(subscriptionNamed(all, "read-model:orders")).to.equal(all[0]);
  });

  it("is unknown when there is none", () =>
    expect(() => subscriptionNamed(all, "observer:orders")).to.throw(
      UnknownSubscription,
      "There is no projection, observer, reactor or notification observer:orders. Known: orders, orders, ops.",
    ));
});
