/** Where in the finished log something happens: one total order over firings and events, of whatever case. */

/**
 * What fires: `[instant, 0, deadline, slot, run, wave]`; what an event does: `[instant, 1, turn, wave]`. The turn is 0 for the event
 * of the instant, then come those that waited for it; the wave is 0 but for what `after` opens, and 1 more for each `after` in a row.
 */
export type Point = readonly number[];

export function comparePoints(x: Point, y: Point): number {
  const i = x.findIndex((part, at) => part !== y[at]);
  return i < 0 ? x.length - y.length : x[i]! - (y[i] ?? -Infinity);
}

export const before = (x: Point, y: Point): boolean => comparePoints(x, y) < 0;

/** The point at which `after` opens a slot, given that of the completion. */
export const nextWave = (point: Point): Point => [...point.slice(0, -1), point.at(-1)! + 1];

/** The index of the first element, at `from` or later, for which `holds`; the length if there is none. Whatever holds for one must hold for all after it. */
export function firstIndex<T>(sorted: readonly T[], holds: (element: T) => boolean, from = 0): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
