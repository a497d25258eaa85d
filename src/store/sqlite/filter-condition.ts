/** An event filter as a condition of SQL. */

import type { EventFilter } from "../event-store.js";

export interface Condition {
  readonly condition: string;
  readonly values: readonly string[];
}

/** The condition that rows of `event` meet when they pass the filter; true for all without one. */
export function filterCondition(filter: EventFilter | undefined): Condition {
  if (!filter) return { condition: "true", values: [] };
  if ("eventTypes" in filter)
    return { condition: `type IN (${filter.eventTypes.map(() => "?").join()})`, values: filter.eventTypes };
  const ranges = filter.streamPrefixes.map(prefixRange);
  const conditions = ranges.map(([, end]) => (end === undefined ? "stream >= ?" : "(stream >= ? AND stream < ?)"));
  return {
    condition: `(${conditions.join(" OR ") || "false"})`,
    values: ranges.flatMap(([start, end]) => (end === undefined ? [start] : [start, end])),
  };
}

/** From the prefix up to, but without, the first string after all that begin with it. SQLite compares code points. */
function prefixRange(prefix: string): [start: string, end: string | undefined] {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return [prefix, undefined];
  // What follows the last code point before the surrogates is the first one after them.
  return [prefix, String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)];
}
