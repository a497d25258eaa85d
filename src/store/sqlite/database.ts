/** The SQLite file of a log: its schema, how it is opened, and which files are refused. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { randomId } from "../../message/ids.js";
import { prepareFile, type FileKind } from "./file-kind.js";

export type { Database } from "better-sqlite3";

/**
 * `data` and `metadata` are TEXT when they are JSON, else BLOB; a missing content type is application/json. The columns
 * between type and content type repeat what the metadata says, so that reading it costs no parsing.
 */
const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    schema_version INTEGER NOT NULL,
    correlation_id TEXT,
    occurred_at INTEGER,
    imported INTEGER NOT NULL,
    content_type TEXT,
    data ANY NOT NULL,
    metadata ANY
  ) STRICT;
  CREATE UNIQUE INDEX event_by_stream ON event (stream, revision);
  CREATE INDEX event_by_id ON event (stream, id);
  CREATE INDEX event_by_correlation ON event (correlation_id) WHERE correlation_id IS NOT NULL;
`;

const log: FileKind = {
  // "RLOG".
  applicationId: 0x524c4f47,
  schemaNumber: 1,
  name: "a log",
  remedies: {
    other: "Name another file for the log",
    newer: "Deploy the newer version of Rollcall here",
    older: "Open it with the version that wrote it",
  },
  make: (db) => {
    db.exec(schema);
    db.prepare("INSERT INTO meta VALUES ('store_id', ?)").run(randomId());
  },
};

// SQLite waits inside the call, so the whole process waits with it: retries happen outside.
const busyTimeoutMs = 5;

/** The two connections to a log; what the reading one sees is committed. */
export interface LogDatabase {
  readonly storeId: string;
  readonly writing: Database.Database;
  readonly reading: Database.Database;
}

/**
 * Opens the log, and creates it when there is no file or an empty one.
 * @throws IncompatibleStore when the file is something else, which is left as it was.
 */
export function openLogDatabase(file: string): LogDatabase {
  mkdirSync(dirname(file), { recursive: true });
  const writing = new Database(file, { timeout: busyTimeoutMs });
  try {
    prepareFile(writing, file, log);
    writing.pragma("journal_mode = WAL");
    writing.pragma("synchronous = FULL");
    writing.pragma("journal_size_limit = 67108864");
    // The index on random correlation ids touches pages all over the file: 64 MiB keep most of them at hand.
    writing.pragma("cache_size = -65536");
    // A commit that moves 16 MiB to the main file is rarer than one that moves 4; each costs two more syncs.
    writing.pragma("wal_autocheckpoint = 4000");
    const storeId = writing.prepare("SELECT value FROM meta WHERE key = 'store_id'").pluck().get() as string;
    const reading = new Database(file, { readonly: true, timeout: busyTimeoutMs });
    return { storeId, writing, reading };
  } catch (error) {
    writing.close();
    throw error;
  }
}
