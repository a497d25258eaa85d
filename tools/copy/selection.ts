/** Which events of a log are copied, and as which revision. */

import type { RecordedEvent } from "../../src/message/index.js";
import type { EventStore } from "../../src/store/index.js";
import { clockStreamOf } from "../../src/subscription/index.js";

/** EventStoreDB's name for a stream that has been deleted: truncated before this. */
const deletedBefore = 2 ** 63;

export class Selection {
  private clockBegins: bigint | undefined;

  private constructor(
    private readonly store: EventStore,
    /** Streams that are left out although they are nobody's own: deleted ones, and those that the user named. */
    private readonly without: ReadonlySet<string>,
    /** Streams that begin later than their events in the log, and where. */
    readonly truncated: ReadonlyMap<string, bigint>,
  ) {}

  /** What is copied of this log. @throws what the store throws */
  static async of(store: EventStore, leaveOut: readonly string[] = [], signal?: AbortSignal): Promise<Selection> {
    const deleted = new Set<string>();
    const truncated = new Map<string, bigint>();
    for await (const page of store.readLog({ filter: { eventTypes: ["$metadata", "$streamDeleted"] }, signal }))
      for (const { streamName, type, data } of page) {
        if (type === "$streamDeleted") deleted.add(streamName);
        if (type !== "$metadata" || !streamName.startsWith("$$")) continue;
        const stream = streamName.slice(2);
        const before = truncatedBefore(data);
        if (before >= deletedBefore) deleted.add(stream);
        else deleted.delete(stream);
        if (before > 0 && before < deletedBefore) truncated.set(stream, BigInt(before));
        else truncated.delete(stream);
      }
    return new Selection(store, new Set([...deleted, ...leaveOut]), truncated);
  }

  /** Everything that users and Rollcall wrote, whatever became of it. */
  static everything(store: EventStore): Selection {
    return new Selection(store, new Set(), new Map());
  }

  isClock(streamName: string): boolean {
    return streamName === clockStreamOf(this.store);
  }

  includes({ streamName }: RecordedEvent): boolean {
    return !streamName.startsWith("$") && streamName !== identityStream(this.store) && !this.without.has(streamName);
  }

  /**
   * The revision that the copy has. Only the clock's may be another: what it ticked long ago may have been forgotten.
   * To be asked in the order of the log.
   */
  revisionOf({ streamName, revision }: RecordedEvent): bigint {
    if (!this.isClock(streamName)) return revision;
    this.clockBegins ??= revision;
    return revision - this.clockBegins;
  }
}

/** Where an EventStoreDB that is used as a log keeps which log it is: a copy is another one. */
const identityStream = ({ streamPrefix }: EventStore): string => `${streamPrefix}store`;

function truncatedBefore(metadata: unknown): number {
  const before = (metadata as { readonly $tb?: unknown } | null)?.$tb;
  return typeof before === "number" ? Math.trunc(before) : 0;
}
