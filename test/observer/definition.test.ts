import { expect } from "chai";
import { definitionProblems, DomainEvent, Expectation, ObserverReadModel, whenever } from "../../src/index.js";
import type { ObserverOptions } from "../../src/index.js";
import { recordRole, roleOf, type AnyClass } from "../../src/model/index.js";

class Ordered extends DomainEvent("shop.Ordered") {}
class Paid extends DomainEvent("shop.Paid") {}

/** A class as `@Observer` marks it, also where its types would not let it compile. */
function declared(fields: () => object, options: Partial<ObserverOptions> = {}) {
  class Watch {
    constructor() {
      Object.assign(this, fields());
    }
  }
  recordRole(Watch as AnyClass, "observer", { name: "watch", ...options });
  return { type: Watch as AnyClass, role: roleOf(Watch as AnyClass)!, uses: [] };
}

const sound = () => ({ paid: whenever(Ordered).expect(Paid).within({ seconds: 5 }) });
const problemsOf = (fields: () => object, options: Partial<ObserverOptions> = {}) =>
  definitionProblems(declared(fields, options));

describe("an observer's definition", () => {
  it("has no problem when it is sound", () => {
    expect(problemsOf(sound)).to.deep.equal([]);
    expect(
      problemsOf(sound, { timeBase: "occurred", live: true, lateness: { minutes: 1 }, tolerance: { hours: 1 } }),
    ).to.deep.equal([]);
    expect(problemsOf(() => ({ paid: sound().paid.atMost(1).unless("shop.Cancelled") }))).to.deep.equal([]);
  });

  it("expects something, and by finished expectations", () => {
    expect(problemsOf(() => ({}))).to.deep.equal([
      "Watch expects nothing. Give it a field with an expectation, or do not register it.",
    ]);
    expect(problemsOf(() => ({ paid: sound().paid, limit: 7 }))).to.deep.equal([
      "Watch.limit is no finished expectation. Write whenever(…).expect(…).within(…).",
    ]);
    expect(problemsOf(() => ({ unfinished: whenever(Ordered).expect(Paid) }))).to.deep.equal([
      "Watch.unfinished is no finished expectation. Write whenever(…).expect(…).within(…).",
    ]);
  });

  it("names no slot like what every object has", () => {
    for (const name of ["toString", "hasOwnProperty"])
      expect(problemsOf(() => ({ [name]: sound().paid }))).to.deep.equal([
        `Watch.${name} is no name that flags can carry. Use letters, digits, "_" and "$", and no name of what every object has, such as toString.`,
      ]);
  });

  it("has durations and counts that mean something", () => {
    const within = (duration: object) => ({ paid: whenever(Ordered).expect(Paid).within(duration) });
    for (const duration of [{ minutes: -1 }, { fortnights: 1 }, { minutes: Number.NaN }, { days: Infinity }])
      expect(problemsOf(() => within(duration))).to.deep.equal([
        "Watch.paid has a deadline that is no duration. Write within({ minutes: 15 }).",
      ]);
    for (const max of [0, 1.5, -1])
      expect(problemsOf(() => ({ paid: sound().paid.atMost(max) }))).to.deep.equal([
        `Watch.paid allows at most ${max}. Use a whole number from 1.`,
      ]);
    for (const option of ["lateness", "tolerance"] as const)
      expect(problemsOf(sound, { timeBase: "occurred", [option]: { weeks: 1 } })).to.deep.equal([
        `Watch has a ${option} that is no duration. Write { minutes: 5 }.`,
      ]);
  });

  it("states the terms of business time only where business time decides", () => {
    const options = { lateness: { minutes: 1 }, tolerance: { minutes: 1 }, live: true };
    expect(problemsOf(sound, options)).to.deep.equal(
      ["lateness", "tolerance", "live"].map(
        (option) => `Watch states ${option}, which counts only with timeBase "occurred". Remove it.`,
      ),
    );
    expect(problemsOf(sound, { timeBase: "occurred", includeImported: false })).to.deep.equal([
      'Watch judges business time without imported history. Remove includeImported, or use timeBase "recorded".',
    ]);
  });

  it("gives each event type one part, and names every one", () => {
    expect(problemsOf(() => ({ paid: whenever(Ordered).expect(Ordered).within({ seconds: 1 }) }))).to.deep.equal([
      "Watch.paid names shop.Ordered more than once. An event type has one part in an expectation.",
    ]);
    expect(problemsOf(() => ({ paid: sound().paid.unless("a", "shop.Paid", "a") }))).to.deep.equal([
      "Watch.paid names shop.Paid more than once. An event type has one part in an expectation.",
      "Watch.paid names a more than once. An event type has one part in an expectation.",
    ]);
    expect(problemsOf(() => ({ paid: whenever("").expect(Paid).within({ seconds: 1 }) }))).to.deep.equal([
      "Watch.paid has an empty event type. Name one.",
    ]);
  });

  it("is listed, and not thrown, when the class cannot even be made", () => {
    // What an import cycle leaves behind.
    const undefinedYet = undefined as unknown as typeof Paid;
    expect(problemsOf(() => ({ paid: whenever(undefinedYet).expect(Paid).within({ seconds: 1 }) }))[0]).to.match(
      /^Watch cannot be made: .*undefined.*\. Correct it; a class that is undefined here comes of files that import each other\.$/,
    );
  });

  it("lists all its problems", () => {
    const fields = () => ({ first: 1, second: whenever("").expect("").within({ days: -1 }).atMost(0) });
    expect(problemsOf(fields, { live: true })).to.have.length(6);
  });
});

describe("the hash of an observer's definition", () => {
  const hashOf = (fields: () => object, options: Partial<ObserverOptions> = {}) =>
    new ObserverReadModel(declared(fields, options)).definition.hash;
  const terms = {
    invoice: whenever(Ordered).expect("shop.Invoiced").within({ minutes: 1 }).unless("shop.Cancelled"),
    payment: whenever(Ordered).expect(Paid).within({ seconds: 5 }).once(),
  };

  it("never changes: flags that were recorded by earlier releases depend on it", () => {
    expect(hashOf(() => terms)).to.equal("3dd396045afe0ff9adeab662282ffa94ec2dd2f36d0eac0157ec37b8b1a31bcb");
    expect(
      hashOf(() => terms, {
        version: 3,
        timeBase: "occurred",
        live: true,
        lateness: { seconds: 1 },
        tolerance: { seconds: 2 },
      }),
    ).to.equal("c0d0605b3e87da43b6e3d78d1467b65ef6294d3cd4eca917747c1683d7904362");
  });

  it("follows from what is declared, not from the order of fields or of calls, nor from how it is written", () => {
    const hash = hashOf(() => terms);
    expect(hashOf(() => ({ payment: terms.payment, invoice: terms.invoice }))).to.equal(hash);
    const rewritten = {
      payment: whenever("shop.Ordered").expect("shop.Paid").within({ milliseconds: 5_000 }).atMost(1),
      invoice: whenever("shop.Ordered").expect("shop.Invoiced").within({ seconds: 60 }).unless("shop.Cancelled"),
    };
    expect(hashOf(() => rewritten, { version: 1, timeBase: "recorded", includeImported: false })).to.equal(hash);
    const either = (expectation: Expectation) => hashOf(() => ({ payment: expectation }));
    expect(either(terms.payment.unless("x").once())).to.equal(either(terms.payment.once().unless("x")));
  });

  it("changes with every term", () => {
    const variants: [() => object, Partial<ObserverOptions>][] = [
      [() => terms, {}],
      [() => terms, { name: "other" }],
      [() => terms, { version: 2 }],
      [() => terms, { includeImported: true }],
      [() => terms, { timeBase: "occurred" }],
      [() => terms, { timeBase: "occurred", live: true }],
      [() => terms, { timeBase: "occurred", lateness: { seconds: 1 } }],
      [() => terms, { timeBase: "occurred", tolerance: { seconds: 1 } }],
      [() => ({ payment: terms.payment }), {}],
      [() => ({ ...terms, payment: terms.payment.atMost(2) }), {}],
      [() => ({ ...terms, payment: terms.payment.unless("shop.Cancelled") }), {}],
      [() => ({ ...terms, payment: whenever(Ordered).expect(Paid).within({ seconds: 6 }).once() }), {}],
      [() => ({ ...terms, payment: whenever(Ordered).expect("shop.Billed").within({ seconds: 5 }).once() }), {}],
      [() => ({ ...terms, payment: whenever("shop.Placed").expect(Paid).within({ seconds: 5 }).once() }), {}],
      [() => ({ invoice: terms.invoice, paid: terms.payment }), {}],
    ];
    expect(new Set(variants.map(([fields, options]) => hashOf(fields, options))).size).to.equal(variants.length);
  });
});
