/** How benchmarks measure: medians of interleaved runs, each side seeing the same machine. */

export interface Measured {
  /** Of the runs, in the unit of the figure: so many a second, or milliseconds. */
  readonly median: number;
  readonly runs: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that at least so great a part does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!;
}

export const measured = (runs: readonly number[]): Measured => ({
  median: Math.round(median(runs)),
  runs: runs.map(Math.round),
});

/** How many a second, when `work` does `count` of them. */
export async function rate(count: number, work: () => unknown): Promise<number> {
  globalThis.gc?.();
  const started = performance.now();
  await work();
  return (count / (performance.now() - started)) * 1_000;
}

/** How long `work` takes, in milliseconds. */
export async function duration(work: () => unknown): Promise<number> {
  globalThis.gc?.();
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Runs all sides in turn, `runs` times. */
export async function interleaved<Name extends string>(
  runs: number,
  sides: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, Measured>> {
  const rates = new Map<string, number[]>();
  for (let run = 0; run < runs; run++)
    for (const [name, side] of Object.entries(sides) as [Name, () => Promise<number>][])
      rates.set(name, [...(rates.get(name) ?? []), await side()]);
  return Object.fromEntries([...rates].map(([name, each]) => [name, measured(each)])) as Record<Name, Measured>;
}

/** Largest resident size of this process so far, in MiB. */
export const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1_024);
