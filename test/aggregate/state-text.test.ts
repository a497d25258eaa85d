/** What state text gives back is what was there; what JSON would change is named. */

import { expect } from "chai";
import fc from "fast-check";
import { restoreState, stateText } from "../../src/aggregate/state-text.js";
import { runs } from "../runs.js";

/** Which of the objects below are frozen, in the order of fields. */
const frozenness = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? [Object.isFrozen(value), Object.entries(value).map(([key, part]) => [key, frozenness(part)])]
    : value;

const anyValue = fc.letrec((value) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.constantFrom(null, true, false),
    fc
      .tuple(fc.array(value("any"), { maxLength: 4 }), fc.boolean())
      .map(([parts, isFrozen]) => (isFrozen ? Object.freeze(parts) : parts)),
    fc
      .tuple(
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "toJSON", "1")), value("any"), { maxKeys: 4 }),
        fc.boolean(),
      )
      .map(([fields, isFrozen]) => {
        const plain = Object.fromEntries(Object.entries(fields));
        return isFrozen ? Object.freeze(plain) : plain;
      }),
  ),
})).any;

describe("the text of a state", () => {
  it("gives back whatever JSON keeps: values, the order of fields, what is frozen, what is undefined", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.oneof(anyValue, fc.constant(undefined))), { maxLength: 5 }),
        fc.array(fc.string(), { maxLength: 2 }),
        (fields, initial) => {
          const state = Object.fromEntries(fields);
          const text = stateText(state);
          expect(text).to.be.a("string");
          // Fields that a new instance has, and the state has no more, are gone.
          const restored = Object.fromEntries(initial.map((name) => [name, "initial"]));
          restoreState(restored, text as string);
          expect(restored).to.deep.equal(state);
          expect(frozenness(restored)).to.deep.equal(frozenness(state));
        },
      ),
      { numRuns: runs(300, 10_000) },
    );
  });

  it("lets what cannot change be in two places", () => {
    const address = Object.freeze({ city: "Delft" });
    const restored = {} as { from: object; to: object };
    restoreState(restored, stateText({ from: address, to: address }) as string);
    expect(restored).to.deep.equal({ from: address, to: address });
    expect(Object.isFrozen(restored.to)).to.equal(true);
  });

  class Money {}
  const shared = { n: 1 };
  const circle: { parts: unknown[] } = { parts: [] };
  circle.parts.push(circle);
  const hidden = Object.defineProperty({}, "secret", { value: 1 });
  const deep = Array.from({ length: 600 }).reduce<object>((inside) => ({ inside }), {});
  class More extends Array<number> {}
  const odd = "a field with a symbol for a name, an accessor, hidden or read-only";
  const refused: readonly [what: string, state: object, place: string, found: string][] = [
    ["a date", { at: new Date(0) }, "at", "a Date"],
    ["a map", { lines: new Map() }, "lines", "a Map"],
    ["a set, deep inside", { lines: [{ tags: new Set() }] }, "lines[0].tags", "a Set"],
    ["a class instance", { price: new Money() }, "price", "a Money"],
    ["an array of another class", { more: new More() }, "more", "a More"],
    ["bytes", { bytes: new Uint8Array() }, "bytes", "an Uint8Array"],
    [
      "an object without a prototype",
      { byKey: Object.create(null) as object },
      "byKey",
      "an object without a prototype",
    ],
    ["a large integer", { total: 1n }, "total", "a bigint"],
    ["a function", { rule: () => true }, "rule", "a function"],
    ["a symbol", { kind: Symbol("x") }, "kind", "a symbol"],
    ["what is no number", { total: Number.NaN }, "total", "NaN"],
    ["infinity", { total: -Infinity }, "total", "-Infinity"],
    ["a zero below zero", { total: -0 }, "total", "-0"],
    ["undefined inside", { order: { note: undefined } }, "order.note", "undefined"],
    ["undefined in an array", { notes: [undefined] }, "notes[0]", "undefined"],
    ["a hole", { notes: Object.assign([], { length: 3 }) }, "notes", "an array with holes, or with fields"],
    [
      "an array with fields",
      { notes: Object.assign([1], { by: "me" }) },
      "notes",
      "an array with holes, or with fields",
    ],
    ["one object in two places", { a: shared, b: [shared] }, "b[0]", "an object that is in another place too"],
    ["a circle", circle, "parts[0].parts", "an object that holds itself"],
    [
      "an accessor",
      {
        order: {
          get total() {
            return 1;
          },
        },
      },
      "order.total",
      odd,
    ],
    ["a hidden field", { order: hidden }, "order.secret", odd],
    ["a field that a symbol names", { [Symbol("x")]: 1 }, "Symbol(x)", odd],
    [
      "a sealed object",
      { order: Object.seal({ n: 1 }) },
      "order",
      "an object that takes no more fields, and is not frozen",
    ],
    [
      "an aggregate that takes no more fields",
      Object.preventExtensions({ n: 1 }),
      "the aggregate",
      "an object that takes no more fields, and is not frozen",
    ],
    ["what is nested without end", { deep }, `deep${".inside".repeat(500)}`, "more than 500 levels deep"],
  ];
  for (const [what, state, place, found] of refused)
    it(`names ${what}`, () => {
      expect(stateText(state)).to.deep.equal({ place, found });
    });

  it("names a circle of what is frozen", () => {
    const parts: unknown[] = [];
    const own = { parts };
    parts.push(own);
    Object.freeze(own);
    Object.freeze(parts);
    expect(stateText({ own })).to.deep.equal({ place: "own.parts[0]", found: "an object that holds itself" });
  });
});
