/** Holds the flags that were raised against those that the oracle expects. */

import type { FlagRecord } from "./records.js";

/** A flag event's data as it was found; kinds that the oracle does not know are allowed, and false. */
export interface FoundFlag extends Omit<FlagRecord, "kind"> {
  readonly kind: string;
}

export interface Comparison {
  readonly isEqual: boolean;
  /** Raised, not expected. */
  readonly false: readonly FoundFlag[];
  /** Expected, not raised. */
  readonly missed: readonly FoundFlag[];
  /** Raised again, beyond the first time; expected or not. */
  readonly doubled: readonly FoundFlag[];
  /** Raised as expected but for its sequence, or for `occurredInTime`, `count` or `differenceMs` where the flag found states it. */
  readonly different: readonly { readonly expected: FoundFlag; readonly found: FoundFlag }[];
  /** One line that counts, then one line per flag, the first twenty of each sort. */
  readonly text: string;
}

/** What makes two flags the same flag, but for their place in the sequence. Deadlines are compared as times, not as text. */
const identity = (flag: FoundFlag) =>
  JSON.stringify([
    flag.observer,
    flag.case,
    flag.slot,
    flag.round ?? 1,
    flag.pair ?? null,
    flag.kind,
    flag.step ?? null,
    flag.reason ?? null,
    flag.deadline === undefined ? null : Date.parse(flag.deadline),
    flag.eventId ?? null,
  ]);

/** What a flag says besides. */
const annotations = ["occurredInTime", "count", "differenceMs"] as const;

const described = (flag: FoundFlag) => {
  const about = [
    flag.reason,
    flag.deadline && `deadline ${flag.deadline}`,
    flag.step && `step ${flag.step}`,
    flag.eventId && `event ${flag.eventId}`,
    flag.count && `count ${flag.count}`,
    flag.differenceMs && `${flag.differenceMs} ms`,
  ];
  const inTime = flag.occurredInTime === undefined ? "" : flag.occurredInTime ? " in time" : " not in time";
  const run = (flag.round ? `#${flag.round}` : "") + (flag.pair === undefined ? "" : `[${flag.pair}]`);
  const where = flag.case === "" ? flag.observer : `${flag.observer}, case ${flag.case}, slot ${flag.slot}${run}`;
  return `${where}: ${flag.kind} #${flag.sequence} (${about.filter(Boolean).join(", ")})${inTime}`;
};

function section(name: string, lines: readonly string[]): string[] {
  const shown = lines.slice(0, 20).map((line) => `${name}: ${line}`);
  return lines.length > shown.length ? [...shown, `${name}: and ${lines.length - shown.length} more`] : shown;
}

/** The order in which the flags are given does not matter. */
export function compareFlags(expected: readonly FoundFlag[], actual: readonly FoundFlag[]): Comparison {
  const awaited = new Map(expected.map((flag) => [identity(flag), flag]));
  const met = new Map<string, FoundFlag>();
  const doubled: FoundFlag[] = [];
  for (const flag of actual) {
    if (met.has(identity(flag))) doubled.push(flag);
    else met.set(identity(flag), flag);
  }
  const unexpected = [...met].filter(([key]) => !awaited.has(key)).map(([, flag]) => flag);
  const missed = [...awaited].filter(([key]) => !met.has(key)).map(([, flag]) => flag);
  const different = [...awaited].flatMap(([key, flag]) => {
    const found = met.get(key);
    if (!found) return [];
    const isAlike = annotations.every((name) => found[name] === undefined || found[name] === flag[name]);
    return found.sequence === flag.sequence && isAlike ? [] : [{ expected: flag, found }];
  });
  const counts = {
    false: unexpected.length,
    missed: missed.length,
    doubled: doubled.length,
    different: different.length,
  };
  const text = [
    `${expected.length} flags expected, ${actual.length} found: ` +
      Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(", "),
    ...section("false", unexpected.map(described)),
    ...section("missed", missed.map(described)),
    ...section("doubled", doubled.map(described)),
    ...section(
      "different",
      different.map((pair) => `${described(pair.found)}, expected ${described(pair.expected)}`),
    ),
  ].join("\n");
  const isEqual = Object.values(counts).every((count) => count === 0);
  return { isEqual, false: unexpected, missed, doubled, different, text };
}
