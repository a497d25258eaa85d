/** Random histories: the memory store, the SQLite store and EventStoreDB agree with one simple model. */

import { expect } from "chai";
import fc from "fast-check";
import type { RecordedEvent } from "../../src/message/index.js";
import { MemoryEventStore, type EventFilter, type EventStore, type ExpectedRevision } from "../../src/store/index.js";
import { openEventStoreDb } from "../../src/store/eventstoredb/index.js";
import { eventsOf } from "../../src/testing/store-contract/fixture.js";
import { TestServer } from "../eventstore/server.js";
import { runs } from "../runs.js";
import { temporaryLogs } from "./sqlite/folder.js";

const streams = ["a-1", "a-2", "b-1"];
const types = ["t", "u"];
const expectations: ExpectedRevision[] = ["no_stream", "stream_exists", "any", 0n, 1n, 2n, 3n, 5n];

const ids = Array.from({ length: 8 }, (_, i) => `00000000-0000-4000-8000-00000000000${i}`);
const eventArbitrary = fc.record({ id: fc.constantFrom(...ids), type: fc.constantFrom(...types) });
const appendArbitrary = fc.record({
  stream: fc.constantFrom(...streams),
  events: fc.array(eventArbitrary, { minLength: 1, maxLength: 3 }),
  expected: fc.constantFrom(...expectations),
});
/** Each inner list is appended without waiting in between. */
const historyArbitrary = fc.array(fc.array(appendArbitrary, { minLength: 1, maxLength: 4 }), { maxLength: 10 });
const readArbitrary = fc.record({
  stream: fc.constantFrom(...streams),
  direction: fc.constantFrom("forwards" as const, "backwards" as const),
  from: fc.option(fc.bigInt({ min: 0n, max: 8n }), { nil: undefined }),
  limit: fc.option(fc.nat(8), { nil: undefined }),
  skip: fc.nat(12),
  filter: fc.constantFrom<EventFilter | undefined>(
    undefined,
    { eventTypes: ["u"] },
    { eventTypes: ["t", "u"] },
    { streamPrefixes: ["a-"] },
    { streamPrefixes: ["a-1", "b"] },
    { streamPrefixes: [] },
  ),
});

interface Entry {
  stream: string;
  revision: number;
  id: string;
  type: string;
}
type Outcome = string;
type Append = typeof appendArbitrary extends fc.Arbitrary<infer A> ? A : never;

/** A log as a list; says what an append does in words. */
class Model {
  readonly log: Entry[] = [];

  append({ stream, events, expected }: Append): Outcome {
    const ids = events.map(({ id }) => id);
    if (ids.some((id, i) => ids.indexOf(id) !== i)) return "INVALID_APPEND";
    const present = this.log.filter((entry) => entry.stream === stream);
    const idsAt = (revision: number) => present.slice(revision, revision + ids.length).map(({ id }) => id);
    if (typeof expected === "bigint" || expected === "no_stream") {
      const next = expected === "no_stream" ? 0 : Number(expected) + 1;
      if (next > present.length) return "WRONG_EXPECTED_REVISION";
      if (next < present.length)
        return idsAt(next).join() === ids.join() ? `at ${next + ids.length - 1}` : "WRONG_EXPECTED_REVISION";
    } else {
      if (expected === "stream_exists" && present.length === 0) return "WRONG_EXPECTED_REVISION";
      const known = ids.map((id) => present.map((entry) => entry.id).lastIndexOf(id));
      if (known[0]! >= 0) return known.includes(-1) ? "WRONG_EXPECTED_REVISION" : `at ${known.at(-1)}`;
    }
    events.forEach((event, i) => this.log.push({ ...event, stream, revision: present.length + i }));
    return `at ${present.length + events.length - 1}`;
  }
}

describe("The event stores", function () {
  // Random histories over a server of its own take as long as the machine is busy.
  this.timeout(60_000);
  const logs = temporaryLogs();
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.remove());

  it("do what a simple model does, whatever the history", async () => {
    const sqlite = await logs.open();
    const eventStoreDb = await openEventStoreDb({ connectionString: server.connectionString });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(historyArbitrary, fc.array(readArbitrary, { maxLength: 6 }), async (history, reads) => {
        // One file serves all runs: each has its own prefix, and begins where the last one ended.
        const prefix = `run${run++}.`;
        const starts = [(await sqlite.head()) ?? 0n, (await eventStoreDb.head())!] as const;
        const model = new Model();
        const wanted = history.map((group) => group.map((append) => model.append(append)));
        for (const [store, after] of [
          [new MemoryEventStore(), 0n],
          [sqlite, starts[0]],
          [eventStoreDb, starts[1]],
        ] as const) {
          const found = [];
          for (const group of history) {
            const outcomes: Promise<Outcome>[] = [];
            for (const append of group) {
              outcomes.push(outcome(store, prefix, append));
              // It promises no order among appends under way to several streams.
              if (store === eventStoreDb) await outcomes.at(-1);
            }
            found.push(await Promise.all(outcomes));
          }
          expect(found).to.deep.equal(wanted);
          await checkReads(store, prefix, after, model.log, reads);
        }
      }),
      { numRuns: runs(150, 1_500) },
    );
    await eventStoreDb.close();
  });
});

async function outcome(store: EventStore, prefix: string, { stream, events, expected }: Append): Promise<Outcome> {
  try {
    const data = events.map((event) => ({ ...event, data: event.id }));
    const { revision } = await store.append(prefix + stream, data, { expectedRevision: expected });
    return `at ${revision}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

type Read = typeof readArbitrary extends fc.Arbitrary<infer R> ? R : never;

async function checkReads(
  store: EventStore,
  prefix: string,
  start: bigint,
  log: readonly Entry[],
  reads: readonly Read[],
) {
  const entryOf = ({ streamName, revision, id, type }: RecordedEvent): Entry => ({
    stream: streamName.slice(prefix.length),
    revision: Number(revision),
    id,
    type,
  });
  expect((await eventsOf(store.readLog({ after: start }))).map(entryOf)).to.deep.equal(log);
  for (const { stream, direction, from, limit, skip, filter } of reads) {
    const own = log.filter((entry) => entry.stream === stream);
    const forwards = own.filter(({ revision }) => revision >= Number(from ?? 0));
    const backwards = own.filter(({ revision }) => revision <= Number(from ?? Number.MAX_SAFE_INTEGER)).toReversed();
    const options = { direction, ...(from === undefined ? {} : { from }), ...(limit === undefined ? {} : { limit }) };
    const found = (await eventsOf(store.readStream(prefix + stream, options))).map(entryOf);
    expect(found).to.deep.equal((direction === "forwards" ? forwards : backwards).slice(0, limit));

    const passing = log.slice(skip).filter((entry) => {
      if (!filter) return true;
      if ("eventTypes" in filter) return filter.eventTypes.includes(entry.type);
      return filter.streamPrefixes.some((wanted) => entry.stream.startsWith(wanted));
    });
    const prefixed =
      filter && "streamPrefixes" in filter
        ? { streamPrefixes: filter.streamPrefixes.map((name) => prefix + name) }
        : filter;
    const inLog = await eventsOf(store.readLog({ after: start + BigInt(skip), filter: prefixed }));
    expect(inLog.map(entryOf)).to.deep.equal(passing);
    expect(inLog.every(({ position }, i) => i === 0 || position > inLog[i - 1]!.position)).to.equal(true);
  }
}
