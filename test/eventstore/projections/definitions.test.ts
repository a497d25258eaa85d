import { expect } from "chai";
import type { LogRecord } from "../../../tools/eventstore/record-log.js";
import { tombstoneRevision } from "../../../tools/eventstore/record-log.js";
import { definitions } from "../../../tools/eventstore/system-projections/definitions.js";
import { text } from "./records.js";

const id = "a1b2c3d4-0000-4000-8000-000000000001";

function record(streamName: string, revision: bigint, type: string, more: { data?: string; metadata?: string } = {}) {
  const [data, metadata] = [Buffer.from(more.data ?? "{}"), Buffer.from(more.metadata ?? "")];
  const recordedAtMs = Date.UTC(2026, 0, 31, 12, 0, 0, 7);
  return { position: 1, streamName, revision, id, type, recordedAtMs, contentType: "application/json", data, metadata };
}

/** What a projection makes of a record: stream, type, target and what the link says beside; `undefined` for nothing. */
function linked(name: string, seen: LogRecord) {
  const { sees, linkOf } = definitions.find((definition) => definition.name === name)!;
  const link = sees(seen) ? linkOf(seen) : undefined;
  return link && [link.streamName, link.type, text(link.data), link.says];
}

const softDeletion = (streamName: string) =>
  record(`$$${streamName}`, 3n, "$metadata", { data: '{"$tb":9223372036854775807}' });
const tombstone = (streamName: string) => record(streamName, tombstoneRevision, "$streamDeleted");

describe("what the system projections make of an event", () => {
  for (const { name } of definitions)
    it(`${name} ignores what projections and the server itself write, links above all`, () => {
      for (const streamName of [
        "$ce-order",
        "$et-Placed",
        "$bc-1",
        "$category-order",
        "$streams",
        "$settings",
        "$$$ce-a",
      ])
        expect(
          linked(name, record(streamName, 0n, "$>", { data: "0@order-1", metadata: '{"$correlationId":"c"}' })),
        ).to.equal(undefined);
    });

  describe("$by_category", () => {
    const by = (seen: LogRecord) => linked("$by_category", seen);

    it("takes the text before the first hyphen for the category", () => {
      expect(by(record("order-7-a", 4n, "Placed"))).to.eql(["$ce-order", "$>", "4@order-7-a", { $o: '"order-7-a"' }]);
    });

    it("makes nothing of a stream that has no category", () => {
      for (const streamName of ["order", "-7", "-"]) expect(by(record(streamName, 0n, "Placed"))).to.equal(undefined);
    });

    it("passes a user's link on, instead of linking to it", () => {
      expect(by(record("basket-1", 2n, "$>", { data: "5@order-7" }))).to.eql([
        "$ce-basket",
        "$>",
        "5@order-7",
        { $o: '"basket-1"' },
      ]);
    });

    it("tells of deletions, soft ones and those for good, in the category of the stream that is gone", () => {
      const says = { $o: '"order-1"', $deleted: "-1" };
      expect(by(softDeletion("order-1"))).to.eql(["$ce-order", "$>", "3@$$order-1", says]);
      expect(by(tombstone("order-1"))).to.eql(["$ce-order", "$>", "9223372036854775807@order-1", says]);
    });

    it("makes nothing of metadata that deletes nothing", () => {
      for (const data of ['{"$maxCount":3}', '{"$tb":9223372036854775808}', '{"$tb":7}', "{", '["$tb"]'])
        expect(by(record("$$order-1", 0n, "$metadata", { data }))).to.equal(undefined);
    });
  });

  describe("$by_event_type", () => {
    const by = (seen: LogRecord) => linked("$by_event_type", seen);

    it("links an event under its type", () => {
      expect(by(record("order-1", 4n, "Placed"))).to.eql(["$et-Placed", "$>", "4@order-1", {}]);
      expect(by(record("plain", 0n, "a b@c"))).to.eql(["$et-a b@c", "$>", "0@plain", {}]);
    });

    it("leaves links out", () => expect(by(record("basket-1", 2n, "$>", { data: "5@order-7" }))).to.equal(undefined));

    it("collects deletions under $deleted", () => {
      expect(by(softDeletion("order-1"))).to.eql(["$et-$deleted", "$>", "3@order-1", { $deleted: "-1" }]);
      expect(by(tombstone("plain"))).to.eql(["$et-$deleted", "$>", "9223372036854775807@plain", { $deleted: "-1" }]);
    });

    it("links other metadata under $metadata, as the real server does, into the stream itself", () => {
      expect(by(record("$$order-1", 0n, "$metadata"))).to.eql(["$et-$metadata", "$>", "0@order-1", {}]);
    });
  });

  describe("$by_correlation_id", () => {
    const by = (metadata: string, type = "Placed") =>
      linked("$by_correlation_id", record("order-1", 4n, type, { metadata, data: "5@order-7" }));
    const $eventTimestamp = '"2026-01-31T12:00:00.007000Z"';

    it("links an event under its correlation id, with the time of its recording", () => {
      expect(by('{"$correlationId":"c-1"}')).to.eql(["$bc-c-1", "$>", "4@order-1", { $eventTimestamp }]);
    });

    it("writes ids that are no strings as the real server does", () => {
      const ids = ["42", "-7", "1.5", "12345678901234567890", "true", "false", '""', '"a\\u0041"', '"\\ud800"'];
      const links = ids.map((value) => by(`{"x":{"$correlationId":1},"$correlationId":${value}}`)?.[0]);
      const texts = ["42", "-7", "1.5", "12345678901234567890", "True", "False", "", "aA", "\ufffd"];
      expect(links).to.eql(texts.map((value) => `$bc-${value}`));
    });

    it("makes nothing of an event without one", () => {
      for (const metadata of [
        "",
        "{}",
        '{"$correlationId":null}',
        "null",
        '["$correlationId"]',
        '{"$correlationId":',
        "\xff",
      ])
        expect(by(metadata), metadata).to.equal(undefined);
      expect(by('{"$correlationId":{"a":1}}')).to.equal(undefined);
    });

    it("passes a user's link on, and keeps what the link said", () => {
      const metadata = '{"$correlationId":"c","n":12345678901234567890}';
      const $link = `{"eventId":"${id}","metadata":${metadata}}`;
      expect(by(metadata, "$>")).to.eql(["$bc-c", "$>", "5@order-7", { $eventTimestamp, $link }]);
    });
  });

  it("$stream_by_category names each stream of a category once, as a reference to a stream", () => {
    expect(linked("$stream_by_category", record("order-7", 0n, "a"))).to.eql(["$category-order", "$@", "order-7", {}]);
    expect(linked("$stream_by_category", record("order-7", 1n, "a"))).to.equal(undefined);
    expect(linked("$stream_by_category", record("$$order-7", 0n, "$metadata"))).to.equal(undefined);
  });

  it("$streams links the first event of each stream, metadata included", () => {
    expect(linked("$streams", record("plain", 0n, "a"))).to.eql(["$streams", "$>", "0@plain", {}]);
    expect(linked("$streams", record("$$plain", 0n, "$metadata"))).to.eql(["$streams", "$>", "0@$$plain", {}]);
    expect(linked("$streams", record("plain", 1n, "a"))).to.equal(undefined);
  });
});
