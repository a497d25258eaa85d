import { expect } from "chai";
import { after, DomainEvent, Expectation, whenever, type Terms } from "../../src/index.js";

class Ordered extends DomainEvent("shop.Ordered") {
  readonly total!: number;
  readonly parcels!: readonly string[];
}
class Paid extends DomainEvent("shop.Paid") {
  readonly amount!: number;
}

const plain: Terms = { trigger: ["shop.Ordered"], counterpart: ["shop.Paid"], unless: [], withinMs: 60_000 };
const paid = whenever(Ordered).expect(Paid).within({ minutes: 1 });

describe("an expectation", () => {
  it("says plain data, by class or by name alike", () => {
    expect(paid.terms).to.deep.equal(plain);
    expect(whenever("shop.Ordered").expect("shop.Paid").within({ seconds: 60 }).terms).to.deep.equal(plain);
  });

  it("may have several triggers, several counterparts of which any will do, and several that waive it", () => {
    const any = whenever(Ordered, "shop.Reordered").expect(Paid, "shop.Waived").within({ minutes: 1 });
    expect(any.unless("shop.Cancelled").unless("shop.Lost", Ordered).terms).to.deep.equal({
      ...plain,
      trigger: ["shop.Ordered", "shop.Reordered"],
      counterpart: ["shop.Paid", "shop.Waived"],
      unless: ["shop.Cancelled", "shop.Lost", "shop.Ordered"],
    });
  });

  it("says how many are enough and how many are right, in numbers or by a path", () => {
    const counts = ({ terms: { min, max } }: Expectation) => [min, max];
    expect(counts(paid)).to.deep.equal([undefined, undefined]);
    expect(counts(paid.once())).to.deep.equal([undefined, 1]);
    expect(counts(paid.times(3))).to.deep.equal([3, 3]);
    expect(counts(paid.atLeast(2).atMost(4))).to.deep.equal([2, 4]);
    expect(counts(paid.times("data.parcels"))).to.deep.equal(["data.parcels", "data.parcels"]);
    // One is what is enough unless stated: so it is the same definition.
    expect(paid.atLeast(2).atLeast(1).terms).to.deep.equal(plain);
    expect(paid.times(1).terms).to.deep.equal(paid.once().terms);
  });

  it("states each further term once, whatever the order", () => {
    const terms = paid
      .inOrder()
      .flagRepeats()
      .orphanWithin({ hours: 1 })
      .flagDoneAfterCancel()
      .escalating({ hours: 1 }, { hours: 4 })
      .per("metadata.$causationId").terms;
    expect(terms).to.deep.equal({
      ...plain,
      inOrder: true,
      repeats: "flag",
      orphanWithinMs: 3_600_000,
      flagDoneAfterCancel: true,
      escalateMs: [3_600_000, 14_400_000],
      per: {
        trigger: "metadata.$causationId",
        counterpart: "metadata.$causationId",
        unless: "metadata.$causationId",
      },
    });
    expect(paid.flagRepeats().eachTime().terms.repeats, "the last word counts").to.equal("round");
    const paths = { trigger: "id", counterpart: "metadata.$causationId" };
    expect(paid.per(paths).terms.per).to.deep.equal(paths);
  });

  it("is never changed: each word makes another one", () => {
    paid.once().unless("shop.Cancelled").owner("shop");
    expect(paid.terms).to.deep.equal(plain);
    expect(paid.annotations).to.deep.equal({});
  });

  it("carries whom it concerns apart from its terms", () => {
    const { terms, annotations } = paid.owner("shop").severity("warning").runbook("https://example.com/paid");
    expect(terms).to.deep.equal(plain);
    expect(annotations).to.deep.equal({ owner: "shop", severity: "warning", runbook: "https://example.com/paid" });
  });

  it("keeps its predicates, with the types of the events that they are about", () => {
    const asking = paid
      .where((order, payment) => order.total === payment.amount)
      .agreeing(({ parcels }) => parcels.length > 0)
      .once();
    const { where, agreeing } = asking.predicates as {
      where: (a: object, b: object) => boolean;
      agreeing: (a: object, b: object) => boolean;
    };
    expect(where({ total: 1 }, { amount: 1 })).to.equal(true);
    expect(where({ total: 1 }, { amount: 2 })).to.equal(false);
    expect(agreeing({ parcels: [] }, {})).to.equal(false);
  });

  it("may begin when another one is met, whatever is said of it further", () => {
    const sent = after(paid).expect("shop.Sent").within({ days: 1 }).once().owner("shop");
    expect(sent.predecessor).to.equal(paid);
    expect(sent.terms.trigger).to.deep.equal([]);
  });
});
