/** What must hold at the end of a run, by the finished log alone: the ticks that the processes appended are part of it. */

import { rebuild, type EventStore, type FlagData, type ReadModelStore, type RecordedEvent } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { flagRecordOf, observerOf } from "../observer/feed.js";
import { compareFlags } from "../oracle/compare.js";
import { expectedCases, expectedFlags } from "../oracle/oracle.js";
import type { FlagRecord, LogRecord, SlotTerms } from "../oracle/records.js";
import { caseDifferences, rowsOf } from "./cases.js";
import { eventsOf, logRecord } from "./log-records.js";

export interface Finished {
  readonly log: EventStore;
  readonly readModels: ReadModelStore;
  readonly terms: readonly SlotTerms[];
  /** Deadlines before it must have been asked for. */
  readonly nowMs: number;
  readonly calm: boolean;
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly flags: number;
  readonly ticks: number;
}

const flagPrefix = "rollcall.flags-";
const clockStream = "rollcall.clock";

export async function verdictOn({ log, readModels, terms, nowMs, calm }: Finished): Promise<Verdict> {
  const events = await eventsOf(log);
  const records = events.map(logRecord);
  const flags = flagsIn(events);
  const violations: string[] = [];
  const { isEqual, text } = compareFlags(expectedFlags(records, terms), flags);
  if (!isEqual) violations.push(`P1: ${text}`);
  violations.push(...overdue(records, terms, nowMs, "at the end"));
  const { name } = observerOf(terms).declaration;
  const rows = await rowsOf(readModels, name);
  violations.push(...caseDifferences(expectedCases(records, terms), rows).map((each) => `P1: ${each}`));
  if (calm) violations.push(...ticksForNothing(records, terms).map((each) => `P10: ${each}`));
  violations.push(...(await rebuildDifferences(log, readModels, terms, rows)).map((each) => `P2: ${each}`));
  return {
    violations,
    flags: flags.length,
    ticks: events.filter(({ streamName }) => streamName === clockStream).length,
  };
}

/** P5: flags that there would be if somebody had asked for the time `atMs`, and that are not there. */
export function overdue(
  records: readonly LogRecord[],
  terms: readonly SlotTerms[],
  atMs: number,
  when: string,
): string[] {
  const asked = [...records, tickAt(records, terms, atMs)];
  const said = new Set(flagsOf(expectedFlags(records, terms)));
  const missed = flagsOf(expectedFlags(asked, terms)).filter((flag) => !said.has(flag));
  return missed.map((flag) => `P5: nobody has asked for a time that is long past (${when}): ${flag}`);
}

const flagsOf = (flags: readonly FlagRecord[]) =>
  flags.map(({ case: name, slot, kind, deadline, eventId }) => `${name} ${slot} ${kind} ${deadline ?? eventId}`);

const tickAt = (records: readonly LogRecord[], terms: readonly SlotTerms[], atMs: number): LogRecord => ({
  id: "asked",
  type: terms[0]!.tickType,
  position: (records.at(-1)?.position ?? 0) + 1,
  recordedAtMs: atMs,
});

/** P10: each tick needs a deadline that was open some time since the tick before. In business time, an event that waits for its own time does as well. */
function ticksForNothing(records: readonly LogRecord[], terms: readonly SlotTerms[]): string[] {
  const { tickType, timeBase } = terms[0]!;
  if (timeBase === "occurred") return [];
  const found: string[] = [];
  let since = 0;
  for (const [at, { type, position }] of records.entries()) {
    if (type !== tickType) continue;
    const isOpen = (length: number) => overdue(records.slice(0, length), terms, Infinity, "").length > 0;
    const lengths = Array.from({ length: at - since + 1 }, (_, i) => at - i);
    if (!lengths.some(isOpen)) found.push(`the tick at ${position} came although no deadline was open`);
    since = at + 1;
  }
  return found;
}

/** P2: what is made anew from the finished log is what is there, and appends nothing. */
async function rebuildDifferences(
  log: EventStore,
  readModels: ReadModelStore,
  terms: readonly SlotTerms[],
  rows: ReadonlyMap<string, string>,
): Promise<string[]> {
  const head = await log.head();
  const observer = observerOf(terms);
  try {
    await rebuild(observer, { store: log, readModels, holder: "operator", clock: new ManualClock() });
  } catch (error) {
    return [`the rebuild failed: ${String(error)}`];
  }
  const rebuilt = await rowsOf(readModels, observer.declaration.name);
  const keys = [...new Set([...rows.keys(), ...rebuilt.keys()])];
  const differences = keys
    .filter((key) => rows.get(key) !== rebuilt.get(key))
    .map((key) => `case ${key} is ${rebuilt.get(key)} when it is rebuilt, and was ${rows.get(key)}`);
  if ((await log.head()) !== head) differences.push("the rebuild appended something");
  return differences;
}

const flagsIn = (events: readonly RecordedEvent[]): FlagRecord[] =>
  events
    .filter(({ streamName }) => streamName.startsWith(flagPrefix))
    .map(({ type, data }) => flagRecordOf(type, data as FlagData));
