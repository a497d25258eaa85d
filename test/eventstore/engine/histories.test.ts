/** Histories of chance: the log answers, and can be read, as the rules say. */

import fc from "fast-check";
import { runs } from "../../runs.js";
import { History, type Expectation, type Write } from "./history.js";
import { temporaryLogs } from "./logs.js";
import type { ModelMetadata } from "./model-log.js";

const streams = ["a", "b"];

const expectation: fc.Arbitrary<Expectation> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("current" as const) },
  { weight: 2, arbitrary: fc.constantFrom("any", "no_stream", "stream_exists") },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 6 }).map(BigInt) },
  fc.constantFrom("before", "beyond"),
);

const metadata: fc.Arbitrary<ModelMetadata> = fc.oneof(
  { weight: 1, arbitrary: fc.constant("malformed" as const) },
  {
    weight: 5,
    arbitrary: fc.record(
      {
        $tb: fc.oneof(fc.bigInt({ min: -1n, max: 6n }), fc.constantFrom(2n ** 63n - 1n, 2n ** 63n - 2n)),
        $maxCount: fc.integer({ min: -1, max: 4 }),
        $maxAge: fc.integer({ min: -1, max: 4 }),
        note: fc.constantFrom("}", '"$tb":1'),
      },
      { requiredKeys: [] },
    ),
  },
);

const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      stream: fc.constantFrom(...streams),
      expected: expectation,
      ids: fc.oneof(
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("metadata" as const),
      stream: fc.constantFrom(...streams, "$$a"),
      expected: expectation,
      metadata,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.integer({ min: 1, max: 12 }).map((n) => (n === 12 ? ("tombstone" as const) : ("delete" as const))),
      stream: fc.constantFrom(...streams),
      expected: expectation,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("again" as const),
      ago: fc.integer({ min: 1, max: 5 }),
      expected: fc.option(expectation, { nil: undefined, freq: 2 }),
    }),
  },
);

/** Writes of one turn, and how much time goes by before them. */
const turn = fc.record({
  writes: fc.array(write, { minLength: 1, maxLength: 3 }),
  passesMs: fc.constantFrom(0, 0, 1, 999, 1_000, 2_500),
});

const reading = fc.record({
  from: fc.oneof(fc.constantFrom("start" as const, "end" as const), fc.bigInt({ min: 0n, max: 12n })),
  limit: fc.constantFrom(1, 2, 3, 1_000),
});

describe("Any history of the development server's log", () => {
  const logs = temporaryLogs();

  it("has the outcomes that EventStoreDB's rules give, and can be read by them", async () => {
    const log = await logs.open();
    let history = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(turn, reading), { minLength: 1, maxLength: 25, size: "max" }),
        fc.constantFrom(1, 3, 1_000),
        async (turns, limit) => {
          const prefix = `h${history++}-`;
          const both = new History(log, log.head(), prefix, () => logs.clock.now());
          for (const [{ writes, passesMs }, read] of turns) {
            if (passesMs > 0) await logs.clock.advance(passesMs);
            await both.perform(writes);
            both.checkStreams(read);
          }
          both.checkLog(limit);
        },
      ),
      { numRuns: runs(40, 2_000) },
    );
  });
});
