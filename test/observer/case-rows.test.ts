import { expect } from "chai";
import { newCase, type Case } from "../../src/observer/case.js";
import { CaseRows, type CaseRowsLimits } from "../../src/observer/case-rows.js";
import type { Move } from "../../src/observer/moves.js";
import type { ReadModelStore } from "../../src/projection/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { observerOf, plainTerms } from "./feed.js";

describe("the rows of cases", () => {
  let readModels: ReadModelStore;
  let commits: number;
  let read: string[][];
  beforeEach(async () => {
    readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const { rows } = readModels;
    commits = 0;
    read = [];
    readModels.rows = (generation, keys) => {
      read.push([...keys]);
      return rows.call(readModels, generation, keys);
    };
  });
  afterEach(() => readModels.close());

  const opened = async (limits: Partial<CaseRowsLimits> = {}) => {
    const { declaration } = observerOf([plainTerms]);
    const lease = (await readModels.acquire("keeper", "test", 60_000))!;
    const generation = await readModels.openActive(declaration, lease);
    const commit = async () => {
      commits++;
      const checkpoint = { storeId: "log", position: 1n, handled: 0 };
      await readModels.commit(generation, lease, { rows: await rows.changes(), checkpoint } as never);
      rows.committed();
    };
    const all = { cachedCases: 100, cachedDeadlines: 100, ...limits };
    const rows: CaseRows = new CaseRows(readModels, generation, all, commit);
    if (generation.checkpoint) await rows.refill();
    return { rows, commit };
  };
  const due = (key: string, dueMs?: number): Case => ({ ...newCase(key), ...(dueMs !== undefined && { dueMs }) });
  const keep = (rows: CaseRows, key: string, dueMs?: number, moves: readonly Move[] = []) =>
    rows.keep(rows.case(key), { case: due(key, dueMs), flags: [], moves });
  const taken = async (rows: CaseRows, nowMs: number) => {
    const keys: string[] = [];
    for (let found = await rows.takeDue(nowMs); found; found = await rows.takeDue(nowMs)) keys.push(found.key);
    return keys;
  };

  it("are new cases where there are none, and are written once for each commit", async () => {
    const { rows, commit } = await opened();
    expect(rows.case("a")).to.deep.equal(newCase("a"));
    const before = rows.case("a");
    rows.keep(before, { case: before, flags: [], moves: [] });
    expect(rows.dirtyCount, "nothing has changed").to.equal(0);
    keep(rows, "a", 5);
    rows.setAlias("p", { key: "a" });
    rows.setControl("control/0", { atMs: 1 });
    expect([rows.dirtyCount, rows.size]).to.deep.equal([3, 3]);
    const move: Move = { slot: "slot", startedMs: 0, from: undefined, to: "open", tookMs: undefined };
    keep(rows, "a", 5, [move, move]);
    expect([...(await rows.changes())].map(([key]) => key)).to.deep.equal([
      "alias/p",
      "control/0",
      "statistics/slot/1970-01-01",
      "case/a",
    ]);
    await commit();
    expect(rows.dirtyCount).to.equal(0);
    const again = await opened();
    expect(again.rows.preparedCase("a")).to.equal(undefined);
    await again.rows.prepare(["a", "b"], ["p", "q"]);
    expect(again.rows.preparedCase("a")).to.deep.equal(due("a", 5));
    expect(again.rows.preparedCase("b")).to.deep.equal(newCase("b"));
    expect(again.rows.alias("p")).to.deep.equal({ key: "a" });
    expect(again.rows.alias("q")).to.deep.equal({});
    expect(read).to.deep.equal([
      ["alias/p", "alias/q"],
      ["case/a", "case/b"],
    ]);
    keep(again.rows, "a", 5, [move]);
    const written = new Map(await again.rows.changes());
    expect(written.get("statistics/slot/1970-01-01"), "what was there is added to").to.include({ open: 3, started: 3 });
    rows.keep(due("gone"), { case: undefined, flags: [], moves: [] });
    expect([...(await rows.changes())]).to.deep.equal([["case/gone", undefined]]);
  });

  it("are due in the order of their times, once time has passed them, each by what it waits for now", async () => {
    const { rows } = await opened();
    expect(rows.mayBeDue(Infinity)).to.equal(false);
    expect(await rows.earliestDue()).to.equal(undefined);
    keep(rows, "b", 20);
    keep(rows, "a", 10);
    keep(rows, "c", 20);
    expect([10, 11].map((nowMs) => rows.mayBeDue(nowMs))).to.deep.equal([false, true]);
    expect(await rows.earliestDue()).to.equal(10);
    expect(await taken(rows, 10)).to.deep.equal([]);
    keep(rows, "a", 30);
    expect(rows.mayBeDue(11), "as far as memory tells").to.equal(true);
    expect(await rows.earliestDue()).to.equal(20);
    expect(rows.mayBeDue(11)).to.equal(false);
    expect(await taken(rows, 21)).to.deep.equal(["b", "c"]);
    keep(rows, "a");
    expect(await rows.earliestDue()).to.equal(undefined);
    expect(await taken(rows, 99)).to.deep.equal([]);
  });

  it("are due though memory does not hold them: the index tells, once it knows of what has changed", async () => {
    const { rows } = await opened({ cachedDeadlines: 1, cachedCases: 0 });
    for (const [i, key] of ["a", "b", "c", "d", "e"].entries()) keep(rows, key, 10 + i);
    expect(commits).to.equal(0);
    expect(await rows.takeDue(12)).to.include({ key: "a" });
    keep(rows, "a");
    expect(rows.mayBeDue(1), "memory cannot tell").to.equal(true);
    expect(await taken(rows, 12)).to.deep.equal(["b"]);
    expect(commits).to.be.at.least(1);
    expect(await rows.earliestDue()).to.equal(12);
    expect(await taken(rows, 99)).to.deep.equal(["c", "d", "e"]);
    const again = await opened({ cachedDeadlines: 2 });
    expect(await again.rows.earliestDue()).to.equal(11);
    expect(await taken(again.rows, 99)).to.deep.equal(["b", "c", "d", "e"]);
  });

  it("are read together with those that are due next", async () => {
    const { rows, commit } = await opened();
    for (const [i, key] of ["a", "b", "c"].entries()) keep(rows, key, 10 + i);
    await commit();
    const again = await opened();
    read = [];
    expect(await taken(again.rows, 99)).to.deep.equal(["a", "b", "c"]);
    expect(read).to.have.length(1);
    expect(read[0]).to.have.members(["case/a", "case/b", "case/c"]);
  });
});
