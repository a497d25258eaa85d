/** Which of the definitions of an observer its cases are explained by: the one that the rows were made by. */

import { expect } from "chai";
import { explainCase, type ObserverReadModel } from "../../src/index.js";
import { recordDefinition } from "../../src/observer/definition-log.js";
import type { SlotTerms } from "../oracle/records.js";
import { observerClass, observerOf, plainTerms } from "./feed.js";
import { Redefining } from "./redefining.js";

const payment: SlotTerms = { ...plainTerms, slot: "payment" };
const shipment: SlotTerms = { ...plainTerms, slot: "shipment", counterpart: ["c"] };
const refund: SlotTerms = { ...plainTerms, slot: "refund", counterpart: ["d"] };

describe("a case is explained", () => {
  let redefining: Redefining;
  beforeEach(async () => {
    redefining = await Redefining.open();
  });
  afterEach(() => redefining.close());

  /** A version reads what there is, and stops. */
  const live = async (observer: ObserverReadModel) => {
    const session = await redefining.start(observer);
    await session.read();
    await session.commit();
    session.kill();
  };
  const happens = (id: string, type: string, correlationId: string, recordedAtMs: number) =>
    redefining.record([{ id, type, correlationId, recordedAtMs, position: 0 }]);
  /** Cases that begin under the first and under the second version, whose rows serve. */
  const twoVersions = async (first: SlotTerms) => {
    await happens("1", "a", "earlier", 100);
    await live(redefining.next([first])());
    const second = redefining.next([payment, shipment])();
    await live(second);
    await happens("2", "a", "later", 101);
    await live(second);
  };
  const explained = async (observer: ObserverReadModel, asked: string) => {
    const { definition, slots } = (await explainCase(observer, redefining, asked))!;
    return [definition.version, ...slots.map(({ run }) => run)];
  };
  const third = [payment, shipment, refund];

  it("by the version that its rows were made by, while the code declares a later one", async () => {
    await twoVersions(payment);
    // It need not have the earlier classes: they are on record.
    const observer = observerOf(third, { declared: { version: 3 } });
    expect(await explained(observer, "earlier")).to.deep.equal([2, "payment", "shipment"]);
    expect(await explained(observer, "later")).to.deep.equal([2, "payment", "shipment"]);
  });

  it("by that also when the later one is on record, and concerns all of history", async () => {
    await twoVersions(payment);
    const later = redefining.next(third, { applyTo: "all" })();
    await recordDefinition(redefining.store, later.definition, 2);
    expect(await explained(later, "later")).to.deep.equal([2, "payment", "shipment"]);
  });

  it("by the version before, as long as the rows have not come to where theirs is defined", async () => {
    await happens("1", "a", "earlier", 100);
    await live(redefining.next([payment])());
    const second = redefining.next([payment, shipment])();
    (await redefining.start(second)).kill();
    expect(await explained(second, "earlier")).to.deep.equal([1, "payment"]);
    await live(second);
    expect(await explained(second, "earlier")).to.deep.equal([2, "payment", "shipment"]);
  });

  it("by what is at hand of them where the record does not do, because predicates are gone", async () => {
    await twoVersions({ ...payment, where: "w" });
    const second = observerClass([payment, shipment], { version: 2 });
    const knowing = observerOf(third, { declared: { version: 3, previous: [second] } });
    expect(await explained(knowing, "later")).to.deep.equal([2, "payment", "shipment"]);
    const alone = observerOf(third, { declared: { version: 3 } });
    expect((await explained(alone, "later"))[0]).to.equal(3);
  });
});
