import { expect } from "chai";
import fc from "fast-check";
import {
  HandlingFailed,
  InvalidConfiguration,
  MemoryEventStore,
  NoRowsAlone,
  randomId,
  RebuildThreadEnded,
  Rollcall,
  type StatedConfiguration,
} from "../../src/index.js";
import { writeHistoryInThreads } from "../../src/application/rebuild-threads/write-history.js";
import { digest, happening, keyedProjections, rebuilt, record, type Happening } from "../projection/keyed.js";
import { runs } from "../runs.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import { Counted, readModelOf } from "../subscription/things.js";
import { until } from "../until.js";
import definition from "./workers-application.js";

const application = new URL("./workers-application.js", import.meta.url);
const projections = ["by-aggregate", "by-correlation", "by-both"];
/** Each number of threads, and each way to a key; that any come to the same, the test of folding in parts samples. */
const combinations = [
  ["by-aggregate", 1],
  ["by-correlation", 2],
  ["severally", 2],
  ["by-aggregate", 4],
] as const;

describe("a rebuild by several workers", function () {
  this.timeout(runs(240_000, 3_600_000));
  const files = temporaryLogs();
  let running: Rollcall[] = [];

  const open = async (configuration: StatedConfiguration = {}) => {
    const stated = { store: files.file(), readModels: files.file("rows.sqlite"), roles: ["projection"] };
    const rollcall = await Rollcall.open(definition, { ...stated, ...configuration });
    running.push(rollcall);
    return rollcall;
  };
  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop()));
    running = [];
  });

  const counted = (amount: number, thing = "a"): Happening => ({ kind: "counted", thing, correlation: thing, amount });
  const caughtUp = async (rollcall: Rollcall, names: readonly string[]) => {
    const head = await rollcall.store.head();
    for (const name of names)
      await until(`${name} is at ${head}`, async () => {
        const serving = await rollcall.readModels.activeGeneration(`${name}@1`);
        return serving?.checkpoint?.position === head;
      });
  };

  it("gives the rows and the checkpoint of one reader, by whatever key, while a worker is live and events come", async () => {
    const rollcall = await open();
    await rollcall.start();
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 20, maxLength: 60 }), async (happenings) => {
        await record(rollcall.store, happenings);
        for (const [name, count] of combinations) {
          let told = 0;
          const rebuilding = rollcall.rebuild(name, {
            workers: { count, application },
            onProgress: ({ events }) => (told = events),
          });
          const [result] = await Promise.all([rebuilding, record(rollcall.store, happenings.slice(0, 5))]);
          expect(result).to.include({ activated: true, resumed: 0 });
          expect(told).to.be.at.least(1);
          await record(rollcall.store, [counted(1)]);
          await caughtUp(rollcall, [name]);
          const inThreads = await digest(rollcall.readModels, `${name}@1`);
          await rollcall.rebuild(name, { fresh: true });
          expect(await digest(rollcall.readModels, `${name}@1`), `${name} by ${count}`).to.equal(inThreads);
        }
      }),
      { numRuns: runs(1, 20) },
    );
  });

  it("needs no more rows in memory than one reader", async () => {
    const rollcall = await open();
    const { store, readModels, configuration } = rollcall;
    // Of many pages, because what fits is looked at after each of them.
    for (let round = 0; round < 4; round++)
      for (let thing = 0; thing < 30; thing++)
        await store.append(
          `thing-${thing}`,
          Array.from({ length: 25 }, (_, i) => ({
            id: randomId(),
            type: Counted.type,
            data: { amount: i % 9 },
            metadata: { $correlationId: `c-${(thing + i) % 11}` },
          })),
          { expectedRevision: "any" },
        );
    await record(store, [{ kind: "dropped", thing: "3", correlation: "3" }, counted(2, "4")]);
    for (const projection of keyedProjections.slice(1, 3)) {
      const readModel = readModelOf(projection, [], { rebuildRows: 4, rebuildBatch: 10 });
      const inThreads = await rebuilt(readModel, store, readModels, {
        writeHistory: (generation, lease, { signal }) =>
          writeHistoryInThreads(readModel, generation, lease, {
            store,
            readModels,
            configuration,
            signal,
            application: application.href,
            threads: 2,
          }),
      });
      expect(inThreads).to.equal(await rebuilt(readModelOf(projection), store, readModels));
    }
  });

  it("fails at the first event that cannot be folded, as one reader does, and what serves stays", async () => {
    const rollcall = await open();
    await record(rollcall.store, [counted(1, "a"), counted(2, "b")]);
    for (const name of projections) await rollcall.rebuild(name);
    const before = await digest(rollcall.readModels, "by-aggregate@1");
    for (const thing of ["d", "c", "b", "a", "d", "e"]) await record(rollcall.store, [counted(13, thing)]);
    await rollcall.store.append("thing-x", [{ id: "without", type: "things.Counted", data: { amount: 1 } }], {
      expectedRevision: "any",
    });
    for (const name of ["by-aggregate", "by-both"]) {
      const [alone, together] = [
        await rollcall.rebuild(name, { fresh: true }).catch((error: unknown) => error),
        await rollcall.rebuild(name, { workers: { count: 3, application } }).catch((error: unknown) => error),
      ] as HandlingFailed[];
      expect(together).to.be.instanceOf(HandlingFailed);
      expect(together!.position).to.equal(3n);
      expect({ ...together, message: together!.message }).to.deep.equal({ ...alone, message: alone!.message });
      expect((together!.cause as Error).message).to.equal("13 is no amount");
    }
    expect(await digest(rollcall.readModels, "by-aggregate@1")).to.equal(before);
    expect((await rollcall.readModels.generations()).filter(({ state }) => state === "building")).to.deep.equal([]);
  });

  it("fails where an event has no key", async () => {
    const rollcall = await open();
    await record(rollcall.store, [counted(1)]);
    await rollcall.store.append("thing-x", [{ id: "without", type: "things.Counted", data: { amount: 1 } }], {
      expectedRevision: "any",
    });
    const failing = rollcall.rebuild("by-correlation", { workers: { count: 2, application } });
    const error = (await failing.catch((reason: unknown) => reason)) as Error;
    expect(error).to.be.instanceOf(HandlingFailed);
    expect(error.message).to.match(/its key is undefined, expected text/);
  });

  it("fails, and does not hang, when a thread comes to an end", async () => {
    const rollcall = await open();
    await record(rollcall.store, [counted(1, "a"), counted(1, "b"), counted(99, "c")]);
    const failing = rollcall.rebuild("by-aggregate", { workers: { count: 2, application } });
    const error = (await failing.catch((reason: unknown) => reason)) as RebuildThreadEnded;
    expect(error).to.be.instanceOf(RebuildThreadEnded);
    expect(error.message).to.match(
      /^by-aggregate: thread [12] of 2 .*: it exited with 3\. What serves stays as it is\./,
    );
    expect(await rollcall.readModels.generations()).to.deep.equal([]);
  });

  it("ends its threads when it is stopped, and leaves nothing", async () => {
    const rollcall = await open();
    for (let i = 0; i < 300; i++) await record(rollcall.store, [counted(1, `${i}`)]);
    const abort = new AbortController();
    const stopped = await rollcall.rebuild("by-both", {
      workers: { count: 2, application },
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    expect(stopped.activated).to.equal(false);
    expect(await rollcall.readModels.generations()).to.deep.equal([]);
    const already = { workers: { count: 2, application }, signal: AbortSignal.abort() };
    expect(await rollcall.rebuild("by-both", already)).to.include({ activated: false, events: 0 });
    expect(await rollcall.rebuild("by-both")).to.include({ activated: true, resumed: 0, events: 300 });
  });

  it("builds nothing from nothing", async () => {
    const rollcall = await open();
    const result = await rollcall.rebuild("by-both", { workers: { count: 2, application } });
    expect(result).to.deep.equal({ name: "by-both", events: 0, position: undefined, resumed: 0, activated: true });
  });

  it("is refused for an observer, for stores that threads cannot open, and for a module that is another application", async () => {
    const rollcall = await open();
    const refusal = async (on: Rollcall, name: string, workers: { count: number; application: string | URL }) =>
      (await on.rebuild(name, { workers }).catch((error: unknown) => error)) as Error;
    expect(await refusal(rollcall, "dropping", { count: 2, application })).to.be.instanceOf(NoRowsAlone);
    for (const count of [0, 17, 1.5]) {
      const error = await refusal(rollcall, "by-both", { count, application: "here" });
      expect(error).to.be.instanceOf(InvalidConfiguration);
      expect(error.message).to.include(`workers.count is ${count}. Use a whole number from 1 to 16.`);
      expect(error.message).to.include('workers.application is "here". Use the URL of a module');
    }
    const inMemory = await open({ store: "memory:", readModels: "memory:" });
    const memory = await refusal(inMemory, "by-both", { count: 2, application });
    expect(memory.message).to.match(/Workers need a log .*\n.*Workers need read models/);
    const given = await Rollcall.open(
      definition,
      { readModels: files.file("other.sqlite") },
      { store: new MemoryEventStore() },
    );
    running.push(given);
    expect((await refusal(given, "by-both", { count: 2, application })).message).to.match(/Workers need a log/);

    await record(rollcall.store, [counted(1)]);
    const other = await refusal(rollcall, "by-both", { count: 2, application: import.meta.url });
    expect(other.message).to.match(/workers\.test\.js (has no projection by-both|cannot be loaded)/);
    const missing = await refusal(rollcall, "by-both", { count: 2, application: "file:///nowhere.js" });
    expect(missing).to.be.instanceOf(InvalidConfiguration);
    expect(missing.message).to.match(/file:\/\/\/nowhere\.js cannot be loaded/);
    expect(await rollcall.readModels.generations()).to.deep.equal([]);
  });
});
