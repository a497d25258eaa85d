/** Messages: made whole, never changed, told apart by their type name. */

import { expect } from "chai";
import { Command, DomainEvent } from "../../src/index.js";

interface Line {
  readonly article: string;
  readonly quantity: number;
}

class BasketFilled extends DomainEvent("shop.BasketFilled", { version: 3 }) {
  readonly lines!: readonly Line[];
  readonly note?: string;
}

class BasketEmptied extends DomainEvent("shop.BasketEmptied") {}

class FillBasket extends Command("shop.FillBasket") {
  readonly lines!: readonly Line[];
}

const lines = () => [{ article: "tea", quantity: 2 }];

describe("a message", () => {
  it("holds its fields, its kind and its type", () => {
    const filled = BasketFilled.of({ lines: lines() });
    expect(filled).to.be.instanceOf(BasketFilled);
    expect(filled.kind).to.equal("event");
    expect(filled.type).to.equal("shop.BasketFilled");
    expect(filled.lines).to.deep.equal(lines());
    expect(FillBasket.of({ aggregateId: "b-1", lines: lines() })).to.include({ kind: "command", aggregateId: "b-1" });
  });

  it("is written to JSON as its fields alone", () => {
    expect(JSON.parse(JSON.stringify(BasketFilled.of({ lines: lines() })))).to.deep.equal({ lines: lines() });
  });

  it("states its type on its class, and the version that new events have", () => {
    expect(BasketFilled.type).to.equal("shop.BasketFilled");
    expect(BasketFilled.version).to.equal(3);
    expect(BasketEmptied.version, "left to others").to.equal(undefined);
  });

  it("refuses to be changed, at every depth", () => {
    const filled = BasketFilled.of({ lines: lines() }) as unknown as { lines: { quantity: number }[]; note?: string };
    expect(() => (filled.lines = [])).to.throw(TypeError);
    expect(() => (filled.note = "new")).to.throw(TypeError);
    expect(() => filled.lines.push({ quantity: 1 })).to.throw(TypeError);
    expect(() => (filled.lines[0]!.quantity = 7)).to.throw(TypeError);
  });

  it("refuses to be changed below what the caller had frozen already", () => {
    const filled = BasketFilled.of({ lines: Object.freeze(lines()) }) as { lines: readonly { quantity: number }[] };
    expect(() => (filled.lines[0]!.quantity = 7)).to.throw(TypeError);
  });

  it("can be made of fields that refer to each other", () => {
    const first: { article: string; quantity: number; twin?: object } = { article: "tea", quantity: 1 };
    const second = { article: "tea", quantity: 1, twin: first };
    first.twin = second;
    expect(Object.isFrozen((BasketFilled.of({ lines: [first] }).lines[0] as typeof first).twin)).to.equal(true);
  });

  it("leaves bytes as they are, which cannot be frozen", () => {
    class FileStored extends DomainEvent("shop.FileStored") {
      readonly bytes!: Uint8Array;
    }
    expect(FileStored.of({ bytes: new Uint8Array([1, 2]) }).bytes).to.deep.equal(new Uint8Array([1, 2]));
  });

  it("differs from another with the same fields by its type", () => {
    class Reopened extends DomainEvent("shop.Reopened") {}
    expect(Reopened.of({})).to.not.be.instanceOf(BasketEmptied);
    expect(Reopened.of({}).type).to.not.equal(BasketEmptied.of({}).type);
  });
});
