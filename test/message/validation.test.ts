/** Commands are validated strictly, every violation is listed, and hostile JSON becomes a list of them too. */

import { Type } from "class-transformer";
import { ArrayNotEmpty, IsIn, IsInt, IsOptional, IsString, Min, ValidateNested } from "class-validator";
import { expect } from "chai";
import { Command, commandFromJson, InvalidCommand, validateCommand } from "../../src/index.js";

class Line {
  @IsString()
  readonly article!: string;

  @IsInt()
  @Min(1)
  readonly quantity!: number;
}

class FillBasket extends Command("shop.FillBasket") {
  @IsIn(["EUR", "USD"])
  readonly currency!: string;

  @ValidateNested({ each: true })
  @Type(() => Line)
  @ArrayNotEmpty()
  readonly lines!: readonly Line[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Line)
  readonly "gift/wrap~1"?: Line;
}

const json = () => ({ aggregateId: "b-1", currency: "EUR", lines: [{ article: "tea", quantity: 2 }] });

function violations(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidCommand);
    expect((error as InvalidCommand).commandType).to.equal("shop.FillBasket");
    return (error as InvalidCommand).violations.map(({ pointer, message }) => `${pointer}: ${message}`);
  }
  return [];
}

const fromJson = (value: unknown) => violations(() => commandFromJson(FillBasket, value));

describe("a command made of JSON", () => {
  it("is an instance of its class, parts included, and immutable at every depth", () => {
    const command = commandFromJson(FillBasket, json());
    expect(command).to.be.instanceOf(FillBasket);
    expect(command.lines[0]).to.be.instanceOf(Line);
    expect(JSON.parse(JSON.stringify(command))).to.deep.equal(json());
    expect(() => ((command as { currency: string }).currency = "USD")).to.throw(TypeError);
    expect(() => (command.lines as Line[]).push(new Line())).to.throw(TypeError);
    expect(() => ((command.lines[0] as { quantity: number }).quantity = -1)).to.throw(TypeError);
  });

  it("does not freeze the JSON that it was made of", () => {
    const value = json();
    commandFromJson(FillBasket, value);
    value.lines[0]!.quantity = 3;
    expect(value.lines[0]!.quantity).to.equal(3);
  });

  it("is refused with every violation, each with its place", () => {
    expect(
      fromJson({
        aggregateId: "",
        currency: "GBP",
        lines: [{ article: "tea", quantity: 0 }, { quantity: "2" }],
        "gift/wrap~1": { article: 7, quantity: 1 },
        discount: 5,
      }),
    ).to.have.members([
      "/discount: property discount should not exist",
      "/aggregateId: aggregateId should not be empty",
      "/currency: currency must be one of the following values: EUR, USD",
      "/lines/0/quantity: quantity must not be less than 1",
      "/lines/1/article: article must be a string",
      "/lines/1/quantity: quantity must not be less than 1",
      "/lines/1/quantity: quantity must be an integer number",
      "/gift~1wrap~01/article: article must be a string",
    ]);
  });

  it("tells all of it in the error's message", () => {
    expect(() => commandFromJson(FillBasket, { ...json(), currency: "GBP", aggregateId: "" }))
      .to.throw(InvalidCommand)
      .with.property("message")
      .that.matches(/^shop\.FillBasket is invalid:\n {2}1\. \/\w+: .+\n {2}2\. \/\w+: .+$/);
  });

  it("must name an aggregate, by text of at most 256 characters", () => {
    expect(fromJson({ ...json(), aggregateId: "x".repeat(256) })).to.deep.equal([]);
    for (const aggregateId of ["x".repeat(257), ["b-1"], { length: 1 }, 7, null, undefined])
      expect(fromJson({ ...json(), aggregateId }), String(aggregateId)).to.not.deep.equal([]);
  });

  for (const value of [null, undefined, 7, "text", true, []])
    it(`is refused when the JSON is ${JSON.stringify(value)}`, () =>
      expect(fromJson(value)).to.deep.equal([": the command must be a JSON object"]));

  it("is refused when the JSON is no plain object", () => {
    expect(fromJson(new Date())).to.not.deep.equal([]);
    expect(fromJson(new Map())).to.not.deep.equal([]);
  });

  it("cannot pass for another command, or for an event", () => {
    expect(fromJson({ ...json(), type: "shop.Other", kind: "event" })).to.have.members([
      "/type: property type should not exist",
      "/kind: property kind should not exist",
    ]);
  });

  for (const key of ["toJSON", "then", "valueOf2", "of"])
    it(`is refused with a field that is called ${key}`, () =>
      expect(fromJson({ ...json(), [key]: "x" })).to.deep.equal([`/${key}: property ${key} should not exist`]));

  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"])
    it(`is not touched by a field that is called ${key}`, () => {
      const hostile = JSON.parse(
        `{"${key}":{"polluted":true,"prototype":{"polluted":true}},${JSON.stringify(json()).slice(1)}`,
      ) as object;
      const command = commandFromJson(FillBasket, hostile);
      expect(Object.getPrototypeOf(command)).to.equal(FillBasket.prototype);
      expect(Object.keys(command)).to.have.members(["aggregateId", "currency", "lines"]);
      expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
      expect(String(command)).to.equal("[object Object]");
    });

  it("is refused with a number that JSON could not write again", () => {
    expect(
      fromJson(JSON.parse('{"aggregateId":"b","currency":"EUR","lines":[{"article":"tea","quantity":1e999}]}')),
    ).to.deep.equal(["/lines/0/quantity: must be a finite number"]);
  });

  it("is refused when it is nested deeper than any command is, however deep", () => {
    for (const depth of [100, 100_000]) {
      const found = fromJson({ ...json(), currency: JSON.parse("[".repeat(depth) + "]".repeat(depth)) });
      expect(found).to.have.length(1);
      expect(found[0]).to.match(/^\/currency(\/0){63}: must not be nested deeper than 64 levels$/);
    }
  });
});

describe("a command made in code", () => {
  it("is validated by the same rules", () => {
    const line = Object.assign(new Line(), { article: "tea", quantity: 2 });
    expect(violations(() => validateCommand(FillBasket.of({ ...json(), lines: [line] })))).to.deep.equal([]);
    expect(violations(() => validateCommand(FillBasket.of({ ...json(), currency: "GBP", lines: [] })))).to.have.members(
      ["/currency: currency must be one of the following values: EUR, USD", "/lines: lines should not be empty"],
    );
  });

  it("may hold plain objects as its parts, which are judged as JSON would be", () => {
    expect(violations(() => validateCommand(FillBasket.of(json())))).to.deep.equal([]);
    expect(
      violations(() => validateCommand(FillBasket.of({ ...json(), lines: [{ article: "tea", quantity: 0 }] }))),
    ).to.deep.equal(["/lines/0/quantity: quantity must not be less than 1"]);
  });

  it("is refused when it is no instance of a command's class", () => {
    const plain = { kind: "command", type: "shop.FillBasket", ...json() } as never;
    expect(violations(() => validateCommand(plain))).to.have.length(1);
  });
});
