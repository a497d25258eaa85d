/** Flags that were derived from history and go nowhere: to be counted, or compared with those that are recorded. */

import type { RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import type { ObserverDefinition } from "./definition.js";
import type { Difference } from "./differences.js";
import type { FlagSink } from "./flag-sink.js";
import { flagEvent, flagStream, type FlagData, type RecordableFlag } from "./flag-stream.js";
import { nameOfRun, type Run } from "./runs.js";

interface Derived {
  readonly id: string;
  readonly words: string;
  readonly case: string | undefined;
}

export interface FlagCounts {
  readonly flags: number;
  readonly cases: number;
  readonly byKind: Readonly<Record<string, number>>;
}

export class DerivedFlags implements FlagSink {
  private readonly streams = new Map<string, Map<bigint, Derived>>();
  private readonly definitions = new Map<string, ObserverDefinition>();
  private readonly kinds = new Map<string, number>();
  private readonly cases = new Set<string>();
  private count = 0;

  constructor(private readonly store: EventStore) {}

  async record(definition: ObserverDefinition, flags: readonly RecordableFlag[]): Promise<void> {
    this.definitions.set(definition.hash, definition);
    const streamName = flagStream(this.store, definition, flags[0]!.case);
    let stream = this.streams.get(streamName);
    if (!stream) this.streams.set(streamName, (stream = new Map<bigint, Derived>()));
    for (const flag of flags) {
      const { kind, run, sequence, case: key } = flag;
      const words = `${kind}${run ? ` ${nameOfRun(run)}` : ""}`;
      stream.set(BigInt(sequence), { id: flagEvent(definition, flag).id, words, case: key });
      this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
      if (key !== undefined) this.cases.add(key);
      this.count++;
    }
  }

  get counts(): FlagCounts {
    const byKind = [...this.kinds].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { flags: this.count, cases: this.cases.size, byKind: Object.fromEntries(byKind) };
  }

  /** Those that are not recorded, or not as themselves. */
  missingFrom(recorded: RecordedFlags): Difference[] {
    return [...this.streams].flatMap(([streamName, flags]) =>
      [...flags].flatMap(([revision, { id, words, case: key }]): Difference[] => {
        const found = recorded.at(streamName, revision);
        if (found?.id === id) return [];
        const place = {
          streamName,
          revision: String(revision),
          derivedId: id,
          ...(key !== undefined && { case: key }),
        };
        const at = `${streamName} at ${revision}`;
        return [
          found
            ? {
                kind: "flag-differs",
                ...place,
                recordedId: found.id,
                detail: `${at}: history gives ${words} (${id}), recorded is ${found.type} (${found.id}).`,
              }
            : {
                kind: "flag-not-recorded",
                ...place,
                detail: `${at}: history gives ${words} (${id}), none is recorded.`,
              },
        ];
      }),
    );
  }

  /** Those that are recorded where nothing was derived. */
  beyond(recorded: RecordedFlags): Difference[] {
    return recorded.all.flatMap((event): Difference[] => {
      const { streamName, revision, id, type } = event;
      if (this.streams.get(streamName)?.has(revision)) return [];
      const data = event.data as FlagData;
      const slot = data.slot === undefined ? "" : ` ${nameOfRun(data as Run)}`;
      return [
        {
          kind: "flag-not-derived",
          streamName,
          revision: String(revision),
          recordedId: id,
          ...(data.case !== undefined && { case: data.case }),
          detail: `${streamName} at ${revision}: ${type}${slot} (${id}) is recorded, history gives none.`,
        },
      ];
    });
  }
}

/** The flags of an observer that are recorded under some of its definitions. */
export class RecordedFlags {
  private constructor(readonly all: readonly RecordedEvent[]) {}

  static async read(
    store: EventStore,
    definitions: readonly ObserverDefinition[],
    signal?: AbortSignal,
  ): Promise<RecordedFlags> {
    const hashes = new Set(definitions.map(({ hash }) => hash));
    const streamPrefixes = [...new Set(definitions.map((definition) => flagStream(store, definition)))];
    const all: RecordedEvent[] = [];
    for await (const page of store.readLog({ filter: { streamPrefixes }, signal }))
      // A name may begin like another one.
      for (const event of page) if (hashes.has((event.data as Partial<FlagData>)?.definition ?? "")) all.push(event);
    return new RecordedFlags(all);
  }

  private places: ReadonlyMap<string, RecordedEvent> | undefined;

  at(streamName: string, revision: bigint): RecordedEvent | undefined {
    const placeOf = (stream: string, at: bigint) => `${at} ${stream}`;
    this.places ??= new Map(this.all.map((event) => [placeOf(event.streamName, event.revision), event]));
    return this.places.get(placeOf(streamName, revision));
  }
}
