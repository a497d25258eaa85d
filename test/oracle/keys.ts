/** Which case an event belongs to, and when it counts there: at its own instant, or directly after the one that tells its alias. */

import { valueAt } from "./paths.js";
import type { Point } from "./points.js";
import type { Read } from "./reads.js";
import type { LogRecord, SlotTerms } from "./records.js";
import type { Instant } from "./timeline.js";

/** An event of a case, where and when it was judged. */
export interface Judged {
  readonly id: string;
  readonly type: string;
  readonly record: LogRecord;
  readonly at: Point;
  /** λ, or τ in business time: what is compared with a deadline. */
  readonly timeMs: number;
  readonly tau: number;
  /** Where earlier records of the same id were judged; nothing for one that was not. */
  readonly earlier: readonly (Point | undefined)[];
}

type Keyed = { readonly key: string } | { readonly alias: string };

/** The key of an event, or the alias by which it is to be found; undefined when it has neither. */
export function keyOf(record: LogRecord, { key, keys }: Pick<SlotTerms, "key" | "keys">): Keyed | undefined {
  const term = keys?.[record.type] ?? key;
  if (typeof term === "object" && "via" in term) {
    const alias = valueAt(term.via, record);
    return alias === undefined ? undefined : { alias };
  }
  const path = typeof term === "object" ? term.key : term;
  const value = path === undefined ? (record.correlationId ?? "") : valueAt(path, record);
  return value === undefined || value === "" ? undefined : { key: value };
}

/** What an event tells: that an alias means its key. */
export function told(record: LogRecord, terms: Pick<SlotTerms, "key" | "keys">) {
  const term = terms.keys?.[record.type];
  const path = typeof term === "object" && "alias" in term ? term.alias : undefined;
  const alias = path === undefined ? undefined : valueAt(path, record);
  const own = keyOf(record, terms);
  return alias !== undefined && own && "key" in own ? { alias, key: own.key } : undefined;
}

/** Every event that counts, in the order in which it does; of those that wait for one another's alias, in the order of the log. */
function placed(reads: readonly Read[], instants: readonly Instant[], terms: SlotTerms) {
  const judged = instants.flatMap(({ read, timeMs }, rank) =>
    read?.is === "event" ? [{ record: read.record, tau: read.tau, rank, timeMs }] : [],
  );
  const placeOf = new Map(judged.map(({ record, rank, timeMs }) => [record.position, { rank, timeMs }]));
  const tellings = reads.flatMap(({ record, is }) => {
    const telling = is === "event" ? told(record, terms) : undefined;
    return telling ? [{ ...telling, position: record.position, place: placeOf.get(record.position) }] : [];
  });
  // "The first meaning of an alias stands."
  const meaning = new Map(tellings.toReversed().map((telling) => [telling.alias, telling]));
  const events = judged.flatMap((event) => {
    const own = keyOf(event.record, terms);
    if (!own) return [];
    if ("key" in own) return [{ ...event, key: own.key, waited: 0 }];
    const telling = meaning.get(own.alias);
    if (!telling) return [];
    if (telling.position < event.record.position) return [{ ...event, key: telling.key, waited: 0 }];
    if (!telling.place) return [];
    const isLater = telling.place.rank < event.rank;
    return [{ ...event, key: telling.key, waited: isLater ? 0 : 1, ...(isLater ? {} : telling.place) }];
  });
  events.sort((x, y) => x.rank - y.rank || x.waited - y.waited || x.record.position - y.record.position);
  let turn = 0;
  return events.map((event, i) => {
    turn = events[i - 1]?.rank === event.rank ? turn + 1 : 0;
    return { ...event, at: [event.rank, 1, turn, 0] as Point };
  });
}

/** The judged events of each case, in their order. */
export function eventsByCase(reads: readonly Read[], instants: readonly Instant[], terms: SlotTerms) {
  const events = placed(reads, instants, terms);
  const pointOf = new Map(events.map(({ record, at }) => [record.position, at]));
  const byId = new Map<string, LogRecord[]>();
  for (const { record, is } of reads) if (is === "event") byId.set(record.id, [...(byId.get(record.id) ?? []), record]);
  const cases = new Map<string, Judged[]>();
  for (const { record, tau, timeMs, at, key } of events) {
    const earlier = byId
      .get(record.id)!
      .filter(({ position }) => position < record.position)
      .map(({ position }) => pointOf.get(position));
    const judged = { id: record.id, type: record.type, record, at, timeMs, tau, earlier };
    const others = cases.get(key);
    if (others) others.push(judged);
    else cases.set(key, [judged]);
  }
  return cases;
}
