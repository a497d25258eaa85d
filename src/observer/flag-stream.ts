/** Flags as events: a deterministic sequence in one stream per observer, definition and case, each recorded once. */

import { Divergence, WrongExpectedRevision } from "../errors.js";
import { derivedId } from "../message/index.js";
import type { EventData, EventStore } from "../store/event-store.js";
import type { Flag } from "./case.js";
import type { ObserverDefinition } from "./definition.js";
import { nameOfRun, type Run } from "./runs.js";
import type { Annotations } from "./terms.js";

/** Every flag event's type begins with this: `observer.Missing`. */
export const flagTypePrefix = "observer.";

/** Category of the streams that hold flags. */
export const flagCategoryOf = ({ streamPrefix }: Pick<EventStore, "streamPrefix">): string => `${streamPrefix}flags`;

/** What a flag event says. */
export interface FlagData extends Annotations {
  readonly observer: string;
  readonly version: number;
  /** Hash of the observer's definition. */
  readonly definition: string;
  /** Absent, like `slot`, where it is about the observer itself: `Uncorrelated`, `ClockAnomaly`. */
  readonly case?: string;
  readonly slot?: string;
  /** Which time the slot was opened, from 2 on. */
  readonly round?: number;
  /** Value that tells this run of the slot from others. */
  readonly pair?: string;
  /** Place among the flags of the case, from 0: also its revision. */
  readonly sequence: number;
  /** ISO 8601. Absent, like `triggerId`, for what came before any trigger. */
  readonly deadline?: string;
  /** `Escalated`: which step, from 1. */
  readonly step?: number;
  readonly triggerId?: string;
  /** The event that raised the flag; absent where time did. */
  readonly eventId?: string;
  /** `LateArrival`: business time says that the counterpart was in time. */
  readonly occurredInTime?: boolean;
  /** The log time, or business time, at which it was decided. ISO 8601. */
  readonly decidedAt: string;
  /** Derived from what had been recorded before the observer was defined. */
  readonly backfill?: true;
  /** No tick could prove that nothing is on its way: the observer may not write. */
  readonly provisional?: true;
  /** `Uncorrelated`: how many since the last such flag. */
  readonly count?: number;
  /** `ClockAnomaly`: `behind`, `tick` or `ahead`, and by how many milliseconds. */
  readonly reason?: string;
  readonly differenceMs?: number;
  /** `Uncorrelated`, `ClockAnomaly`: of the event. */
  readonly eventType?: string;
  readonly streamName?: string;
}

/** A flag with what the observer alone knows of it. Its times are those of the log. */
export interface RecordableFlag extends Flag {
  /** Of the event at which it was decided. */
  readonly position: bigint;
  readonly backfill: boolean;
  readonly provisional: boolean;
}

/** Twelve hexadecimal digits tell the definitions of one observer apart. Without a case: flags on the observer itself. */
export const flagStream = (
  store: Pick<EventStore, "streamPrefix">,
  { name, hash }: Pick<ObserverDefinition, "name" | "hash">,
  caseKey?: string,
): string => {
  const ofObserver = `${flagCategoryOf(store)}-${name}-${hash.slice(0, 12)}`;
  return caseKey === undefined ? ofObserver : `${ofObserver}-${caseKey}`;
};

/** The flag as an event; its id follows from what it says. */
export function flagEvent(definition: ObserverDefinition, flag: RecordableFlag): EventData {
  const { name, version, hash } = definition;
  const { kind, run, sequence, deadlineMs, step, triggerId, eventId, occurredInTime, decidedAtMs, details } = flag;
  const { backfill, provisional } = flag;
  const data: FlagData = {
    observer: name,
    version,
    definition: hash,
    ...(flag.case !== undefined && { case: flag.case }),
    ...run,
    sequence,
    ...(deadlineMs !== undefined && { deadline: isoOf(deadlineMs) }),
    ...(step !== undefined && { step }),
    ...(triggerId !== undefined && { triggerId }),
    ...(eventId !== undefined && { eventId }),
    ...(occurredInTime !== undefined && { occurredInTime }),
    decidedAt: isoOf(decidedAtMs),
    ...annotationsOf(definition, run),
    ...(backfill && { backfill }),
    ...(provisional && { provisional }),
    ...details,
  };
  const causationId = eventId ?? triggerId;
  return {
    id: derivedId(
      "flag",
      name,
      hash,
      flag.case ?? "",
      sequence,
      kind,
      run ? nameOfRun(run) : "",
      eventId ?? deadlineMs!,
    ),
    type: flagTypePrefix + kind,
    data,
    metadata: {
      ...(flag.case !== undefined && definition.joinsByCorrelation && { $correlationId: flag.case }),
      ...(causationId !== undefined && { $causationId: causationId }),
      // What history raises is history: reactors leave it alone unless they ask for it.
      ...(backfill && { imported: true }),
    },
  };
}

const annotationsOf = ({ slots }: ObserverDefinition, run: Run | undefined): Annotations =>
  slots.find(({ name }) => name === run?.slot)?.annotations ?? {};

const furthestMs = 8.64e15;
const isoOf = (ms: number): string => new Date(Math.max(-furthestMs, Math.min(furthestMs, ms))).toISOString();

/**
 * Records flags of one case, which follow on each other, with the explicit revision that their sequence gives.
 * Those that are recorded already count as recorded.
 * @throws Divergence when another flag is recorded in the place of one of them
 */
export async function recordFlags(
  store: EventStore,
  definition: ObserverDefinition,
  flags: readonly RecordableFlag[],
): Promise<void> {
  const streamName = flagStream(store, definition, flags[0]!.case);
  const first = BigInt(flags[0]!.sequence);
  const events = flags.map((flag) => flagEvent(definition, flag));
  try {
    await store.append(streamName, events, { expectedRevision: first === 0n ? "no_stream" : first - 1n });
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    // Some were recorded before: by another instance, or by this one before a crash. They must be the same.
    const recorded = await recordedIds(store, streamName, first);
    if (recorded.length === 0)
      throw new Divergence(definition.name, streamName, first, events[0]!.id, "none, nor all of those before it");
    const clash = events.findIndex(({ id }, i) => i < recorded.length && recorded[i] !== id);
    if (clash >= 0)
      throw new Divergence(definition.name, streamName, first + BigInt(clash), events[clash]!.id, recorded[clash]!);
    if (recorded.length < flags.length) await recordFlags(store, definition, flags.slice(recorded.length));
  }
}

async function recordedIds(store: EventStore, streamName: string, from: bigint): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of store.readStream(streamName, { from })) ids.push(...page.map(({ id }) => id));
  return ids;
}
