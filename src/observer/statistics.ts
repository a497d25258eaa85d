/** How a slot fares, day by day: what was started on a day, and what has become of it by now. */

import type { Move, Standing } from "./moves.js";

/** One row for each slot and day (UTC) on which it was opened. `started` is the sum of all but `orphaned`. */
export interface SlotStatistics extends Readonly<Record<Standing, number>> {
  readonly slot: string;
  /** ISO 8601, a day. */
  readonly period: string;
  readonly started: number;
  /** From trigger to counterpart, of those met and late, in milliseconds, within two per cent. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  /** How many took how long: by the bucket of a logarithmic scale. */
  readonly took: Readonly<Record<number, number>>;
}

/** Widths of the buckets: a value is at most two per cent from the middle of its own. */
const growth = 1.04;

const bucketOf = (tookMs: number): number => (tookMs < 1 ? 0 : 1 + Math.round(Math.log(tookMs) / Math.log(growth)));
const middleOf = (bucket: number): number => (bucket === 0 ? 0 : Math.round(growth ** (bucket - 1)));

interface Change {
  readonly slot: string;
  readonly period: string;
  readonly counts: Record<string, number>;
  readonly took: Record<number, number>;
}

/** Changes that were not written yet, by row. */
export class StatisticsChanges {
  private readonly changes = new Map<string, Change>();
  private readonly last = new Map<string, { readonly day: number; readonly change: Change }>();

  /** Keys of the rows that change. */
  get keys(): readonly string[] {
    return [...this.changes.keys()];
  }

  add({ slot, startedMs, from, to, tookMs }: Move): void {
    const { counts, took } = this.changeOf(slot, Math.floor(startedMs / dayMs));
    if (from) counts[from] = (counts[from] ?? 0) - 1;
    if (to) counts[to] = (counts[to] ?? 0) + 1;
    if (tookMs === undefined) return;
    const bucket = bucketOf(tookMs);
    took[bucket] = (took[bucket] ?? 0) + 1;
  }

  private changeOf(slot: string, day: number): Change {
    // Events come in bursts of one day: what was asked for last is asked for next.
    let last = this.last.get(slot);
    if (last?.day === day) return last.change;
    const period = dateOf(day);
    const key = `${slot}/${period}`;
    let change = this.changes.get(key);
    if (!change) this.changes.set(key, (change = { slot, period, counts: {}, took: {} }));
    last = { day, change };
    this.last.set(slot, last);
    return change;
  }

  /** The row as it is after the changes. */
  applied(key: string, before: SlotStatistics | undefined): SlotStatistics {
    const { slot, period, counts, took: added } = this.changes.get(key)!;
    const count = (standing: Standing) => (before?.[standing] ?? 0) + (counts[standing] ?? 0);
    const took = { ...before?.took };
    for (const [bucket, more] of Object.entries(added)) took[Number(bucket)] = (took[Number(bucket)] ?? 0) + more;
    const [open, met, late, missing, waived] = (["open", "met", "late", "missing", "waived"] as const).map(count) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const [p50Ms, p95Ms] = [quantile(took, 0.5), quantile(took, 0.95)];
    return {
      slot,
      period,
      started: open + met + late + missing + waived,
      open,
      met,
      late,
      missing,
      waived,
      orphaned: count("orphaned"),
      ...(p50Ms !== undefined && { p50Ms }),
      ...(p95Ms !== undefined && { p95Ms }),
      took,
    };
  }

  clear(): void {
    this.changes.clear();
    this.last.clear();
  }
}

/** The smallest value that at least so great a part does not exceed. */
function quantile(took: Readonly<Record<number, number>>, part: number): number | undefined {
  // Keys that are whole numbers come in their order.
  const buckets = Object.entries(took);
  let left = part * buckets.reduce((sum, [, count]) => sum + count, 0);
  for (const [bucket, count] of buckets) {
    left -= count;
    if (left <= 0) return middleOf(Number(bucket));
  }
  return undefined;
}

const dayMs = 86_400_000;
const furthestDay = 100_000_000;

/** A day in UTC. What no calendar can say counts to the furthest day that it can. */
const dateOf = (day: number): string =>
  new Date(Math.max(-furthestDay, Math.min(furthestDay, day)) * dayMs).toISOString().replace(/T.*$/, "");
