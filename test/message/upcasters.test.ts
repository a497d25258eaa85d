/** Old shapes become the present one step by step; what no step leads on from stops in sight. */

import { expect } from "chai";
import {
  contentsOf,
  DomainEvent,
  EventTooNew,
  RecordedEvent,
  UndecodableEvent,
  upcaster,
  Upcasters,
} from "../../src/index.js";

class Placed extends DomainEvent("shop.Placed", { version: 3 }) {
  readonly total!: number;
  readonly currency!: string;
}

/** A reader's contract: it leaves the version to others. */
class PlacedContract extends DomainEvent("shop.Placed") {
  readonly total!: number;
}

const toTwo = upcaster("shop.Placed", { from: 1 }, ({ amount }: { amount: string }) => ({ total: Number(amount) }));
const toThree = upcaster("shop.Placed", { from: 2 }, (data: { total: number }) => ({ ...data, currency: "EUR" }));

const recorded = (schemaVersion: number, data: unknown, contentType = "application/json") =>
  new RecordedEvent(
    "id",
    "order-7",
    "shop.Placed",
    4,
    17,
    0,
    schemaVersion,
    undefined,
    undefined,
    false,
    contentType,
    contentsOf(data, () => ({})),
  );

describe("upcasters", () => {
  const upcasters = new Upcasters([toThree, toTwo], [Placed, PlacedContract]);

  it("are in order when every step is there, in whatever order they were registered", () => {
    expect(upcasters.problems).to.deep.equal([]);
    expect(upcasters.versionOf("shop.Placed")).to.equal(3);
    expect(upcasters.versionOf("shop.Other")).to.equal(1);
  });

  it("lead each old version to the present one", () => {
    for (const [version, data] of [
      [1, { amount: "40" }],
      [2, { total: 40 }],
      [3, { total: 40, currency: "EUR" }],
    ] as const) {
      const placed = upcasters.decode(recorded(version, data), Placed);
      expect(placed).to.be.instanceOf(Placed);
      expect({ ...placed }).to.deep.equal({ total: 40, currency: "EUR" });
    }
  });

  it("serve a reader's contract class, which states no version", () => {
    expect(upcasters.decode(recorded(1, { amount: "40" }), PlacedContract).total).to.equal(40);
    const contractAlone = new Upcasters([toTwo, toThree], [PlacedContract]);
    expect(contractAlone.problems).to.deep.equal([]);
    expect(contractAlone.decode(recorded(1, { amount: "40" }), PlacedContract).total).to.equal(40);
  });

  it("make events that refuse to be changed, at every depth", () => {
    const event = upcasters.decode(recorded(3, { total: 1, currency: "EUR", lines: [{ n: 1 }] }), Placed);
    expect(() => ((event as { total: number }).total = 2)).to.throw(TypeError);
    expect(() => ((event as unknown as { lines: { n: number }[] }).lines[0]!.n = 2)).to.throw(TypeError);
  });

  it("refuse an event that is newer than they know", () => {
    expect(() => upcasters.decode(recorded(4, {}), Placed))
      .to.throw(
        EventTooNew,
        "order-7, revision 4: shop.Placed was recorded with schema version 4, this process knows up to 3",
      )
      .that.includes({ found: 4, known: 3 });
  });

  it("refuse an event whose step is missing", () => {
    expect(() => new Upcasters([toThree], [Placed]).decode(recorded(1, {}), Placed)).to.throw(
      UndecodableEvent,
      "order-7: revision 4 (shop.Placed) has version 1 and no upcaster leads on from there. Register one.",
    );
  });

  it("name the event and the step when a step throws, and keep what was thrown", () => {
    const boom = new Error("no amount");
    const throwing = upcaster("shop.Placed", { from: 1 }, () => {
      throw boom;
    });
    expect(() => new Upcasters([throwing, toThree], [Placed]).decode(recorded(1, {}), Placed))
      .to.throw(
        UndecodableEvent,
        "order-7: revision 4 (shop.Placed) could not be upcast from version 1: Error: no amount",
      )
      .with.property("cause", boom);
  });

  it("refuse a step that leads to no object", () => {
    for (const nothing of [undefined, null, 7, "text"]) {
      const step = upcaster("shop.Placed", { from: 1 }, (() => nothing) as never);
      expect(() => new Upcasters([step, toThree], [Placed]).decode(recorded(1, {}), Placed)).to.throw(
        UndecodableEvent,
        "was upcast from version 1 to something that is no object. Correct the upcaster.",
      );
    }
  });

  it("refuse data that is no JSON object where a class needs one", () => {
    expect(() => upcasters.decode(recorded(3, "text"), Placed)).to.throw(
      UndecodableEvent,
      "is not a JSON object; Placed needs one",
    );
    expect(() => upcasters.decode(recorded(3, null), Placed)).to.throw(UndecodableEvent, "is not a JSON object");
    expect(() => upcasters.decode(recorded(3, new Uint8Array([1]), "application/pdf"), Placed)).to.throw(
      UndecodableEvent,
      "is application/pdf; Placed needs one",
    );
  });
});

describe("what is wrong with upcasters", () => {
  const problemsOf = (...args: ConstructorParameters<typeof Upcasters>) => new Upcasters(...args).problems;

  it("is a gap, each one", () => {
    class Five extends DomainEvent("shop.Placed", { version: 5 }) {}
    expect(problemsOf([toTwo, upcaster("shop.Placed", { from: 4 }, (data: object) => data)], [Five])).to.deep.equal([
      "shop.Placed has version 5 but no upcaster from version 2. Register one.",
      "shop.Placed has version 5 but no upcaster from version 3. Register one.",
    ]);
  });

  it("is a version that the steps do not lead to", () => {
    expect(problemsOf([toTwo], [Placed])).to.deep.equal([
      "shop.Placed has version 3, its upcasters lead to 2. Add the missing steps or correct the version.",
      "shop.Placed has version 3 but no upcaster from version 2. Register one.",
    ]);
  });

  it("is a step that is there twice", () => {
    expect(problemsOf([toTwo, toTwo, toThree], [Placed])).to.deep.equal([
      "shop.Placed has two upcasters from version 1. Keep one.",
    ]);
  });

  it("is two classes that state different versions", () => {
    class Two extends DomainEvent("shop.Placed", { version: 2 }) {}
    expect(problemsOf([toTwo], [Two, Placed])).to.include(
      "shop.Placed is declared with versions 2 and 3. Readers' contracts may leave theirs out.",
    );
  });

  for (const version of [0, -1, 1.5, NaN, Infinity, 20_261_123]) {
    it(`is version ${version} of an event, and the check comes to an end`, () => {
      class Odd extends DomainEvent("shop.Odd", { version }) {}
      expect(problemsOf([], [Odd])).to.deep.equal([
        `shop.Odd declares version ${version}. Versions are whole numbers from 1 to 1000.`,
      ]);
    });

    it(`is a step from version ${version}, and the check comes to an end`, () => {
      expect(problemsOf([upcaster("shop.Odd", { from: version }, (data: object) => data)])).to.deep.equal([
        `An upcaster of shop.Odd starts from version ${version}. Versions are whole numbers from 1 to 1000.`,
      ]);
    });
  }
});
