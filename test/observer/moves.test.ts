import { expect } from "chai";
import fc from "fast-check";
import { runOf } from "../../src/index.js";
import { movesOf, type Move } from "../../src/observer/moves.js";
import type { Slot, SlotEvent } from "../../src/observer/slot.js";
import type { SlotStatistics } from "../../src/observer/statistics.js";
import { anyFull, anyFullTerms } from "../oracle/arbitrary.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { runs } from "../runs.js";
import { rowsOf } from "../simulation/cases.js";
import { FedObserver, observerOf, plainTerms } from "./feed.js";

const start = Date.UTC(2026, 0, 1);

async function statisticsOf(slots: readonly SlotTerms[], log: readonly LogRecord[]) {
  const fed = await FedObserver.open(slots);
  await fed.handle(log);
  await fed.flush();
  const rows = [...(await rowsOf(fed.readModels, slots[0]!.observer))];
  const cases = await fed.cases();
  await fed.readModels.close();
  const statistics = rows.flatMap(([key, row]) =>
    key.startsWith("statistics/") ? [JSON.parse(row) as SlotStatistics] : [],
  );
  return { statistics, cases };
}

describe("a move", () => {
  const { slots } = observerOf([{ ...plainTerms, withinMs: 10, orphanWithinMs: 5 }]).definition;
  const terms = slots[0]!;
  const slot = (state: Slot["state"], more: Partial<Slot> = {}): Slot => ({ state, count: 0, ...more });
  const opened = { deadlineMs: 110 };
  const by = (atMs: number): SlotEvent => ({ id: "b", atMs, occurredAtMs: atMs });
  const move = (from: Move["from"], to: Move["to"], more: Partial<Move> = {}): Move => ({
    slot: "slot",
    startedMs: 100,
    from,
    to,
    tookMs: undefined,
    ...more,
  });

  it("is none while nothing was started, or where it stands as before", () => {
    const rest = [undefined, slot("IDLE"), slot("EARLY"), slot("UNJUDGED"), slot("WAIVED")];
    for (const before of rest)
      for (const after of rest) expect(movesOf(before, after ?? slot("IDLE"), terms, undefined)).to.deep.equal([]);
    for (const state of ["OPEN", "MET", "MISSING", "RECOVERED", "WAIVED"] as const)
      expect(movesOf(slot(state, opened), slot(state, opened), terms, by(101))).to.deep.equal([]);
    const orphan = slot("ORPHAN", { orphanMs: 5 });
    expect(movesOf(orphan, orphan, terms, undefined)).to.deep.equal([]);
    // Of a run that began anew under other terms, what had been started is not told a second time.
    expect(movesOf(slot("OPEN", opened), slot("IDLE"), terms, undefined)).to.deep.equal([]);
    expect(movesOf(undefined, slot("MET"), terms, undefined)).to.deep.equal([]);
  });

  it("is from the day of the trigger as the log says it, and took as long as from then to its completion", () => {
    expect(movesOf(undefined, slot("OPEN", opened), terms, undefined)).to.deep.equal([move(undefined, "open")]);
    expect(movesOf(slot("OPEN", opened), slot("MET", opened), terms, by(107))).to.deep.equal([
      move("open", "met", { tookMs: 7 }),
    ]);
    expect(movesOf(slot("EARLY"), slot("MET", opened), terms, by(90))).to.deep.equal([
      move(undefined, "met", { tookMs: 0 }),
    ]);
    const setBack = { ...opened, offsetMs: 30 };
    expect(movesOf(slot("MISSING", setBack), slot("RECOVERED", setBack), terms, by(120))).to.deep.equal([
      move("missing", "late", { startedMs: 70, tookMs: 20 }),
    ]);
  });

  it("is two of an orphan that finds its trigger, and one of it where it is waived", () => {
    const orphan = slot("ORPHAN", { orphanMs: 95 });
    const [begins, ends] = [undefined, "orphaned"] as const;
    expect(movesOf(slot("EARLY", { orphanMs: 95 }), orphan, terms, undefined)).to.deep.equal([
      move(begins, "orphaned", { startedMs: 90 }),
    ]);
    expect(movesOf(undefined, orphan, terms, undefined)).to.deep.equal([move(begins, "orphaned", { startedMs: 90 })]);
    expect(movesOf(orphan, slot("MET", opened), terms, by(100))).to.deep.equal([
      move(ends, undefined, { startedMs: 90 }),
      move(undefined, "met", { tookMs: 0 }),
    ]);
    expect(movesOf(orphan, slot("WAIVED"), terms, undefined)).to.deep.equal([move(ends, undefined, { startedMs: 90 })]);
  });
});

describe("what is told to statistics", () => {
  const event = (type: string, ms: number, name = "k"): LogRecord => ({
    id: `${type}-${ms}-${name}`,
    type,
    correlationId: name,
    position: ms,
    recordedAtMs: start + ms,
  });

  it("is how long each took, from trigger to counterpart, and 0 where the counterpart came first", async () => {
    const terms = { ...plainTerms, withinMs: 1_000, unless: ["c"], orphanWithinMs: 500 };
    const log = [
      event("b", 1, "early"),
      event("a", 2),
      event("a", 3, "late"),
      event("a", 4, "waived"),
      event("a", 5, "early"),
      event("b", 6, "orphan"),
      event("b", 7, "found"),
      event("b", 102),
      event("c", 103, "waived"),
      event("a", 800, "found"),
      event("b", 2_003, "late"),
      event("a", 2_004, "open"),
      event("a", 2_005, "missing"),
    ];
    const { statistics } = await statisticsOf([terms], log);
    const [row] = statistics;
    expect(statistics).to.have.length(1);
    expect(row).to.deep.include({ slot: "slot", period: "2026-01-01", started: 7, orphaned: 1 });
    expect(row).to.include({ open: 2, met: 3, late: 1, missing: 0, waived: 1 });
    expect(row!.p50Ms).to.equal(0);
    expect(row!.p95Ms).to.be.within(1_960, 2_040);
    expect(Object.values(row!.took)).to.deep.equal([2, 1, 1]);
  });

  it("belongs to the day of the trigger, whenever its end comes", async () => {
    const dayMs = 86_400_000;
    const terms = { ...plainTerms, withinMs: 2 * dayMs };
    const { statistics } = await statisticsOf(
      [terms],
      [event("a", dayMs - 1), event("a", dayMs, "x"), event("b", dayMs + 7)],
    );
    expect(statistics.map(({ period, open, met }) => [period, open, met])).to.deep.equal([
      ["2026-01-01", 0, 1],
      ["2026-01-02", 1, 0],
    ]);
  });

  it("adds up to where every run of every case stands", async function () {
    this.timeout(600_000);
    const standing = (state: string, hasTrigger: boolean): keyof SlotStatistics | undefined =>
      (
        ({ OPEN: "open", MET: "met", RECOVERED: "late", MISSING: "missing", ORPHAN: "orphaned" }) as Record<
          string,
          keyof SlotStatistics
        >
      )[state] ?? (state === "WAIVED" && hasTrigger ? "waived" : undefined);
    // A case that is closed, or forgotten, tells no more how its slots ended.
    const terms = anyFullTerms().map((slots) =>
      slots.map(({ closeAfterMs: _, forgetAfterMs: __, ...slot }) => slot as SlotTerms),
    );
    await fc.assert(
      fc.asyncProperty(anyFull(terms), async ([slots, log]) => {
        const { statistics, cases } = await statisticsOf(slots, log);
        const [found, expected]: Record<string, number>[] = [{}, {}];
        const count = (counts: Record<string, number>, name: string, by: number) => {
          if (by > 0) counts[name] = (counts[name] ?? 0) + by;
        };
        for (const row of statistics) {
          for (const each of ["open", "met", "late", "missing", "waived", "orphaned"] as const)
            count(found!, `${row.slot} ${each}`, row[each]);
          expect(row.started).to.equal(row.open + row.met + row.late + row.missing + row.waived);
          for (const more of Object.values(row.took)) count(found!, `${row.slot} took`, more);
        }
        for (const { slots: states } of cases.values())
          for (const [run, { state, deadlineMs }] of Object.entries(states)) {
            const { slot } = runOf(run);
            const stands = standing(state, deadlineMs !== undefined);
            if (stands) count(expected!, `${slot} ${stands}`, 1);
            if (stands === "met" || stands === "late") count(expected!, `${slot} took`, 1);
          }
        expect(found).to.deep.equal(expected);
      }),
      { numRuns: runs(150, 5_000) },
    );
  });
});
