/** Flags as events: a deterministic sequence in one stream per observer, definition and case, each recorded once. */

import { Divergence, WrongExpectedRevision } from "../errors.js";
import { derivedId } from "../message/index.js";
import type { EventData, EventStore } from "../store/event-store.js";
import type { Flag } from "./case.js";
import type { ObserverDefinition } from "./definition.js";

/** Every flag event's type begins with this: `observer.Missing`. */
export const flagTypePrefix = "observer.";

/** Category of the streams that hold flags. */
export const flagCategoryOf = ({ streamPrefix }: Pick<EventStore, "streamPrefix">): string => `${streamPrefix}flags`;

/** What a flag event says. */
export interface FlagData {
  readonly observer: string;
  readonly version: number;
  /** Hash of the observer's definition. */
  readonly definition: string;
  readonly case: string;
  readonly slot: string;
  /** Place among the flags of the case, from 0: also its revision. */
  readonly sequence: number;
  /** ISO 8601. Absent, like `triggerId`, for what came before any trigger. */
  readonly deadline?: string;
  readonly triggerId?: string;
  /** The event that raised the flag; absent where time did. */
  readonly eventId?: string;
  /** `LateArrival`: business time says that the counterpart was in time. */
  readonly occurredInTime?: boolean;
  /** The log time, or business time, at which it was decided. ISO 8601. */
  readonly decidedAt: string;
}

/** Twelve hexadecimal digits tell the definitions of one observer apart. */
export const flagStream = (
  store: Pick<EventStore, "streamPrefix">,
  { name, hash }: Pick<ObserverDefinition, "name" | "hash">,
  caseKey: string,
): string => `${flagCategoryOf(store)}-${name}-${hash.slice(0, 12)}-${caseKey}`;

/** The flag as an event; its id follows from what it says. */
export function flagEvent(definition: ObserverDefinition, flag: Flag): EventData {
  const { name, version, hash } = definition;
  const { kind, slot, sequence, deadlineMs, triggerId, eventId, occurredInTime, decidedAtMs } = flag;
  const data: FlagData = {
    observer: name,
    version,
    definition: hash,
    case: flag.case,
    slot,
    sequence,
    ...(deadlineMs !== undefined && { deadline: new Date(deadlineMs).toISOString() }),
    ...(triggerId !== undefined && { triggerId }),
    ...(eventId !== undefined && { eventId }),
    ...(occurredInTime !== undefined && { occurredInTime }),
    decidedAt: new Date(decidedAtMs).toISOString(),
  };
  return {
    id: derivedId("flag", name, hash, flag.case, sequence, kind, slot, eventId ?? deadlineMs!),
    type: flagTypePrefix + kind,
    data,
    metadata: { $correlationId: flag.case, $causationId: (eventId ?? triggerId)! },
  };
}

/**
 * Records flags of one case, which follow on each other, with the explicit revision that their sequence gives.
 * Those that are recorded already count as recorded.
 * @throws Divergence when another flag is recorded in the place of one of them
 */
export async function recordFlags(
  store: EventStore,
  definition: ObserverDefinition,
  flags: readonly Flag[],
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
