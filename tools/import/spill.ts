/** The events of one file on their way from its order to the order of time, on disk, so that memory stays flat. */

import Database from "better-sqlite3";
import type { Place } from "./problems.js";

export interface SpilledTrace {
  /** Order in the file, from 0. */
  readonly number: number;
  readonly name: string;
  /** Events that are to be imported. */
  readonly events: number;
}

export interface SpilledEvent {
  /** Milliseconds since the UNIX epoch. */
  readonly at: number;
  /** Number of its trace. */
  readonly trace: number;
  /** Order in its trace in the file, from 0. */
  readonly idx: number;
  /** Order among the imported events of its trace by (at, idx), from 0. */
  readonly revision: number;
  readonly activity: string;
  /** JSON. */
  readonly data: string;
  readonly traceName: string;
  /** The trace's attributes as JSON; null except on revision 0, and where there are none. */
  readonly traceAttributes: string | null;
}

export interface SpilledTotals {
  readonly traces: number;
  readonly events: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

const cacheKilobytes = 16_000;

const columns = `event.at, event.trace, event.idx, event.revision, event.activity, event.data, trace.name AS traceName,
  CASE event.revision WHEN 0 THEN trace.attributes END AS traceAttributes`;

export class Spill {
  private readonly db: Database.Database;
  private readonly insertEvent: Database.Statement;
  private readonly insertTrace: Database.Statement;

  constructor() {
    // The empty name makes a file in the system's temporary folder (TMPDIR) that has no name any more once it is open:
    // it is gone when this process ends, however that happens.
    this.db = new Database("");
    this.db.pragma("journal_mode = OFF");
    this.db.pragma("temp_store = FILE");
    this.db.pragma(`cache_size = -${cacheKilobytes}`);
    this.db.exec(`
      CREATE TABLE trace (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, line INTEGER NOT NULL,
        attributes TEXT, events INTEGER NOT NULL, in_order INTEGER NOT NULL, present INTEGER NOT NULL DEFAULT 0) STRICT;
      CREATE TABLE event (trace INTEGER, idx INTEGER, at INTEGER NOT NULL, revision INTEGER NOT NULL,
        activity TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (trace, idx)) WITHOUT ROWID, STRICT;
      BEGIN`);
    this.insertEvent = this.db.prepare("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)");
    this.insertTrace = this.db.prepare("INSERT INTO trace VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (name) DO NOTHING");
  }

  /** `revision` is right for good when the events of its trace come in the order of time. */
  addEvent(trace: number, idx: number, at: number, revision: number, activity: string, data: string): void {
    this.insertEvent.run(trace, idx, at, revision, activity, data);
  }

  /** Returns the line of the trace that has that name already, and then adds nothing. */
  addTrace(trace: SpilledTrace, place: Place, attributes: string | null, inOrder: boolean): number | undefined {
    const { number, name, events } = trace;
    const { changes } = this.insertTrace.run(number, name, place.line, attributes, events, inOrder ? 1 : 0);
    return changes > 0 ? undefined : this.one<number>("SELECT line FROM trace WHERE name = ?", name);
  }

  /** To be called once, after everything was added. */
  sort(): SpilledTotals {
    this.db.exec(`
      COMMIT;
      UPDATE event SET revision = sorted.revision FROM (
        SELECT trace, idx, row_number() OVER (PARTITION BY trace ORDER BY at, idx) - 1 AS revision
        FROM event WHERE trace IN (SELECT number FROM trace WHERE in_order = 0)
      ) AS sorted WHERE event.trace = sorted.trace AND event.idx = sorted.idx;
      CREATE INDEX by_time ON event (at, trace, idx)`);
    return {
      traces: this.one<number>("SELECT count(*) FROM trace"),
      events: this.one<number>("SELECT count(*) FROM event"),
      firstAt: this.one<number | null>("SELECT min(at) FROM event"),
      lastAt: this.one<number | null>("SELECT max(at) FROM event"),
    };
  }

  /** The traces that have events, in the order of the file. */
  *traces(limit: number): Generator<SpilledTrace[]> {
    const after = this.db.prepare<[number, number], SpilledTrace>(
      "SELECT number, name, events FROM trace WHERE number > ? AND events > 0 ORDER BY number LIMIT ?",
    );
    for (let last = -1; ;) {
      const page = after.all(last, limit);
      if (page.length === 0) return;
      yield page;
      last = page.at(-1)!.number;
    }
  }

  eventAt(trace: number, revision: number): SpilledEvent {
    const found = this.db.prepare<[number, number], SpilledEvent>(
      `SELECT ${columns} FROM event JOIN trace ON trace.number = event.trace WHERE event.trace = ? AND event.revision = ?`,
    );
    return found.get(trace, revision)!;
  }

  /** The first `count` events of the trace are in the store. */
  setPresent(trace: number, count: number): void {
    this.db.prepare("UPDATE trace SET present = ? WHERE number = ?").run(count, trace);
  }

  present(): number {
    return this.one<number>("SELECT coalesce(sum(present), 0) FROM trace");
  }

  /** The events that are not in the store, in the order of (at, trace, idx). */
  *missing(limit: number): Generator<SpilledEvent[]> {
    // CROSS JOIN fixes the order of the loops: events by time, the trace looked up for each.
    const after = this.db.prepare<[number, number, number, number], SpilledEvent>(
      `SELECT ${columns} FROM event INDEXED BY by_time CROSS JOIN trace ON trace.number = event.trace
       WHERE (event.at, event.trace, event.idx) > (?, ?, ?) AND event.revision >= trace.present
       ORDER BY event.at, event.trace, event.idx LIMIT ?`,
    );
    for (let [at, trace, idx] = [Number.MIN_SAFE_INTEGER, -1, -1]; ;) {
      const page = after.all(at, trace, idx, limit);
      if (page.length === 0) return;
      yield page;
      ({ at, trace, idx } = page.at(-1)!);
    }
  }

  close(): void {
    this.db.close();
  }

  private one<T>(sql: string, ...parameters: unknown[]): T {
    return this.db
      .prepare(sql)
      .pluck()
      .get(...parameters) as T;
  }
}
