/** Carries writes out inside their transaction: appends, soft deletes, tombstones, and what they do to metadata. */

import type { Clock } from "../../src/clock.js";
import { randomId } from "../../src/message/ids.js";
import { jsonContentType } from "../../src/message/recorded-event.js";
import type { EncodedEvent } from "../../src/store/appending.js";
import type { ExpectedRevision } from "../../src/store/index.js";
import type { Database } from "../../src/store/sqlite/database.js";
import { EventRows } from "../../src/store/sqlite/event-rows.js";
import { decideWrite } from "./decide-write.js";
import { tombstoneRevision, type WriteOutcome } from "./record-log.js";
import { serverEvent } from "./server-event.js";
import { softDeletedText, withTruncateBefore } from "./stream-metadata.js";
import { isMetastream, metadataType, metastreamOf, originalOf } from "./stream-names.js";
import { StreamStates } from "./stream-states.js";
import { newTombstone } from "./tombstone.js";

/** Something to be done to a stream; only an append brings events. */
export interface RecordWrite {
  readonly kind: "append" | "delete" | "tombstone";
  readonly streamName: string;
  readonly events: readonly EncodedEvent[];
  readonly expected: ExpectedRevision;
}

/** On the connection that writes. */
export class RecordWriter {
  private readonly rows: EventRows;
  private readonly states: StreamStates;

  constructor(db: Database, clock: Clock) {
    this.rows = new EventRows(db, clock);
    this.states = new StreamStates(db);
  }

  /** Call it inside a transaction that holds the write lock. */
  perform({ kind, streamName, events, expected }: RecordWrite): WriteOutcome {
    const { rows, states } = this;
    // A deletion has an id of its own each time: it is never taken for a retry.
    const ids = kind === "append" ? events.map(({ id }) => id) : [randomId()];
    const decision = decideWrite(ids, expected, {
      lastRevision: states.lastRevision(streamName),
      isSoftDeleted: () => states.isSoftDeleted(streamName),
      hasMetadata: () => states.lastRevision(metastreamOf(streamName)) !== -1,
      idsFrom: (revision, count) => rows.idsFrom(streamName, revision, count),
      revisionOf: (id) => rows.revisionOf(streamName, id),
    });
    if (decision.kind === "retried") return written(decision.endsAt, rows.positionOf(streamName, decision.endsAt));
    if (decision.kind !== "write") return decision;
    const { lastRevision } = decision;
    if (kind === "append") return this.append(streamName, lastRevision, events);
    return kind === "delete" ? this.delete(streamName, lastRevision) : this.tombstone(streamName, lastRevision);
  }

  private append(streamName: string, lastRevision: number, events: readonly EncodedEvent[]): WriteOutcome {
    const { rows, states } = this;
    const original = isMetastream(streamName) ? originalOf(streamName) : undefined;
    const wasDeleted = states.isSoftDeleted(original ?? streamName);
    const position = events.length === 0 ? undefined : rows.add(streamName, lastRevision + 1, events);
    if (wasDeleted)
      this.undelete(original ?? streamName, original === undefined ? lastRevision : rows.lastRevision(original));
    return written(lastRevision + events.length, position);
  }

  /** What was there when the stream was deleted stays hidden. */
  private undelete(streamName: string, lastRevision: number): void {
    const text = withTruncateBefore(this.states.metadataText(streamName), lastRevision + 1);
    if (text !== undefined) this.addMetadata(streamName, text);
  }

  private delete(streamName: string, lastRevision: number): WriteOutcome {
    const lastMetadata = this.states.lastRevision(metastreamOf(streamName));
    if (lastMetadata === "tombstoned") return { kind: "streamDeleted" };
    if (lastRevision < 0 && lastMetadata < 0) return { kind: "wrongRevision", current: undefined };
    return written(lastMetadata + 1, this.addMetadata(streamName, softDeletedText));
  }

  private tombstone(streamName: string, lastRevision: number): WriteOutcome {
    const position = this.rows.add(streamName, lastRevision + 1, [newTombstone()]);
    return { kind: "written", revision: tombstoneRevision, position: Number(position) };
  }

  private addMetadata(streamName: string, text: string): number | bigint {
    const metastream = metastreamOf(streamName);
    return this.rows.add(metastream, this.rows.lastRevision(metastream) + 1, [
      serverEvent(metadataType, jsonContentType, text),
    ]);
  }
}

const written = (revision: number, position: number | bigint | undefined): WriteOutcome => ({
  kind: "written",
  revision: revision < 0 ? undefined : BigInt(revision),
  position: position === undefined ? undefined : Number(position),
});
