/** Metadata of any log is tolerated: what is not ours, or not even JSON, says nothing and breaks nothing. */

import { expect } from "chai";
import { contentsOf, envelopeFields, parseMetadata, readMetadata, RecordedEvent } from "../../src/message/index.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const nothing = { correlationId: undefined, schemaVersion: 1, occurredAtMs: undefined, imported: false };

const recordedWith = (metadata: unknown, streamName = "order-7") =>
  new RecordedEvent(
    "id",
    streamName,
    "shop.Some",
    4,
    17,
    1_000,
    1,
    undefined,
    undefined,
    false,
    "application/json",
    contentsOf({}, () => metadata),
  );

describe("metadata", () => {
  for (const [what, raw] of Object.entries({
    "absent text": undefined,
    "empty text": "",
    "no JSON": "{oops",
    "a JSON list": "[1]",
    "a JSON text": '"text"',
    null: "null",
    "no bytes": new Uint8Array(),
    "bytes that are no UTF-8": new Uint8Array([0xff, 0xfe, 0x00]),
  }))
    it(`is empty for ${what}`, () => expect(parseMetadata(raw)).to.deep.equal({}));

  for (const raw of [undefined, null, 7, "text", [], new Uint8Array([123, 125])])
    it(`as a value is empty for ${raw instanceof Uint8Array ? "bytes" : JSON.stringify(raw)}`, () =>
      expect(readMetadata(raw)).to.deep.equal({}));

  it("is read from text and bytes alike, foreign keys included", () => {
    const text = '{"$correlationId":"c","tenant":"north"}';
    expect(parseMetadata(text)).to.deep.equal({ $correlationId: "c", tenant: "north" });
    expect(parseMetadata(bytes(text))).to.deep.equal({ $correlationId: "c", tenant: "north" });
  });

  it("says nothing where its values are not what they should be", () => {
    for (const value of [7, null, {}, [], true, ""] as never[])
      expect(envelopeFields({ $correlationId: value }), String(value)).to.deep.equal(nothing);
    for (const value of [0, -1, 1.5, "2", null, NaN, Infinity, 2 ** 60] as never[])
      expect(envelopeFields({ schemaVersion: value }), String(value)).to.deep.equal(nothing);
    for (const value of [7, "yesterday", "", null, {}] as never[])
      expect(envelopeFields({ occurredAt: value }), String(value)).to.deep.equal(nothing);
    for (const value of ["true", 1, null] as never[])
      expect(envelopeFields({ imported: value }), String(value)).to.deep.equal(nothing);
  });

  it("says what it should where they are", () => {
    const occurredAt = "2026-01-02T03:04:05.678+01:00";
    expect(envelopeFields({ $correlationId: "c", schemaVersion: 3, occurredAt, imported: true })).to.deep.equal({
      correlationId: "c",
      schemaVersion: 3,
      occurredAtMs: Date.UTC(2026, 0, 2, 2, 4, 5, 678),
      imported: true,
    });
  });
});

describe("a recorded event", () => {
  it("reads its metadata from a value, text or bytes", () => {
    const stated = { $causationId: "cause", commandId: "command", traceparent: "00-trace" };
    for (const raw of [stated, JSON.stringify(stated), bytes(JSON.stringify(stated))]) {
      const { causationId, commandId, traceparent, metadata, rawMetadata } = recordedWith(raw);
      expect({ $causationId: causationId, commandId, traceparent }).to.deep.equal(stated);
      expect(metadata).to.deep.equal(stated);
      expect(rawMetadata).to.equal(raw);
    }
  });

  it("has no ids where foreign metadata has other things in their place", () => {
    const { causationId, commandId, traceparent } = recordedWith({ $causationId: 1, commandId: {}, traceparent: "" });
    expect([causationId, commandId, traceparent]).to.deep.equal([undefined, undefined, undefined]);
  });

  it("knows its place, and the parts of its stream's name", () => {
    const event = recordedWith({}, "order-7-b");
    expect([event.revision, event.position, event.recordedAt]).to.deep.equal([4n, 17n, new Date(1_000)]);
    expect([event.category, event.aggregateId]).to.deep.equal(["order", "7-b"]);
    expect([recordedWith({}, "orders").category, recordedWith({}, "orders").aggregateId]).to.deep.equal([
      "orders",
      "orders",
    ]);
    expect([recordedWith({}, "order-").category, recordedWith({}, "order-").aggregateId]).to.deep.equal(["order", ""]);
  });
});
