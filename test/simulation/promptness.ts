/** What a log says of how soon flags came, and of ticks that nobody needed (P5, P10): by asking the oracle about beginnings of it. */

import type { FlagData, RecordedEvent } from "../../src/index.js";
import { expectedFlags } from "../oracle/oracle.js";
import type { FlagRecord, LogRecord, SlotTerms } from "../oracle/records.js";
import { flagEventsIn } from "./log-records.js";

/** P5: the flags that follow once somebody asks for the time `atMs`, and that are not recorded. */
export function overdue(
  records: readonly LogRecord[],
  recorded: readonly FlagRecord[],
  terms: readonly SlotTerms[],
  atMs: number,
): string[] {
  const said = new Set(recorded.map(inWords));
  return expectedFlags([...records, tickAt(records, terms, atMs)], terms)
    .map(inWords)
    .filter((flag) => !said.has(flag));
}

const inWords = ({ case: name, slot, kind, deadline, eventId }: FlagRecord) =>
  `${name} ${slot} ${kind} ${deadline ?? eventId}`;

const tickAt = (records: readonly LogRecord[], [terms]: readonly SlotTerms[], recordedAtMs: number): LogRecord => ({
  id: "asked",
  type: terms!.tickType,
  position: (records.at(-1)?.position ?? 0) + 1,
  recordedAtMs,
});

/** P5, in log time: flags that were recorded longer than that after their deadline. */
export const slowFlags = (events: readonly RecordedEvent[], boundMs: number): string[] =>
  flagEventsIn(events)
    .map(({ data, recordedAtMs }) => ({ ...(data as FlagData), recordedAtMs }))
    .filter(({ deadline, eventId, recordedAtMs }) => !eventId && recordedAtMs > Date.parse(deadline!) + boundMs)
    .map(({ case: name, slot, deadline }) => `${name} ${slot} was flagged ${boundMs} ms after ${deadline} or later`);

/** Ticks directly after each other that pass no deadline. */
const mostIdle = 3;

/**
 * P10, in log time, where nothing goes wrong: each tick needs a deadline that was open some time since the tick before,
 * or `lagMs` before, which it takes to read what has been done meanwhile. It may come too early by a fast clock, or too
 * late, but not many of them.
 */
export function idleTicks(records: readonly LogRecord[], terms: readonly SlotTerms[], lagMs: number): string[] {
  const { tickType } = terms[0]!;
  const found: string[] = [];
  const flagsAt = (length: number) => expectedFlags(records.slice(0, length), terms);
  const isOpen = (length: number) => overdue(records.slice(0, length), flagsAt(length), terms, Infinity).length > 0;
  const flagged = (length: number) => flagsAt(length).length;
  let since = 0;
  let idle = 0;
  for (const [at, { type, position, recordedAtMs }] of records.entries()) {
    if (type !== tickType) continue;
    const unread = records.findIndex((record) => record.recordedAtMs >= recordedAtMs - lagMs);
    const from = Math.min(since, unread);
    if (!Array.from({ length: at - from + 1 }, (_, i) => at - i).some(isOpen))
      found.push(`the tick at ${position} came although no deadline was open`);
    if (at > since || flagged(at + 1) > flagged(at)) idle = 0;
    else if (++idle > mostIdle) found.push(`the tick at ${position} passed no deadline, as ${mostIdle} before`);
    since = at + 1;
  }
  return found;
}
