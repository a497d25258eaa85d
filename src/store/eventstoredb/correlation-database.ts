/** The SQLite file of an index by correlation id: its schema, how it is opened, and which files are refused. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { prepareFile, type FileKind } from "../sqlite/file-kind.js";

/** SQLite's name for a private file that is gone once it is closed. */
export const temporary = "";

/**
 * `progress` has one row once indexing has begun: of which log, up to which position, and the last event by which the
 * log is known again. `correlation` is a digest: ids may be of any length, and hold what no text in SQLite can.
 */
const schema = `
  CREATE TABLE progress (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    log TEXT NOT NULL,
    through INTEGER,
    witness_id TEXT,
    witness_position INTEGER
  ) STRICT;
  CREATE TABLE event (
    correlation BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (correlation, position)
  ) STRICT, WITHOUT ROWID;
`;

const index: FileKind = {
  // "RCOR".
  applicationId: 0x52434f52,
  schemaNumber: 1,
  name: "an index by correlation id",
  remedies: {
    other: "Name another file for the index",
    newer: "Deploy the newer version of Rollcall here, or delete the file, which is then made anew",
    older: "Delete the file, which is then made anew",
  },
  make: (db) => void db.exec(schema),
};

// SQLite waits inside the call, so the whole process waits with it: retries happen outside.
const busyTimeoutMs = 5;

/**
 * Opens the index, and creates it when there is no file or an empty one.
 * @throws IncompatibleStore when the file is something else, which is left as it was.
 */
export function openCorrelationDatabase(file: string): Database.Database {
  if (file !== temporary) mkdirSync(dirname(file), { recursive: true });
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    prepareFile(db, file, index);
    db.pragma("journal_mode = WAL");
    // What a loss of power takes away is indexed again.
    db.pragma("synchronous = NORMAL");
    db.pragma("journal_size_limit = 67108864");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
