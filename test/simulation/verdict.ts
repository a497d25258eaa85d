/** What must hold at the end of a run, by the finished log alone: the ticks that the processes appended are part of it. */

import { rebuild, type EventStore, type ReadModelStore } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { observerOf } from "../observer/feed.js";
import { compareFlags } from "../oracle/compare.js";
import { expectedCases, expectedFlags, expectedObserverFlags } from "../oracle/oracle.js";
import type { SlotTerms } from "../oracle/records.js";
import { caseDifferences, rowsOf } from "./cases.js";
import { eventsOf, flagsIn, logRecord } from "./log-records.js";
import { idleTicks, overdue, slowFlags } from "./promptness.js";

export interface Finished {
  readonly log: EventStore;
  readonly readModels: ReadModelStore;
  readonly terms: readonly SlotTerms[];
  /** Deadlines before it must have been asked for. */
  readonly nowMs: number;
  /**
   * Where nothing went wrong, and terms are simple: how soon after its deadline a flag must be recorded, and how long
   * after it was recorded an event may be read. Resets, closed cases, and flags in great numbers have no such bounds.
   */
  readonly calm: { readonly boundMs: number; readonly lagMs: number } | undefined;
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly flags: number;
  readonly ticks: number;
}

const clockStream = "rollcall.clock";

export async function verdictOn({ log, readModels, terms, nowMs, calm }: Finished): Promise<Verdict> {
  const events = await eventsOf(log);
  const records = events.map(logRecord);
  const flags = flagsIn(events);
  const violations: string[] = [];
  const { isEqual, text } = compareFlags(
    [...expectedFlags(records, terms), ...expectedObserverFlags(records, terms)],
    flags,
  );
  if (!isEqual) violations.push(`P1: ${text}`);
  violations.push(
    ...overdue(records, flags, terms, nowMs).map((flag) => `P5: nobody has asked for the time of ${flag}`),
  );
  const { name } = observerOf(terms).declaration;
  const rows = await rowsOf(readModels, name);
  violations.push(...caseDifferences(expectedCases(records, terms), rows).map((each) => `P1: ${each}`));
  // In business time, a deadline may have passed when it is set, and events that wait for their own time are asked for.
  if (calm && terms[0]!.timeBase === "recorded") {
    violations.push(...slowFlags(events, calm.boundMs).map((each) => `P5: ${each}`));
    violations.push(...idleTicks(records, terms, calm.lagMs).map((each) => `P10: ${each}`));
  }
  violations.push(...(await rebuildDifferences(log, readModels, terms, rows)).map((each) => `P2: ${each}`));
  return {
    violations,
    flags: flags.length,
    ticks: events.filter(({ streamName }) => streamName === clockStream).length,
  };
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
