/** Logs of which packed copies are made: strange contents and random ones, and what is read of them. */

import Database from "better-sqlite3";
import fc from "fast-check";
import type { RecordedEvent } from "../../../src/message/index.js";
import type { EventData, ReadLogOptions, SqliteEventStore } from "../../../src/store/index.js";
import { eventsOf } from "../../../src/testing/store-contract/fixture.js";

const json = { contentType: "application/json" };
export const text = (data: string) => ({ ...json, data: Buffer.from(data) });

/** JSON as foreign writers leave it: what MessagePack has no place for, numbers at their bounds, many shapes, long texts. */
export const strange: readonly Partial<EventData>[] = [
  text("-0"),
  text('{"a":-0.0,"b":[-0e3,-1e-400],"c":"-0"}'),
  text('{"__proto__":{"x":1},"a":2}'),
  text('{"\\u005f_proto__":{"x":1},"constructor":3,"toString":null}'),
  text('{"__\\u0070roto__":{"x":1}}'),
  text('[{"k":1,"__keys__":2},{"k":3}]'),
  text('{"constructor":1,"toJSON":2,"hasOwnProperty":3}'),
  text(`-0.${"0".repeat(400)}1`),
  // What reads strings without native code leaves such a mark out of long ones.
  { data: `\ufeff${"é".repeat(70)}`, metadata: { $correlationId: `\ufeff${"ü".repeat(70)}` } },
  text('"\\ud800"'),
  text('{"half":"\\udfff","whole":"\\ud83d\\ude00 😀"}'),
  text('{"b":1,"a":2,"2":3,"1":4,"":5,"a b":6}'),
  text("1e400"),
  text("[9007199254740993,4294967296,-2147483649,1e21,5e-324,0.1]"),
  text('{"a":1,"a":2}'),
  text("null"),
  { data: "x".repeat(40_000) },
  { data: { long: "é".repeat(20_000) } },
  { data: Buffer.from([0, 255, 1]), contentType: "application/octet-stream" },
  { data: {}, metadata: { schemaVersion: 3, occurredAt: "2020-02-02T02:02:02.002Z", imported: true } },
  { data: { m: 1 }, metadata: Buffer.from("no JSON") },
];
export const shapes = fc.oneof(
  { weight: 6, arbitrary: fc.record({ id: fc.uuid(), total: fc.double(), at: fc.date().map(String) }) },
  { weight: 4, arbitrary: fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { maxKeys: 5 }) },
  fc.jsonValue(),
);
export const anyEvent: fc.Arbitrary<Partial<EventData>> = fc.oneof(
  { weight: 30, arbitrary: shapes.map((data) => ({ data })) },
  fc.constantFrom(...strange),
);
const types = ["a.Done", "b.Done", "c.Done"];

export async function write(store: SqliteEventStore, count: number, seed: number, contents = anyEvent): Promise<void> {
  const [events] = fc.sample(fc.array(contents, { minLength: count, maxLength: count }), { seed, numRuns: 1 });
  await Promise.all(
    events!.map((event, n) =>
      store.append(
        `${n % 5 ? "order" : "payment"}-${(n * 7) % 40}`,
        [
          {
            id: `${seed}/${n}`,
            type: types[n % 3]!,
            data: { n },
            ...(n % 4 > 0 && { metadata: { $correlationId: `key-${n % 11}`, note: n } }),
            ...event,
          },
        ],
        { expectedRevision: "any" },
      ),
    ),
  );
}

const whole = (event: RecordedEvent) => {
  const { id, streamName, type, revision, position, recordedAtMs, schemaVersion, correlationId } = event;
  const { occurredAtMs, imported, contentType, data, rawMetadata, aggregateId } = event;
  const envelope = { id, streamName, type, revision, position, recordedAtMs, schemaVersion, correlationId };
  // The order of fields counts as well.
  return {
    ...envelope,
    occurredAtMs,
    imported,
    contentType,
    data,
    rawMetadata,
    aggregateId,
    text: JSON.stringify(data),
  };
};
export const read = async (store: SqliteEventStore, options: ReadLogOptions = {}) =>
  (await eventsOf(store.readLog(options))).map(whole);

export function pagesIn(file: string): number {
  const db = new Database(`${file}-pages`, { readonly: true });
  const count = db.prepare("SELECT count(*) FROM page").pluck().get() as number;
  db.close();
  return count;
}
