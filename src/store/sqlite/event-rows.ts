/** The rows of the log as writers see them: looks a stream up and adds to it, inside a write transaction. */

import type { Clock } from "../../clock.js";
import { jsonContentType } from "../../message/recorded-event.js";
import type { EncodedEvent } from "../appending.js";
import type { Database } from "./database.js";

/** Position by SQLite, in the order of commits; recorded no earlier than the event before it. */
const columns = `(stream, revision, id, type, recorded_at, schema_version, correlation_id, occurred_at, imported,
  content_type, data, metadata)`;
const values = `?, ?, ?, ?, max(?, coalesce((SELECT recorded_at FROM event ORDER BY position DESC LIMIT 1), 0)),
  ?, ?, ?, ?, ?, ?, ?`;
const isFree = "ON CONFLICT (stream, revision) DO NOTHING";
const follows = "EXISTS (SELECT 1 FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision = ?)";

/** Prepared statements on the connection that writes. Revisions and positions are numbers: a log stays below 2^53. */
export class EventRows {
  private readonly statements;

  constructor(
    db: Database,
    private readonly clock: Clock,
  ) {
    this.statements = {
      streamHead: db
        .prepare<[string], number>(
          "SELECT revision FROM event INDEXED BY event_by_stream WHERE stream = ? ORDER BY revision DESC LIMIT 1",
        )
        .pluck(),
      idsFrom: db
        .prepare<[string, number, number], string>(
          "SELECT id FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?",
        )
        .pluck(),
      revisionOf: db
        .prepare<[string, string], number | null>(
          "SELECT max(revision) FROM event INDEXED BY event_by_id WHERE stream = ? AND id = ?",
        )
        .pluck(),
      positionOf: db
        .prepare<[string, number], number>(
          "SELECT position FROM event INDEXED BY event_by_stream WHERE stream = ? AND revision = ?",
        )
        .pluck(),
      insert: db.prepare(`INSERT INTO event ${columns} VALUES (${values})`),
      insertIfNew: db.prepare(`INSERT INTO event ${columns} VALUES (${values}) ${isFree}`),
      insertIfNext: db.prepare(`INSERT INTO event ${columns} SELECT ${values} WHERE ${follows} ${isFree}`),
    };
  }

  /** Revision of the last event; -1 when there is no stream. */
  lastRevision(streamName: string): number {
    return this.statements.streamHead.get(streamName) ?? -1;
  }

  /** Ids of the events from `revision` on, at most `count`. */
  idsFrom(streamName: string, revision: number, count: number): string[] {
    return this.statements.idsFrom.all(streamName, revision, count);
  }

  /** Highest revision that an event with this id has in the stream. */
  revisionOf(streamName: string, id: string): number | undefined {
    return this.statements.revisionOf.get(streamName, id) ?? undefined;
  }

  /** Position of an event that is there. */
  positionOf(streamName: string, revision: number): number {
    return this.statements.positionOf.get(streamName, revision)!;
  }

  /** Adds events from `revision` on, of which none is there yet; returns the position of the last one. */
  add(streamName: string, revision: number, events: readonly EncodedEvent[]): number | bigint {
    const position = this.statements.insert.run(this.rowOf(streamName, revision, events[0]!)).lastInsertRowid;
    return this.addRest(streamName, revision, events, position);
  }

  /**
   * The same, but only when the stream ends before `revision`; else `undefined`. The usual case without a question
   * beforehand: the insert itself finds out.
   */
  addIfNext(streamName: string, revision: number, events: readonly EncodedEvent[]): number | bigint | undefined {
    const { insertIfNew, insertIfNext } = this.statements;
    const row = this.rowOf(streamName, revision, events[0]!);
    const written = revision === 0 ? insertIfNew.run(row) : insertIfNext.run(row, streamName, revision - 1);
    return written.changes === 0 ? undefined : this.addRest(streamName, revision, events, written.lastInsertRowid);
  }

  /** Adds what follows the first event. */
  private addRest(
    streamName: string,
    revision: number,
    events: readonly EncodedEvent[],
    firstPosition: number | bigint,
  ): number | bigint {
    let position = firstPosition;
    for (let i = 1; i < events.length; i++)
      position = this.statements.insert.run(this.rowOf(streamName, revision + i, events[i]!)).lastInsertRowid;
    return position;
  }

  private rowOf(streamName: string, revision: number, event: EncodedEvent): unknown[] {
    return [
      streamName,
      revision,
      event.id,
      event.type,
      Math.trunc(this.clock.now()),
      event.schemaVersion,
      event.correlationId ?? null,
      event.occurredAtMs ?? null,
      event.imported ? 1 : 0,
      event.contentType === jsonContentType ? null : event.contentType,
      event.data,
      event.metadata ?? null,
    ];
  }
}
