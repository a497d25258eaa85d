import { expect } from "chai";
import { identify } from "../../src/observer/keys.js";
import { nameOf, pathProblem, valueAt } from "../../src/observer/path.js";
import type { EventKey } from "../../src/observer/decorators.js";
import { recordedEvent } from "./feed.js";

const event = recordedEvent({
  id: "the-id",
  type: "a",
  correlationId: "the correlation",
  position: 1,
  recordedAtMs: 1,
  streamName: "orders-17-b",
  metadata: { $causationId: "cause", deep: { down: { value: 7 } } },
});
const data = { order: { id: "o1", lines: [1, 2] }, empty: null, text: "word", none: "" };
const at = (path: string) => valueAt(event, data, path);

describe("a path into an event", () => {
  it("finds members of data and of metadata, however deep", () => {
    expect(at("data.order.id")).to.equal("o1");
    expect(at("data.order.lines")).to.deep.equal([1, 2]);
    expect(at("data.order")).to.equal(data.order);
    expect(at("metadata.$causationId")).to.equal("cause");
    expect(at("metadata.deep.down.value")).to.equal(7);
  });

  it("finds nothing where there is nothing, and nothing that is inherited", () => {
    for (const path of [
      "data.order.id.length",
      "data.text.length",
      "data.empty.id",
      "data.other",
      "data.toString",
      "data.order.constructor",
      "metadata.other.deep",
      "data.order.lines.length.other",
    ])
      expect(at(path), path).to.equal(undefined);
    expect(valueAt(event, undefined, "data.order")).to.equal(undefined);
    expect(valueAt(event, "text", "data.length")).to.equal(undefined);
    expect(at("data.empty")).to.equal(null);
  });

  it("finds the id, and the parts of the stream's name", () => {
    expect(at("id")).to.equal("the-id");
    expect(at("stream.name")).to.equal("orders-17-b");
    expect(at("stream.category")).to.equal("orders");
    expect(at("stream.id")).to.equal("17-b");
    const bare = recordedEvent({ id: "x", type: "a", position: 1, recordedAtMs: 1, streamName: "orders" });
    expect(valueAt(bare, {}, "stream.id"), "a category has no id").to.equal(undefined);
    expect(valueAt(bare, {}, "stream.category")).to.equal("orders");
  });

  it("has one of a few forms, or is told so", () => {
    for (const path of ["id", "data.a", "data.a.b.$c", "metadata.x-y", "stream.name", "stream.category", "stream.id"])
      expect(pathProblem(path), path).to.equal(undefined);
    for (const path of [
      "",
      "a",
      "ids",
      "an.id",
      "data",
      "data.",
      "data..a",
      "data.a.",
      "my.data.a",
      "metadata",
      "stream",
      "stream.revision",
      "stream.id.x",
      "my.stream.id",
      7,
      undefined,
      null,
      ["id"],
    ])
      expect(pathProblem(path), String(path)).to.equal(
        `is ${JSON.stringify(path)}, which is no path. Write "data.…", "metadata.…", "stream.name", "stream.category", "stream.id" or "id".`,
      );
  });

  it("names something by a text that is not empty, or by a number", () => {
    expect(["word", "7", 7, 0, -1.5].map(nameOf)).to.deep.equal(["word", "7", "7", "0", "-1.5"]);
    for (const value of ["", undefined, null, true, ["a"], { a: 1 }]) expect(nameOf(value)).to.equal(undefined);
  });
});

describe("the key of an event", () => {
  const identityOf = (keys?: Record<string, EventKey>, key?: string) =>
    identify({ ...(keys && { keys }), ...(key !== undefined && { key }) }, event, () => data);

  it("is its correlation id unless declared otherwise", () => {
    expect(identityOf()).to.deep.equal({ key: "the correlation" });
    const lost = recordedEvent({ id: "x", type: "a", position: 1, recordedAtMs: 1 });
    expect(identify({}, lost, () => data)).to.deep.equal({});
  });

  it("is found by the path for all types, or by that of its own", () => {
    expect(identityOf(undefined, "data.order.id")).to.deep.equal({ key: "o1" });
    expect(identityOf({ a: "id" }, "data.order.id")).to.deep.equal({ key: "the-id" });
    expect(identityOf({ other: "id" }, "data.text")).to.deep.equal({ key: "word" });
    expect(identityOf({ a: { key: "data.text" } })).to.deep.equal({ key: "word" });
  });

  it("comes with an alias, or by one", () => {
    expect(identityOf({ a: { key: "data.text", alias: "data.order.id" } })).to.deep.equal({ key: "word", alias: "o1" });
    expect(identityOf({ a: { via: "metadata.$causationId" } })).to.deep.equal({ via: "cause" });
  });

  it("is none where the path finds none, and then there is no alias of it", () => {
    expect(identityOf(undefined, "data.none")).to.deep.equal({});
    expect(identityOf({ a: { via: "data.none" } })).to.deep.equal({});
    expect(identityOf({ a: { key: "data.none", alias: "data.text" } })).to.deep.equal({});
    expect(identityOf({ a: { key: "data.text", alias: "data.none" } })).to.deep.equal({ key: "word" });
  });

  it("asks for data only where a path does", () => {
    const never = () => expect.fail("data was asked for");
    const of = (key: string) => identify({ key }, event, never);
    expect(of("metadata.$causationId")).to.deep.equal({ key: "cause" });
    expect(of("stream.id")).to.deep.equal({ key: "17-b" });
  });
});
