/** Contract: what is stored comes back unharmed. */

import { expect } from "chai";
import { eventsOf, type Fixture } from "./fixture.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
const bytesIn = (found: unknown) => {
  expect(found).to.be.instanceOf(Uint8Array);
  return Array.from(found as Uint8Array);
};

export function contentCases(fixture: Fixture): void {
  const values: Record<string, unknown> = {
    "an object": { a: { b: [1, 2.5, -0.001, 1e21, true, null] }, "": "empty key", __proto__x: 1 },
    "an empty object": {},
    "an array": [[], {}, "x"],
    "a string": 'text, "quotes", \\, \u0000 and \u2028',
    "a number": 12.75,
    null: null,
    false: false,
    "all of Unicode": { "ключ 🗝": "零 \u{10ffff} e\u0301 \ud83d\ude00 \u00e9" },
    "half a surrogate pair": { text: "a\ud83db" },
  };
  for (const [what, data] of Object.entries(values))
    it(`keeps JSON data: ${what}`, async () => {
      const event = await fixture().roundTrip({ data });
      expect(event.data).to.deep.equal(data);
      expect(event.contentType).to.equal("application/json");
    });

  it("reads JSON data that was given as bytes", async () => {
    const event = await fixture().roundTrip({ data: bytes('{ "amount" : 1.0, "name": "Zoë" }') });
    expect(event.data).to.deep.equal({ amount: 1, name: "Zoë" });
  });

  const opaque: Record<string, Uint8Array> = {
    "not JSON": bytes("{oops"),
    "not UTF-8": Uint8Array.of(0x22, 0xff, 0x22),
    "JSON after a byte order mark": Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d),
    "every byte": everyByte,
  };
  for (const [what, data] of Object.entries(opaque))
    it(`gives bytes back that say they are JSON but are ${what}`, async () => {
      const event = await fixture().roundTrip({ data, contentType: "application/json" });
      expect(bytesIn(event.data)).to.deep.equal(Array.from(data));
      expect(event.contentType).to.equal("application/json");
    });

  for (const [what, data] of Object.entries({
    "every byte": everyByte,
    "no byte": new Uint8Array(0),
    JSON: bytes("{}"),
  }))
    it(`keeps binary data: ${what}`, async () => {
      const event = await fixture().roundTrip({ data, contentType: "application/octet-stream" });
      expect(bytesIn(event.data)).to.deep.equal(Array.from(data));
      expect(event.contentType).to.equal("application/octet-stream");
    });

  it("says the same of an event that is put into another shape", async () => {
    const event = await fixture().roundTrip({ data: { old: 1 }, metadata: { $correlationId: "c", note: "n" } });
    const { id, streamName, type, revision, position, correlationId, recordedAtMs, metadata } = event;
    const said = { id, streamName, type, revision, position, correlationId, recordedAtMs, metadata };
    expect(event.withData({ present: 1 })).to.deep.include({ ...said, data: { present: 1 } });
  });

  it("keeps binary and JSON data apart within one page", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const contents = Array.from({ length: 20 }, (_, i) => (i % 3 === 1 ? Uint8Array.of(i) : { i }));
    const binary = { contentType: "application/octet-stream" };
    await f.append(
      streamName,
      contents.map((data) => f.event({ data, ...(data instanceof Uint8Array ? binary : {}) })),
    );
    const found = (await f.stream(streamName)).map(({ data }) => data);
    found.forEach((data, i) => {
      if (i % 3 === 1) expect(bytesIn(data)).to.deep.equal([i]);
      else expect(data).to.deep.equal({ i });
    });
  });

  it("shares nothing with the writer, nor one reader with another", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const data = { lines: [1] };
    const binary = Uint8Array.of(1, 2);
    const appended = f.append(streamName, [
      f.event({ data }),
      f.event({ data: binary, contentType: "application/octet-stream" }),
    ]);
    data.lines.push(2);
    binary.fill(9);
    await appended;
    const first = await f.stream(streamName);
    (first[0]!.data as { lines: number[] }).lines.push(3);
    (first[1]!.data as Uint8Array).fill(7);
    const second = await f.stream(streamName);
    expect(second[0]!.data).to.deep.equal({ lines: [1] });
    expect(bytesIn(second[1]!.data)).to.deep.equal([1, 2]);
  });

  it("keeps events of a megabyte of data, several to a page", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const texts = Array.from({ length: 12 }, (_, i) => String(i % 10).repeat(1_000_000 - 200));
    for (const [i, text] of texts.entries())
      await f.append(streamName, [f.event({ data: { text } })], i === 0 ? "no_stream" : BigInt(i - 1));
    const found = await f.stream(streamName);
    expect(found.map(({ data }) => (data as { text: string }).text)).to.satisfy((all: string[]) =>
      all.every((text, i) => text === texts[i]),
    );
    expect(found).to.have.length(12);
    expect(await eventsOf(f.store.readLog({ filter: f.own }))).to.have.length(12);
  });

  it("reads from the metadata what the envelope of an event says", async () => {
    const metadata = {
      $correlationId: "process-7",
      $causationId: "cause-1",
      commandId: "command-1",
      schemaVersion: 3,
      occurredAt: "2025-05-05T10:00:00.000Z",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      imported: true,
      custom: { ключ: [1] },
    };
    for (const given of [metadata, bytes(JSON.stringify(metadata))]) {
      const event = await fixture().roundTrip({ metadata: given });
      expect(event.metadata).to.deep.equal(metadata);
      expect(event.correlationId).to.equal("process-7");
      expect(event.causationId).to.equal("cause-1");
      expect(event.commandId).to.equal("command-1");
      expect(event.schemaVersion).to.equal(3);
      expect(event.occurredAtMs).to.equal(Date.UTC(2025, 4, 5, 10));
      expect(event.imported).to.equal(true);
    }
  });

  const strange: Record<string, Uint8Array | undefined> = {
    absent: undefined,
    empty: new Uint8Array(0),
    "the word null": bytes("null"),
    "a JSON array": bytes('[{"$correlationId":"x"}]'),
    "a JSON string": bytes('"$correlationId"'),
    "not JSON": bytes("{oops"),
    binary: everyByte,
    "JSON of other types": bytes('{"$correlationId":7,"schemaVersion":"2","occurredAt":{},"imported":"yes"}'),
  };
  for (const [what, metadata] of Object.entries(strange))
    it(`bears with metadata that is ${what}`, async () => {
      const event = await fixture().roundTrip(metadata ? { metadata } : {});
      expect(event.data).to.have.property("number");
      const { correlationId, schemaVersion, occurredAtMs, imported } = event;
      expect({ correlationId, schemaVersion, occurredAtMs, imported }).to.deep.equal({
        correlationId: undefined,
        schemaVersion: 1,
        occurredAtMs: undefined,
        imported: false,
      });
      expect(event.metadata).to.deep.equal(
        what.includes("other types") ? JSON.parse(new TextDecoder().decode(metadata)) : {},
      );
      if (!metadata?.length) expect(event.rawMetadata).to.equal(undefined);
    });

  it("keeps names of streams and types whatever their characters", async () => {
    const f = fixture();
    for (const odd of ["'; DROP TABLE event; --", 'a"b\\c', "%_*?[x]", "零 🗝", "a b\tc", "-", "x".repeat(500)]) {
      const streamName = `${f.newStream()}${odd}`;
      const type = `${f.prefix}.${odd}`;
      await f.append(streamName, [f.event({ type })]);
      const [event] = await f.stream(streamName);
      expect([event!.streamName, event!.type]).to.deep.equal([streamName, type]);
    }
  });

  it("records times that never go back along the log", async () => {
    const f = fixture();
    for (let i = 0; i < 10; i++) await f.append(f.newStream(), f.events(2));
    const times = (await eventsOf(f.store.readLog({ filter: f.own }))).map(({ recordedAtMs }) => recordedAtMs);
    expect(times).to.have.length(20);
    expect(times.every((time, i) => Number.isSafeInteger(time) && (i === 0 || time >= times[i - 1]!))).to.equal(true);
  });
}
