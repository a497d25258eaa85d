/**
 * Where the flags of a rebuild go. What it derives where the generation that serves has been, that one has recorded:
 * what is not recorded there is never appended, because then history no longer gives what it gave.
 */

import { Divergence, HistoryTruncated } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { WriterContext } from "../projection/read-model.js";
import type { EventStore } from "../store/event-store.js";
import { acknowledgementStream } from "./acknowledgements.js";
import { divergenceType, raiseAlarm, truncatedType, type Alarm } from "./alarms.js";
import { eventsOfCase } from "./case-events.js";
import type { ObserverDefinition } from "./definition.js";
import type { FlagSink } from "./flag-sink.js";
import {
  flagEvent,
  flagStream,
  flagTypePrefix,
  recordFlags,
  type FlagData,
  type RecordableFlag,
} from "./flag-stream.js";
import { hashOfDeclared } from "./rows.js";
import { truncatedAmong } from "./truncation.js";

/** What the generation that serves has judged. */
export interface Passed {
  readonly position: bigint;
  /** Hashes of the definitions that it has judged by. */
  readonly definitions: ReadonlySet<string>;
}

/** @param chain of definitions that the rebuild judges by, oldest first */
export async function passedBy(
  { readModels, store, generation }: WriterContext,
  chain: readonly ObserverDefinition[],
): Promise<Passed | undefined> {
  const serving = await readModels.activeGeneration(generation.name);
  const { position, storeId } = serving?.checkpoint ?? {};
  if (!serving || serving.id === generation.id || position === undefined) return undefined;
  const place = chain.findLastIndex(({ hash }) => hash === hashOfDeclared(serving.definition));
  if (place < 0) return undefined;
  // Of another log, or of what a restored backup has lost: it has not passed what is recorded here.
  const head = await store.head();
  if (storeId !== (await store.storeId()) || head === undefined || position > head) return undefined;
  return { position, definitions: new Set(chain.slice(0, place + 1).map(({ hash }) => hash)) };
}

/** A flag that stands in the log where nothing was derived so far. */
interface Unaccounted {
  readonly definition: ObserverDefinition;
  readonly streamName: string;
  readonly recorded: RecordedEvent;
}

type Refused = Alarm["flag"] & { readonly streamNames?: readonly string[] };

export class RebuildSink implements FlagSink {
  private readonly unaccounted = new Map<string, Unaccounted>();

  constructor(
    private readonly store: EventStore,
    private readonly passed: Passed,
    private readonly dataOf: (event: RecordedEvent) => unknown,
  ) {}

  async record(definition: ObserverDefinition, flags: readonly RecordableFlag[]): Promise<void> {
    const { store, passed } = this;
    const isKnown = passed.definitions.has(definition.hash);
    const known = isKnown ? flags.filter(({ position }) => position <= passed.position) : [];
    if (known.length > 0) await this.verify(definition, known);
    const fresh = flags.slice(known.length);
    if (fresh.length === 0) return;
    try {
      await recordFlags(store, definition, fresh);
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      const flag = fresh.find(({ sequence }) => BigInt(sequence) === error.sequence) ?? fresh[0]!;
      throw await this.refusal(definition, refused(flag), error.expectedId, error);
    }
  }

  async finish(): Promise<void> {
    for (const { definition, streamName, recorded } of this.unaccounted.values()) {
      const { case: key, slot } = recorded.data as FlagData;
      const kind = recorded.type.slice(flagTypePrefix.length);
      const error = new Divergence(
        definition.name,
        streamName,
        recorded.revision,
        "none (history gives no more)",
        recorded.id,
      );
      throw await this.refusal(
        definition,
        { case: key, kind, ...(slot !== undefined && { run: { slot } }) },
        recorded.id,
        error,
      );
    }
  }

  /** What was derived where the other has been must be recorded as it is; what is recorded beyond must follow later. */
  private async verify(definition: ObserverDefinition, flags: readonly RecordableFlag[]): Promise<void> {
    const { store, passed } = this;
    const streamName = flagStream(store, definition, flags[0]!.case);
    const first = BigInt(flags[0]!.sequence);
    const recorded = new Map<bigint, RecordedEvent>();
    for await (const page of store.readStream(streamName, { from: first }))
      for (const event of page) recorded.set(event.revision, event);
    for (const flag of flags) {
      const { id } = flagEvent(definition, flag);
      const sequence = BigInt(flag.sequence);
      const found = recorded.get(sequence);
      if (found?.id === id) continue;
      const error = new Divergence(definition.name, streamName, sequence, id, found?.id ?? "none");
      throw await this.refusal(definition, refused(flag), id, error);
    }
    const next = recorded.get(first + BigInt(flags.length));
    // A flag that was recorded up to there was derived from what lies before it, so it is due here too.
    // In read-only operation flags have positions of another store.
    if (next && !store.own && next.position <= passed.position)
      this.unaccounted.set(streamName, { definition, streamName, recorded: next });
    else this.unaccounted.delete(streamName);
  }

  /** What to throw, once it is on record. */
  private async refusal(
    definition: ObserverDefinition,
    { streamNames = [], ...flag }: Refused,
    flagId: string,
    divergence: Divergence,
  ): Promise<Error> {
    const { store } = this;
    const ofCase = flag.case === undefined ? [] : await this.streamsOf(definition, flag.case);
    const truncated = await truncatedAmong(store, new Set([divergence.streamName, ...streamNames, ...ofCase]));
    if (!truncated) {
      const { streamName } = divergence;
      await raiseAlarm(store, definition, { type: divergenceType, flag, flagId, streamName, error: divergence });
      return divergence;
    }
    const { streamName, firstRevision } = truncated;
    const { sequence, expectedId, foundId } = divergence;
    const found = `${divergence.streamName} at ${sequence}: derived ${expectedId}, recorded ${foundId}`;
    const error = new HistoryTruncated(definition.name, flag.case, streamName, firstRevision, found);
    await raiseAlarm(store, definition, { type: truncatedType, flag, flagId, streamName, error });
    return error;
  }

  private async streamsOf(definition: ObserverDefinition, key: string): Promise<string[]> {
    const { store, dataOf } = this;
    const events = await eventsOfCase(store, definition, key, { dataOf });
    return [acknowledgementStream(store, definition.name, key), ...events.map(({ streamName }) => streamName)];
  }
}

const refused = ({ case: key, run, kind, details }: RecordableFlag): Refused => ({
  case: key,
  kind,
  ...(run && { run }),
  ...(typeof details?.["streamName"] === "string" && { streamNames: [details["streamName"]] }),
});
