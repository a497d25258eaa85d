/** The rows that an observer works on: cases with what is due of them, aliases, statistics. A bounded part is in memory. */

import type { Generation, ReadModelStore, Row } from "../projection/read-model-store.js";
import { RowCache } from "../projection/row-cache.js";
import { newCase, type Case, type CaseStep } from "./case.js";
import { DueQueue, type Due } from "./due-queue.js";
import { aliasRow, casePrefix, caseRow, statisticsRow, type Alias } from "./rows.js";
import { StatisticsChanges, type SlotStatistics } from "./statistics.js";

export interface CaseRowsLimits {
  readonly cachedCases: number;
  readonly cachedDeadlines: number;
}

const preparedAhead = 255;

export class CaseRows {
  private readonly cases: RowCache;
  /** Aliases, statistics and what is kept of local control. */
  private readonly others: RowCache;
  private readonly due: DueQueue;
  private readonly statistics = new StatisticsChanges();

  constructor(
    private readonly readModels: ReadModelStore,
    private readonly generation: Generation,
    private readonly limits: CaseRowsLimits,
    /** Commits what has changed, so that the index knows of it. */
    private readonly commit: () => Promise<void>,
  ) {
    const isNew = generation.checkpoint === undefined;
    this.cases = new RowCache(readModels, generation, limits.cachedCases, isNew, casePrefix);
    this.others = new RowCache(readModels, generation, limits.cachedCases, isNew);
    this.due = new DueQueue(limits.cachedDeadlines);
  }

  /** Rows that the next commit writes. */
  get dirtyCount(): number {
    return this.cases.dirtyCount + this.others.dirtyCount;
  }

  /** Rows in memory. */
  get size(): number {
    return this.cases.size + this.others.size;
  }

  /** Loads those of them that are not here yet: cases and aliases must be prepared before they are asked for. */
  async prepare(keys: Iterable<string>, aliases: readonly string[] = []): Promise<void> {
    if (aliases.length > 0) await this.others.prepare(aliases.map(aliasRow));
    await this.cases.prepare(keys);
  }

  /** The case, where it is prepared. */
  preparedCase(key: string): Case | undefined {
    const found = this.cases.find(key);
    return found === null ? undefined : ((found as Case | undefined) ?? newCase(key));
  }

  case(key: string): Case {
    return (this.cases.get(key) as Case | undefined) ?? newCase(key);
  }

  alias(alias: string): Alias {
    return (this.others.get(aliasRow(alias)) as Alias | undefined) ?? {};
  }

  setAlias(alias: string, row: Alias): void {
    this.others.set(aliasRow(alias), row);
  }

  setControl(rowKey: string, row: Row): void {
    this.others.set(rowKey, row);
  }

  keep(before: Case, { case: after, moves }: CaseStep): void {
    for (const move of moves) this.statistics.add(move);
    if (after === before) return;
    const { key, dueMs } = before;
    this.cases.set(key, after);
    if (after?.dueMs !== undefined && after.dueMs !== dueMs) this.due.add({ atMs: after.dueMs, key });
  }

  /** The case that needs attention next, if time has passed what it waits for; it is taken off the queue. */
  async takeDue(nowMs: number): Promise<Case | undefined> {
    for (;;) {
      if (this.due.exhausted) await this.refill();
      const next = this.due.peek();
      if (!next || next.atMs >= nowMs) return undefined;
      this.due.pop();
      const found = await this.caseAt(next);
      if (found) return found;
    }
  }

  /** The earliest time at which a case needs attention; entries that are no longer true are dropped on the way. */
  async earliestDue(): Promise<number | undefined> {
    for (;;) {
      if (this.due.exhausted) await this.refill();
      const next = this.due.peek();
      if (!next) return undefined;
      if (await this.caseAt(next)) return next.atMs;
      this.due.pop();
      this.cases.trim();
    }
  }

  /** True when a case may need attention before `nowMs`, as far as memory tells. */
  mayBeDue(nowMs: number): boolean {
    const next = this.due.peek();
    return next ? next.atMs < nowMs : this.due.exhausted;
  }

  /** Reads on in the index, which must know of every change before it is asked. */
  async refill(): Promise<void> {
    await this.commit();
    const after = this.due.until;
    const found = await this.readModels.rowsInOrder(this.generation, "dueMs", {
      after: after && { value: after.atMs, key: caseRow(after.key) },
      limit: this.limits.cachedDeadlines,
    });
    this.due.refill(
      found.map(({ row }) => ({ atMs: (row as Case).dueMs!, key: (row as Case).key })),
      found.length === this.limits.cachedDeadlines,
    );
  }

  /** What the next commit writes, statistics included. */
  async changes(): Promise<Iterable<readonly [string, Row | undefined]>> {
    const { statistics, cases, others } = this;
    await others.prepare(statistics.keys.map(statisticsRow));
    for (const key of statistics.keys) {
      const row = statisticsRow(key);
      others.set(row, statistics.applied(key, others.get(row) as SlotStatistics | undefined));
    }
    statistics.clear();
    return (function* () {
      yield* others.changes();
      yield* cases.changes();
    })();
  }

  committed(): void {
    this.cases.committed();
    this.others.committed();
  }

  /** The case, if it waits for that still. */
  private async caseAt({ atMs, key }: Due): Promise<Case | undefined> {
    // Whoever asks for one asks for the next ones too.
    if (!this.cases.has(key)) await this.cases.prepare([key, ...this.due.ahead(preparedAhead).map((due) => due.key)]);
    const found = this.cases.get(key) as Case | undefined;
    return found?.dueMs === atMs ? found : undefined;
  }
}
