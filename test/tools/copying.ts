/** What tests of the copy share: a varied history, and a comparison of two logs that knows nothing of the copy's own. */

import { expect } from "chai";
import {
  MemoryEventStore,
  type EventData,
  type EventMetadata,
  type EventStore,
  type RecordedEvent,
} from "../../src/index.js";
import { ManualClock } from "../../src/testing/index.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
const binary = "application/octet-stream";

/** Each kind of data that a log may hold. */
export const kindsOfData: readonly Pick<EventData, "data" | "contentType">[] = [
  { data: { a: [1, 2.5, -0.001, 1e21, null, true], "": "empty key", "10": "ten", "9": "nine" } },
  { data: { "ключ 🗝": "零 \u0000 \u2028 \ud83d\ude00", half: "a\ud83db" } },
  { data: JSON.parse('{"__proto__": 1, "constructor": {"prototype": []}}') },
  { data: [] },
  { data: "text" },
  { data: null },
  { data: bytes('{ "amount" : 1.0 }') },
  { data: bytes("{oops") },
  { data: new Uint8Array(0) },
  { data: everyByte, contentType: binary },
  { data: new Uint8Array(0), contentType: binary },
  { data: bytes("{}"), contentType: "text/plain; charset=utf-8" },
];

/** Each kind of metadata, foreign ones too. */
export const kindsOfMetadata: readonly (EventData["metadata"] | undefined)[] = [
  undefined,
  {},
  { $correlationId: "process-1", $causationId: "cause-1", commandId: "c", schemaVersion: 2, custom: { ключ: [1] } },
  { occurredAt: "2011-10-01T00:38:44.546+02:00" },
  { imported: true, occurredAt: "2011-10-01T00:38:44.546Z" },
  { occurredAt: "soon" },
  JSON.parse('{"__proto__": {"imported": true}, "10": 1, "9": 2}') as EventMetadata,
  { copied: "by hand" },
  { copied: { recordedAt: "yesterday" } },
  bytes('{ "$correlationId" : "process-2" }'),
  bytes("[1,2]"),
  bytes("null"),
  bytes("not JSON"),
  Uint8Array.of(0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d), // {"a":"…"}, and no UTF-8
  Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d), // {} after a byte order mark
  everyByte,
];

/** Whether it is one of the kinds above that have a place for the time of recording. */
export const hasPlaceForTime = (metadata: unknown): boolean => {
  if (metadata instanceof Uint8Array) return Buffer.from(metadata).toString().includes("process-2");
  return metadata === undefined || !("copied" in (metadata as object));
};

export const startMs = Date.UTC(2020, 0, 1);

/** A log in memory with a clock of its own, which began in 2020. */
export function earlierLog() {
  const clock = new ManualClock(startMs);
  return { clock, store: new MemoryEventStore({ clock }) };
}

let lastId = 0;
/** A different event each time. */
export const event = (fields: Partial<EventData> = {}): EventData => ({
  id: `00000000-0000-4000-8000-${String(++lastId).padStart(12, "0")}`,
  type: "test.Happened",
  data: { number: lastId },
  ...fields,
});

/** Appends after whatever the stream holds. */
export async function append(store: EventStore, streamName: string, ...events: EventData[]): Promise<void> {
  let last: bigint | undefined;
  for await (const page of store.readStream(streamName, { direction: "backwards", limit: 1 })) last = page[0]!.revision;
  await store.append(streamName, events, { expectedRevision: last ?? "no_stream" });
}

/** Events of every kind of data with every kind of metadata, in several streams, at different times. */
export async function appendEveryKind(store: EventStore, clock: ManualClock): Promise<void> {
  for (const [i, metadata] of kindsOfMetadata.entries())
    for (const [j, content] of kindsOfData.entries()) {
      await clock.advance(i * 1000 + j);
      await append(
        store,
        `kind-${(i + j) % 5}`,
        event({ ...content, ...(metadata && { metadata }), type: `test.${j}` }),
      );
    }
}

export async function eventsOf(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of store.readLog()) events.push(...page);
  return events;
}

/** What makes a log, apart from its times of recording. */
export async function contentOf(store: EventStore) {
  return (await eventsOf(store)).map(({ streamName, revision, id, type, contentType, data, rawMetadata }) => ({
    streamName,
    revision,
    id,
    type,
    contentType,
    data,
    rawMetadata,
  }));
}

/** Checks that `copy` is one of `source`, both logs as a reader of the framework sees them. */
export async function expectCopy(source: EventStore, copy: EventStore): Promise<void> {
  const [originals, copies] = [await eventsOf(source), await eventsOf(copy)];
  expect(copies.map(placeOf)).to.deep.equal(originals.map(placeOf));
  for (const [i, original] of originals.entries()) {
    const found = copies[i]!;
    const what = `${original.streamName}, revision ${original.revision}`;
    for (const field of fields) expect(found[field], `${field} of ${what}`).to.deep.equal(original[field]);
    const raw = original.rawMetadata;
    if (raw instanceof Uint8Array && !hasPlaceForTime(raw))
      expect(bytesOf(found.rawMetadata), `metadata of ${what}`).to.deep.equal(raw);
    else expect(withoutAdditions(found, original), `metadata of ${what}`).to.deep.equal(original.metadata);
  }
}

/** Some stores give JSON out as its value. */
const bytesOf = (raw: unknown) => (raw instanceof Uint8Array ? raw : bytes(JSON.stringify(raw)));

const fields = ["contentType", "data", "correlationId", "causationId", "schemaVersion", "imported"] as const;

const placeOf = ({ streamName, revision, id, type }: RecordedEvent) => `${streamName} ${revision} ${type} ${id}`;

function withoutAdditions({ metadata }: RecordedEvent, original: RecordedEvent) {
  const { copied, ...rest } = metadata;
  const { occurredAt, ...others } = rest;
  const stated = "occurredAt" in original.metadata;
  return {
    ...others,
    ...(stated && { occurredAt }),
    ...("copied" in original.metadata && { copied }),
  };
}
