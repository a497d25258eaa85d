import { expect } from "chai";
import { Fenced, HandlingFailed, MemoryEventStore, StoreUnavailable } from "../../src/index.js";
import { CaseWriter, type CaseWriterOptions } from "../../src/observer/case-writer.js";
import { DefinitionHistory } from "../../src/observer/definition-history.js";
import type { RecordableFlag } from "../../src/observer/flag-stream.js";
import type { ObserverLimits } from "../../src/observer/observer-state.js";
import type { ReadModelStore } from "../../src/projection/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms, recordedEvent } from "./feed.js";

const event = (type: string, position: number, more: Partial<LogRecord> = {}): LogRecord => ({
  id: `${type}-${position}`,
  type,
  correlationId: `case ${position}`,
  position,
  recordedAtMs: 1_000 + position,
  ...more,
});

describe("the writer of cases", () => {
  let readModels: ReadModelStore;
  let commits: number;
  let recorded: RecordableFlag[];
  let awaited: (readonly [number | undefined, number])[];
  beforeEach(async () => {
    readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const { commit } = readModels;
    commits = 0;
    recorded = [];
    awaited = [];
    readModels.commit = (...args) => {
      commits++;
      return commit.apply(readModels, args);
    };
  });
  afterEach(() => readModels.close());

  const opened = async (
    terms: Partial<SlotTerms> = {},
    limits: ObserverLimits = {},
    more: Partial<CaseWriterOptions> = {},
  ) => {
    const readModel = observerOf([{ ...plainTerms, ...terms }]);
    const lease = (await readModels.acquire("writer", "test", 60_000))!;
    const generation = await readModels.openActive(readModel.declaration, lease);
    const signal = new AbortController().signal;
    const store = new MemoryEventStore({ storeId: "log" });
    const fail = () => {};
    const sink = { record: async (_: unknown, flags: readonly RecordableFlag[]) => void recorded.push(...flags) };
    const ticker = { await: (dueMs: number | undefined, nowMs: number) => void awaited.push([dueMs, nowMs]) };
    return CaseWriter.open({ generation, lease, mode: "live", readModels, store, signal, fail } as never, {
      history: new DefinitionHistory(readModel.definition, []),
      sink,
      ticker,
      limits,
      ...more,
    });
  };
  const handle = (writer: CaseWriter, ...records: readonly LogRecord[]) => writer.handle(records.map(recordedEvent));

  it("counts what it has read, and does not read again what is delivered again", async () => {
    const writer = await opened();
    expect(writer.checkpoint).to.include({ storeId: "log", handled: 0, position: undefined });
    await handle(writer, event("a", 3), event("x", 4), event("a", 6));
    await handle(writer, event("a", 3), event("a", 6), event("a", 6), event("b", 7));
    expect(writer.checkpoint).to.deep.include({ position: 7n, recordedAtMs: 1_007, handled: 4 });
    await writer.flush();
    const { checkpoint } = (await readModels.activeGeneration("watch"))!;
    expect(checkpoint).to.deep.include({ storeId: "log", position: 7n, handled: 4 });
    expect(checkpoint!.state).to.deep.include({ logTimeMs: 1_007, uncorrelated: 0 });
    const again = await opened();
    await handle(again, event("a", 7), event("a", 8));
    expect(again.checkpoint).to.deep.include({ position: 8n, handled: 5 });
  });

  it("records no flag once another has taken over", async () => {
    const writer = await opened();
    await handle(writer, event("a", 1));
    await writer.flush();
    await readModels.release((await readModels.acquire("writer", "test", 60_000))!);
    await readModels.acquire("writer", "another", 60_000);
    await handle(writer, event("a", 5_000));
    expect(await writer.flush().catch((error: unknown) => error)).to.be.instanceOf(Fenced);
    expect(recorded).to.deep.equal([]);
  });

  it("commits when it is asked to, once, and nothing where nothing was read", async () => {
    const writer = await opened();
    await writer.flush();
    expect(commits).to.equal(0);
    await handle(writer, event("a", 1));
    expect(commits).to.equal(0);
    await writer.flush();
    await writer.flush();
    expect(commits).to.equal(1);
  });

  it("commits on the way at so many rows, events, flags, or cases in memory", async () => {
    const commitsAfter = async (limits: ObserverLimits, ...records: LogRecord[]) => {
      const writer = await opened({ withinMs: 1 }, limits);
      commits = 0;
      await handle(writer, ...records);
      const found = commits;
      await writer.flush();
      return found;
    };
    const pages = (position: number, type: string) => [event(type, position), event(type, position + 1)];
    expect(await commitsAfter({ commitCases: 3 }, ...pages(1, "a"))).to.equal(0);
    expect(await commitsAfter({ commitCases: 2 }, ...pages(11, "a"))).to.be.at.least(1);
    const control = (position: number) => event("observer.ClockReset", position, { correlationId: undefined });
    expect(await commitsAfter({ commitEvents: 3 }, control(101), control(102))).to.equal(0);
    expect(await commitsAfter({ commitEvents: 2 }, control(111), control(112))).to.equal(1);
    const [late, tick] = [event("a", 121), event("observer.ClockTick", 124, { correlationId: undefined })];
    expect(await commitsAfter({ commitFlags: 2 }, late, tick)).to.equal(0);
    expect(
      await commitsAfter(
        { commitFlags: 1 },
        { ...late, position: 131 },
        { ...tick, position: 132, recordedAtMs: 9_999 },
      ),
    ).to.equal(0);
    const one = { ...late, id: "new", correlationId: "new", position: 141, recordedAtMs: 10_000 };
    const passed = { ...tick, id: "tick", position: 142, recordedAtMs: 10_002 };
    expect(await commitsAfter({ commitFlags: 1 }, one, passed)).to.be.at.least(1);
    // Events of cases that do not change.
    const read = [151, 152, 153].map((position) => event("x", position, { type: "b", id: `b-${position}` }));
    expect(await commitsAfter({ cachedCases: 2, commitCases: 9 }, ...read)).to.equal(0);
  });

  it("records flags before it commits, and nothing without its lease", async () => {
    const order: string[] = [];
    const sink = { record: async () => void order.push("flags") };
    const writer = await opened({}, {}, { sink });
    const { commit } = readModels;
    readModels.commit = (...args) => {
      order.push(`commit ${[...args[2].rows].length}`);
      return commit.apply(readModels, args);
    };
    await handle(writer, event("a", 1));
    await writer.flush();
    await handle(writer, event("a", 99));
    await writer.flush();
    // Before flags the last checkpoint is committed once more: that fails without the lease.
    expect(order.slice(1)).to.deep.equal(["commit 0", "flags", order.at(-1)]);
    expect(order[0]).to.not.equal("commit 0");
    expect(order.at(-1)).to.not.equal("commit 0");
  });

  it("says at which event it failed, unless a store does", async () => {
    const writer = await opened({ min: "data.n" });
    const failure = await handle(writer, event("a", 5, { streamName: "orders-1" })).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(HandlingFailed);
    expect(String(failure))
      .to.match(/^HandlingFailed: watch: .*orders-1/)
      .and.include("position 5");
    expect((failure as HandlingFailed).cause).to.be.instanceOf(TypeError);
    const down = new StoreUnavailable("it is down");
    const reading = await opened({}, { cachedCases: 0, cachedDeadlines: 1 });
    await handle(reading, event("a", 6), event("a", 7), event("a", 8), event("a", 9));
    readModels.commit = () => Promise.reject(down);
    expect(await handle(reading, event("a", 999)).catch((error: unknown) => error)).to.equal(down);
  });

  it("tells what it waits for when it has caught up: as times of the log, and later where events may be late", async () => {
    const writer = await opened();
    await writer.caughtUp();
    expect(awaited.splice(0)).to.deep.equal([[undefined, -Infinity]]);
    await handle(writer, event("a", 1), event("a", 5));
    await writer.caughtUp();
    expect(awaited.splice(0)).to.deep.equal([[1_011, 1_005]]);
    const reset = event("observer.ClockReset", 6, {
      correlationId: undefined,
      data: { to: new Date(900).toISOString() },
    });
    await handle(writer, reset);
    await writer.caughtUp();
    // Log time had come to 1,006.
    expect(awaited.splice(0)).to.deep.equal([[905, 900]]);
    const occurred = await opened({ observer: "late", timeBase: "occurred", latenessMs: 100, live: true });
    await handle(occurred, event("a", 1));
    await occurred.caughtUp();
    expect(awaited).to.deep.equal([[1_100, 1_001]]);
  });

  it("takes what the log does not say at its place, provisionally", async () => {
    const writer = await opened();
    writer.local = { kept: 0, taken: 0 };
    await handle(writer, event("a", 1));
    const tick = recordedEvent(event("observer.ClockTick", 9, { correlationId: undefined, recordedAtMs: 2_000 }));
    writer.keepLocal({ after: "8", atMs: 2_000 });
    expect(writer.local).to.deep.equal({ kept: 1, taken: 0 });
    await writer.takeLocal(tick, 8n);
    expect(writer.checkpoint).to.deep.include({ position: 8n, handled: 1 });
    await writer.takeLocal(tick, 7n);
    await writer.takeLocal(tick, undefined);
    expect(writer.checkpoint.position).to.equal(8n);
    await handle(writer, event("b", 10, { correlationId: "case 1" }));
    await writer.flush();
    expect(recorded.map(({ kind, provisional }) => [kind, provisional])).to.deep.equal([
      ["Missing", true],
      ["LateArrival", false],
    ]);
    const generation = (await readModels.activeGeneration("watch"))!;
    expect(generation.checkpoint!.state).to.deep.include({ local: { kept: 1, taken: 0 } });
    const rows = await readModels.rows(generation, ["control/000000000000"]);
    expect(rows.get("control/000000000000")).to.deep.equal({ after: "8", atMs: 2_000 });
    expect((await opened()).local).to.deep.equal({ kept: 1, taken: 0 });
  });
});
