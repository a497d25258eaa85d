/** The timeline of a case: the events of all domains, flags, acknowledgements, and the observer's deadlines in between. */

import type { RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import { divergenceType, truncatedType } from "./alarms.js";
import { acknowledgedType, type AcknowledgedData } from "./control-events.js";
import type { Evidence } from "./evidence.js";
import { flagCategoryOf, flagTypePrefix, type FlagData } from "./flag-stream.js";
import { anyOf, meaningInWords } from "./in-words.js";
import { compareRuns, nameOfRun, type Run } from "./runs.js";
import { dueOf, type FlagKind, type Slot } from "./slot.js";
import type { SlotDefinition } from "./terms.js";

export interface TimelineEntry {
  /** The time that counts for the observer, in milliseconds since the UNIX epoch. */
  readonly atMs: number;
  readonly kind: "event" | "flag" | "acknowledgement" | "alarm" | "deadline";
  /** What it is, in a few words. */
  readonly words: string;
  /** `payment`, `payment#2`: of a flag, of a deadline. */
  readonly slot?: string;
  /** Whether it has passed; deadlines only. */
  readonly passed?: boolean;
  /** What is recorded; absent for a deadline. */
  readonly recorded?: RecordedEvent;
  /** What an event says in its present shape, which `recorded` may not have. Events only. */
  readonly data?: unknown;
  /** Why it cannot be brought into that shape. */
  readonly problem?: string;
}

/** Sorted by time; a deadline follows what is in time for it. */
export function timelineOf(store: Pick<EventStore, "streamPrefix">, evidence: Evidence): readonly TimelineEntry[] {
  const { timeBase } = evidence.definitions.inForce;
  const entries: TimelineEntry[] = [];
  let latestMs = -Infinity;
  for (const event of evidence.recorded) {
    const entry = entryOf(store, evidence, event);
    // In log time nothing counts earlier than what stands before it in the log.
    latestMs = timeBase === "recorded" ? Math.max(latestMs, entry.atMs) : entry.atMs;
    entries.push({ ...entry, atMs: latestMs });
  }
  // The sort is stable: what is due at the time of an event comes after it.
  return [...entries, ...deadlines(evidence)].toSorted((a, b) => a.atMs - b.atMs);
}

function entryOf(store: Pick<EventStore, "streamPrefix">, evidence: Evidence, recorded: RecordedEvent): TimelineEntry {
  const { type, streamName } = recorded;
  const atMs = evidence.timeOf(recorded);
  if (streamName.startsWith(`${flagCategoryOf(store)}-`)) {
    const data = recorded.data as FlagData;
    const slot = data.slot === undefined ? undefined : nameOfRun(data as Run);
    const kind = type.slice(flagTypePrefix.length) as FlagKind;
    const { timeBase } = evidence.definitions.inForce;
    const words = `${kind}${slot === undefined ? "" : ` ${slot}`}${whose(evidence, data)}: ${meaningInWords(kind, data)}`;
    const decidedMs = timeBase === "occurred" ? Date.parse(data.decidedAt) : atMs;
    return { atMs: decidedMs, kind: "flag", words, ...(slot !== undefined && { slot }), recorded };
  }
  if (type === acknowledgedType) {
    const { slot, by, note } = recorded.data as AcknowledgedData;
    const what = slot === undefined ? "acknowledged" : `${slot} acknowledged`;
    const words = `${what}${by === undefined ? "" : ` by ${by}`}${note === undefined ? "" : `: "${note}"`}`;
    return { atMs, kind: "acknowledgement", words, recorded };
  }
  if (type === divergenceType || type === truncatedType)
    return { atMs, kind: "alarm", words: (recorded.data as { detail: string }).detail, recorded };
  return { atMs, kind: "event", words: partsOf(evidence, type), recorded, ...evidence.said(recorded) };
}

/** Of another observer, or of another version, whose cases these are not any more. */
function whose({ definitions, hashes }: Evidence, { observer, version, definition }: FlagData): string {
  if (observer !== definitions.inForce.name) return ` (${observer})`;
  return hashes.has(definition) ? "" : ` (of version ${version})`;
}

/** `opens payment`, `is what payment expects`, `waives payment`. */
function partsOf({ definitions, found }: Evidence, type: string): string {
  return definitions
    .rolesIn(found, type)
    .map(({ judged: { terms }, role }) => {
      if (role === "trigger") return `opens ${terms.name}`;
      return role === "counterpart" ? `expected by ${terms.name}` : `waives ${terms.name}`;
    })
    .join(", ");
}

function deadlines(evidence: Evidence): TimelineEntry[] {
  const { found, nowMs = -Infinity } = evidence;
  const entries: TimelineEntry[] = [];
  for (const [slot, run] of Object.entries(found.slots).toSorted(([a], [b]) => compareRuns(a, b))) {
    const terms = evidence.termsOf(slot);
    if (!terms) continue;
    for (const { dueMs, words } of duesOf(slot, run, terms)) {
      const atMs = evidence.inLog(dueMs);
      entries.push({ atMs, kind: "deadline", words, slot, passed: nowMs > atMs });
    }
  }
  return entries;
}

function duesOf(name: string, slot: Slot, terms: SlotDefinition): { dueMs: number; words: string }[] {
  const { state, deadlineMs, orphanMs } = slot;
  const escalation = state === "MISSING" || state === "ORPHAN" ? dueOf(slot, terms) : undefined;
  return [
    ...(deadlineMs === undefined
      ? []
      : [{ dueMs: deadlineMs, words: `deadline of ${name}: ${anyOf(terms.counterpart)}` }]),
    ...(orphanMs === undefined
      ? []
      : [{ dueMs: orphanMs, words: `${name}: ${anyOf(terms.trigger)} due at the latest` }]),
    ...(escalation === undefined ? [] : [{ dueMs: escalation, words: `${name} escalates` }]),
  ];
}
