/** Appends per second with default durability, next to plain SQLite statements that write the same rows. */

import { join } from "node:path";
import Database from "better-sqlite3";
import { openSqliteEventStore, type EventData } from "../../src/index.js";
import { eventAt } from "./history.js";
import { interleaved, rate } from "./measure.js";
import type { Part } from "./part.js";

interface Shape {
  readonly title: string;
  readonly eventsPerAppend: number;
  readonly inFlight: number;
}

const shapes: Readonly<Record<string, Shape>> = {
  "append-one": { title: "append one event at a time", eventsPerAppend: 1, inFlight: 1 },
  "append-five": { title: "append five events at a time", eventsPerAppend: 5, inFlight: 1 },
  "append-100-in-flight": { title: "append one event, 100 in flight", eventsPerAppend: 1, inFlight: 100 },
};

export const appendParts: readonly Part[] = Object.entries(shapes).map(([name, shape]) => ({
  name,
  title: shape.title,
  run: async ({ folder, runs, scale }) => {
    const file = join(folder, `${name}.sqlite`);
    const store = await openSqliteEventStore({ file });
    // A file of its own: a commit of one connection empties the cache of every other on the same file.
    const plainFile = join(folder, `${name}-plain.sqlite`);
    await (await openSqliteEventStore({ file: plainFile })).close();
    const plain = new PlainSqlite(plainFile);
    // Short turns, many of them: what else the machine does meets both sides alike.
    const batches = Math.ceil((shape.inFlight > 1 ? 10 : 200) * scale);
    const events = batches * shape.inFlight * shape.eventsPerAppend;
    let next = 0;
    // Every append has a stream of its own, so that both sides write the same rows.
    const takeAppends = (): Append[] =>
      Array.from({ length: shape.inFlight }, () => ({
        stream: `bench-${next}`,
        events: Array.from({ length: shape.eventsPerAppend }, () => eventAt(next++)),
      }));
    const figures = await interleaved(runs * 10, {
      rollcall: () =>
        rate(events, async () => {
          for (let batch = 0; batch < batches; batch++)
            await Promise.all(
              takeAppends().map(({ stream, events: each }) =>
                store.append(stream, each, { expectedRevision: "no_stream" }),
              ),
            );
        }),
      plain: () =>
        rate(events, () => {
          for (let batch = 0; batch < batches; batch++) plain.commit(takeAppends());
        }),
    });
    plain.close();
    await store.close();
    return [
      {
        figure: shape.title,
        unit: "events/s",
        ...figures.rollcall,
        floor: {
          what: shape.inFlight > 1 ? "plain SQLite, 100 to one commit" : "plain SQLite, one commit each",
          ...figures.plain,
        },
        goal: { ratio: shape.inFlight > 1 ? 0.5 : 0.8 },
      },
    ];
  },
}));

interface Append {
  readonly stream: string;
  readonly events: readonly EventData[];
}

/** What somebody would write who needs nothing but the rows: one prepared insert, one transaction. */
class PlainSqlite {
  private readonly db: Database.Database;
  private readonly insert: Database.Statement<unknown[]>;

  constructor(file: string) {
    this.db = new Database(file);
    // The settings of the store, so that only the statements differ.
    this.db.pragma("synchronous = FULL");
    this.db.pragma("cache_size = -65536");
    this.db.pragma("wal_autocheckpoint = 4000");
    this.insert = this.db.prepare(
      `INSERT INTO event (stream, revision, id, type, recorded_at, schema_version, correlation_id, imported, data, metadata)
       VALUES (?, ?, ?, ?, ?, 1, ?, 0, ?, ?)`,
    );
  }

  commit(appends: readonly Append[]): void {
    this.db.exec("BEGIN IMMEDIATE");
    for (const { stream, events } of appends)
      for (const [revision, { id, type, data, metadata }] of events.entries()) {
        const { $correlationId } = metadata as { $correlationId: string };
        const texts = [JSON.stringify(data), JSON.stringify(metadata)];
        this.insert.run(stream, revision, id, type, Date.now(), $correlationId, ...texts);
      }
    this.db.exec("COMMIT");
  }

  close(): void {
    this.db.close();
  }
}
