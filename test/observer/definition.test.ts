import { expect } from "chai";
import { after, definitionProblems, DomainEvent, Expectation, ObserverReadModel, whenever } from "../../src/index.js";
import type { ObserverOptions } from "../../src/index.js";
import { definitionOf } from "../../src/observer/definition.js";
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

  it("has counts that can be met", () => {
    const atLeast = (min: number | string) => problemsOf(() => ({ paid: sound().paid.atLeast(min) }));
    for (const min of [0, 1, 2, "data.parcels", "metadata.count"]) expect(atLeast(min)).to.deep.equal([]);
    for (const min of [-1, 1.5, Number.NaN, Infinity])
      expect(atLeast(min)).to.deep.equal([`Watch.paid expects at least ${min}. Use a whole number from 0.`]);
    const paths = `Write "data.…", "metadata.…", "stream.name", "stream.category", "stream.id" or "id".`;
    expect(atLeast("parcels")).to.deep.equal([
      `Watch.paid expects at least as many as a path says that is "parcels", which is no path. ${paths}`,
    ]);
    expect(problemsOf(() => ({ paid: sound().paid.atMost("parcels") }))).to.deep.equal([
      `Watch.paid expects at most as many as a path says that is "parcels", which is no path. ${paths}`,
    ]);
    expect(problemsOf(() => ({ paid: sound().paid.atLeast(3).atMost(2) }))).to.deep.equal([
      "Watch.paid expects at least 3 and at most 2 counterparts. Turn them round.",
    ]);
    for (const [min, max] of [
      [2, 2],
      [0, 1],
      [3, "data.n"],
      ["data.n", 1],
    ] as const)
      expect(problemsOf(() => ({ paid: sound().paid.atLeast(min).atMost(max) }))).to.deep.equal([]);
    // One counterpart is enough unless stated otherwise.
    expect(problemsOf(() => ({ paid: sound().paid.atMost(1) }))).to.deep.equal([]);
  });

  it("concerns somebody, in words that everybody knows", () => {
    const { paid } = sound();
    expect(
      problemsOf(() => ({ paid: paid.owner("shop").severity("info").runbook("https://example.com/x") })),
    ).to.deep.equal([]);
    expect(
      problemsOf(() => ({
        paid: paid
          .owner(" ")
          .severity("page" as "info")
          .runbook("see wiki"),
      })),
    ).to.deep.equal([
      "Watch.paid has an owner without a name. Name one, or none.",
      'Watch.paid has severity "page". Use "info", "warning" or "critical".',
      'Watch.paid has a runbook that is no link: "see wiki". Write its URL.',
    ]);
  });

  it("has names that flags can carry", () => {
    for (const name of ["paid", "Paid2", "_paid", "$paid", "gezählt"])
      expect(problemsOf(() => ({ [name]: sound().paid }))).to.deep.equal([]);
    for (const name of ["not paid", "paid#2", "2paid", "paid[x]", "paid-late", ""])
      expect(problemsOf(() => ({ [name]: sound().paid }))).to.deep.equal([
        `Watch.${name} is no name that flags can carry. Use letters, digits, "_" and "$", and no name of what every object has, such as toString.`,
      ]);
  });

  it("awaits triggers, and escalates, after durations", () => {
    for (const duration of [{ minutes: -1 }, { fortnights: 1 }, { days: Infinity }])
      expect(problemsOf(() => ({ paid: sound().paid.orphanWithin(duration as object) }))).to.deep.equal([
        "Watch.paid has an orphanWithin that is no duration. Write orphanWithin({ minutes: 15 }).",
      ]);
    expect(problemsOf(() => ({ paid: sound().paid.orphanWithin({}) }))).to.deep.equal([]);
    const steps = (...all: object[]) => problemsOf(() => ({ paid: sound().paid.escalating(...(all as [object])) }));
    expect(steps({ minutes: 1 }, { minutes: 2 }, { hours: 1 })).to.deep.equal([]);
    expect(steps({})).to.deep.equal([]);
    for (const wrong of [
      [{ minutes: 2 }, { minutes: 1 }],
      [{ minutes: 1 }, { seconds: 60 }],
      [{ minutes: -1 }],
      [{ minutes: 1 }, { fortnights: 1 }],
      [{ days: Infinity }],
    ])
      expect(steps(...wrong)).to.deep.equal([
        "Watch.paid escalates in steps that are no ascending durations. Write escalating({ hours: 1 }, { hours: 4 }).",
      ]);
  });

  it("tells runs apart in one way, by paths", () => {
    expect(problemsOf(() => ({ paid: sound().paid.eachTime().per("data.id") }))).to.deep.equal([
      "Watch.paid tells its runs apart by rounds and by pairs. Use eachTime() or per(…), not both.",
    ]);
    expect(problemsOf(() => ({ paid: sound().paid.flagRepeats().per("data.id") }))).to.deep.equal([]);
    expect(problemsOf(() => ({ paid: sound().paid.eachTime() }))).to.deep.equal([]);
    const [problem, ...others] = problemsOf(() => ({
      paid: sound().paid.per({ trigger: "data.id", counterpart: "order", unless: "id" }),
    }));
    expect(problem).to.match(/^Watch\.paid: the path of its counterpart is "order", which is no path\. /);
    expect(others).to.deep.equal([]);
  });

  describe("with one expectation after another", () => {
    const sequence = (
      change: (first: Expectation) => Expectation,
      then: (second: Expectation) => Expectation = (each) => each,
    ) =>
      problemsOf(() => {
        const paid = change(sound().paid);
        return { paid, sent: then(after(paid).expect("shop.Sent").within({ days: 1 })) };
      });

    it("needs it to be a field of the same class", () => {
      expect(sequence((paid) => paid)).to.deep.equal([]);
      expect(problemsOf(() => ({ sent: after(sound().paid).expect("shop.Sent").within({ days: 1 }) }))).to.deep.equal([
        "Watch.sent comes after an expectation that is no field of Watch. Write after(this.field).",
      ]);
    });

    it("needs it to have one run, and has no trigger of its own", () => {
      for (const change of [(paid: Expectation) => paid.eachTime(), (paid: Expectation) => paid.per("id")])
        expect(sequence(change)).to.deep.equal([
          "Watch.sent comes after paid, which has several runs. Let it come after one that has not.",
        ]);
      expect(sequence((paid) => paid.flagRepeats())).to.deep.equal([]);
      for (const then of [
        (sent: Expectation) => sent.flagRepeats(),
        (sent: Expectation) => sent.eachTime(),
        (sent: Expectation) => sent.per("id"),
        (sent: Expectation) => sent.atLeast("data.n"),
        (sent: Expectation) => sent.atMost("data.n"),
      ])
        expect(sequence((paid) => paid, then)).to.deep.equal([
          "Watch.sent has no trigger of its own to repeat, to tell apart, or to read a number from. Begin it with whenever(…).",
        ]);
      expect(
        sequence(
          (paid) => paid,
          (sent) => sent.times(2),
        ),
      ).to.deep.equal([]);
    });
  });

  it("begins somewhere", () => {
    const at: unknown[] = [
      "beginning",
      "now",
      { time: "2026-01-01T00:00:00Z" },
      { position: "0" },
      { position: "1234" },
    ];
    for (const from of at) expect(problemsOf(sound, { from } as object)).to.deep.equal([]);
    for (const from of ["end", 7, null, { time: "yesterday" }, { position: "-1" }, { position: "1x" }, {}])
      expect(problemsOf(sound, { from } as object)).to.deep.equal([
        `Watch has from ${JSON.stringify(from)}. Use "beginning", "now", { time: "2026-01-01T00:00:00Z" } or { position: "1234" }.`,
      ]);
  });

  it("finds keys by paths, and by aliases that some event tells", () => {
    const told = { "shop.Ordered": { key: "data.order", alias: "data.payment" }, "shop.Paid": { via: "data.payment" } };
    expect(problemsOf(sound, { key: "data.order", keys: told })).to.deep.equal([]);
    expect(problemsOf(sound, { keys: { "shop.Paid": "data.order", "shop.Ordered": { key: "id" } } })).to.deep.equal([]);
    const wrong = {
      "shop.Ordered": { key: "order", alias: "payment" },
      "shop.Paid": { via: "pay" },
    };
    const places = problemsOf(sound, { key: "of", keys: wrong }).map(
      (problem) => problem.split(", which is no path")[0],
    );
    expect(places).to.deep.equal([
      'Watch: key is "of"',
      'Watch: keys["shop.Ordered"].key is "order"',
      'Watch: keys["shop.Ordered"].alias is "payment"',
      'Watch: keys["shop.Paid"].via is "pay"',
    ]);
    const untold = { "shop.Paid": { via: "data.payment" }, "shop.Ordered": { key: "id" } } as const;
    expect(problemsOf(sound, { keys: untold })).to.deep.equal([
      "Watch finds keys via an alias that no event tells. Write { key, alias } for the event that does.",
    ]);
  });

  it("has keys for events that it reads, and for such as tell an alias", () => {
    const telling = { "shop.Booked": { key: "data.order", alias: "data.payment" } };
    expect(problemsOf(sound, { keys: telling })).to.deep.equal([]);
    expect(problemsOf(sound, { keys: { ...telling, "shop.Payed": "data.order" } })).to.deep.equal([
      'Watch has a key for "shop.Payed", which no expectation of it names (they name shop.Ordered, shop.Paid). Correct the type, or remove the key.',
    ]);
  });

  it("says whether its cases have correlation ids for keys", () => {
    const joins = (options: object) => definitionOf(declared(sound, options)).joinsByCorrelation;
    expect(joins({})).to.equal(true);
    expect(joins({ keys: { "shop.Paid": "data.order" } })).to.equal(true);
    expect(joins({ keys: { "shop.Paid": "data.order", "shop.Ordered": "data.id" } })).to.equal(false);
    expect(joins({ key: "data.order" })).to.equal(false);
  });

  it("closes cases before it forgets them", () => {
    expect(problemsOf(sound, { closeAfter: { days: 1 }, forgetAfter: { days: 1 } })).to.deep.equal([]);
    expect(problemsOf(sound, { closeAfter: {} })).to.deep.equal([]);
    expect(problemsOf(sound, { forgetAfter: { days: 1 } })).to.deep.equal([
      "Watch states forgetAfter without closeAfter: what is never closed is never forgotten. State both.",
    ]);
    for (const option of ["closeAfter", "forgetAfter"] as const)
      expect(problemsOf(sound, { closeAfter: {}, forgetAfter: {}, [option]: { fortnights: 1 } })).to.deep.equal([
        `Watch has a ${option} that is no duration. Write { minutes: 5 }.`,
      ]);
  });

  it("says which cases it concerns, and which versions came before it", () => {
    for (const applyTo of ["new", "open", "all"] as const) expect(problemsOf(sound, { applyTo })).to.deep.equal([]);
    expect(problemsOf(sound, { applyTo: "some" } as object)).to.deep.equal([
      'Watch has applyTo "some". Use "new", "open" or "all".',
    ]);
    const earlier = declared(sound, { version: 1 }).type as never;
    expect(problemsOf(sound, { version: 2, previous: [earlier] })).to.deep.equal([]);
    const problem =
      "Watch names Watch as previous, which is no earlier version of the observer watch. Name the classes of its earlier versions.";
    expect(problemsOf(sound, { previous: [earlier] })).to.deep.equal([problem]);
    expect(problemsOf(sound, { version: 1, previous: [earlier] })).to.deep.equal([problem]);
    const other = declared(sound, { name: "other" }).type as never;
    expect(problemsOf(sound, { version: 2, previous: [other] })).to.deep.equal([problem]);
    class Plain {}
    expect(problemsOf(sound, { version: 2, previous: [Plain] })).to.deep.equal([
      problem.replace("Watch as", "Plain as"),
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
