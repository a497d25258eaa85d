import Sqlite from "better-sqlite3";
import { expect } from "chai";
import fc from "fast-check";
import { partOf, randomId, type EventStore, type KeyPart } from "../../src/index.js";
import { partInSql } from "../../src/store/sqlite/part-condition.js";
import { runs } from "../runs.js";
import { temporaryLogs } from "./sqlite/folder.js";

/** Whatever a store can hold: no half of a surrogate pair. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\0", "-", "\u007f", "\u0080", "é", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "😀"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});
const parts = fc.integer({ min: 1, max: 16 });

describe("the part of a key", () => {
  const logs = temporaryLogs();

  it("is the same in SQL as in TypeScript, for any text and any number of parts", () => {
    const db = new Sqlite(":memory:");
    const inSql = db
      .prepare<[number, string], number>(
        `SELECT ${partInSql("CAST(key AS BLOB)")}
      FROM (SELECT ? AS key)`,
      )
      .pluck();
    fc.assert(
      fc.property(text, parts, (key, of) => {
        expect(inSql.get(of, key)).to.equal(partOf(key, of));
      }),
      { numRuns: runs(2_000, 100_000) },
    );
    db.close();
  });

  it("is one of as many as there are, and almost evenly so for the ids that people use", () => {
    const counted = (prefix: string) => (n: number) => `${prefix}${n}`;
    // Version 1 of UUIDs: time first, and the same node at the end of all.
    const timed = (n: number) => `${(n * 9_973).toString(16).padStart(8, "0")}-1d3a-11ef-8000-0242ac120002`;
    const kinds = [counted(""), counted("case-"), counted("customer/2024/"), () => randomId(), timed];
    for (const of of [2, 3, 4, 8, 16])
      for (const idOf of kinds) {
        const counts = Array.from({ length: of }, () => 0);
        for (let n = 0; n < 20_000; n++) counts[partOf(idOf(n), of)]!++;
        for (const count of counts) expect(count * of, `${idOf(1)} of ${of}`).to.be.within(14_000, 26_000);
      }
    expect(partOf(undefined, 4)).to.equal(0);
    expect(partOf("", 4)).to.equal(0);
  });

  it("lets each of several readers of a file read its own events and no others", async () => {
    const store = await logs.open();
    const names = ["a", "order-1", "invoice-1", "order-2-b", "order-", "-", "ü-é😀", "x-\0", "x-a\0b"];
    for (const [i, name] of names.entries())
      for (const $correlationId of [undefined, `case-${i % 3}`, `é${i}\0`])
        await store.append(
          name,
          [{ id: randomId(), type: "t", data: {}, ...($correlationId && { metadata: { $correlationId } }) }],
          { expectedRevision: "any" },
        );
    for (const by of ["aggregateId", "correlationId"] as const)
      for (const of of [1, 2, 3, 16]) {
        const seen: bigint[] = [];
        for (let index = 0; index < of; index++)
          for (const event of await read(store, { by, of, index })) {
            expect(partOf(event[by], of), event.streamName).to.equal(index);
            seen.push(event.position);
          }
        expect(seen).to.have.length(3 * names.length);
        expect(new Set(seen).size).to.equal(seen.length);
      }
  });
});

async function read(store: EventStore, part: KeyPart) {
  const events = [];
  for await (const page of store.readLog({ part, filter: { eventTypes: ["t"] } })) events.push(...page);
  return events;
}
