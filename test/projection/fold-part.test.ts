import { expect } from "chai";
import fc from "fast-check";
import {
  foldPart,
  wholeOf,
  type EventStore,
  type HistoryWriter,
  type ProjectionLimits,
  type ReadLogOptions,
  type ReadModelStore,
  type SqliteEventStore,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { beginningOf } from "../../src/subscription/index.js";
import { runs } from "../runs.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import type { AnyClass } from "../../src/model/index.js";
import { partOfReadModel, readModelOf } from "../subscription/things.js";
import { happening, keyedProjections, rebuilt, record } from "./keyed.js";

describe("history that is folded in parts", function () {
  this.timeout(runs(60_000, 3_600_000));
  const logs = temporaryLogs();

  it("comes to the same rows and checkpoint, whatever the keys, the parts and what fits into memory", async () => {
    const store = inSmallPages(await logs.open());
    const log = fc.array(happening, { minLength: 1, maxLength: 12 });
    const limits = fc.record({
      rebuildRows: fc.integer({ min: 1, max: 4 }),
      rebuildBatch: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(log, log, limits, fc.integer({ min: 1, max: 16 }), async (happenings, later, limits, of) => {
        // Each run goes on with the log of the one before.
        await record(store, happenings);
        const readModels = await openSqliteReadModelStore({ file: ":memory:" });
        try {
          for (const projection of keyedProjections) {
            const readModel = readModelOf(projection, [], limits);
            const whileItGoes = () => record(store, later);
            const writeHistory = byParts(projection, limits, store, readModels, of, whileItGoes);
            const inParts = await rebuilt(readModel, store, readModels, { writeHistory });
            expect(inParts).to.equal(await rebuilt(readModelOf(projection), store, readModels));
          }
        } finally {
          await readModels.close();
        }
      }),
      { numRuns: runs(12, 500) },
    );
  });

  it("is not gone on with by another rebuild, because its parts have no checkpoint in common", async () => {
    const store = await logs.open();
    await record(store, [{ kind: "counted", thing: "a", correlation: "p", amount: 1 }]);
    const readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const readModel = readModelOf(keyedProjections[0]!);
    const abandoned: HistoryWriter = async (generation, lease) => {
      const checkpoint = { ...beginningOf(await store.storeId()), position: 1n, handled: 1 };
      await readModels.commit(generation, lease, { rows: [["a", {}]], checkpoint });
      const next = await readModels.createBuilding(readModel.declaration, lease, { resumes: true });
      expect(next.id).to.not.equal(generation.id);
      expect(next.checkpoint).to.equal(undefined);
      throw new Error("killed");
    };
    const failing = rebuilt(readModel, store, readModels, { writeHistory: abandoned });
    expect(await failing.catch((error: Error) => error.message)).to.equal("killed");
    await readModels.close();
  });
});

/** One part after the other, into one generation. */
function byParts(
  projection: AnyClass,
  limits: ProjectionLimits,
  store: EventStore,
  readModels: ReadModelStore,
  of: number,
  meanwhile: () => Promise<void>,
): HistoryWriter {
  return async (generation, lease, control) => {
    const head = (await store.head())!;
    const beginning = beginningOf(await store.storeId());
    const parts = [];
    for (let index = 0; index < of; index++) {
      parts.push(
        await foldPart(partOfReadModel(projection, limits, { of, index }), {
          generation,
          lease,
          store,
          ...control,
          readModels: {
            rows: (...asked) => readModels.rows(...asked),
            commit: (to, by, { rows }) => readModels.commit(to, by, { rows, checkpoint: beginning }),
          },
          through: () => head,
          onProgress: () => {},
        }),
      );
      if (index === 0) await meanwhile();
    }
    const checkpoint = wholeOf(beginning, parts);
    if (checkpoint.position === undefined) return undefined;
    await readModels.commit(generation, lease, { rows: [], checkpoint });
    return checkpoint;
  };
}

/** What fits into memory is looked at after each page. */
function inSmallPages(store: SqliteEventStore): EventStore {
  const readLog = store.readLog.bind(store);
  return Object.assign(store, {
    async *readLog(options: ReadLogOptions) {
      for await (const page of readLog(options))
        for (let from = 0; from < page.length; from += 3) yield page.slice(from, from + 3);
    },
  });
}
