/** The SQLite file of an index by correlation id: its schema, how it is opened, and which files are refused. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { IncompatibleStore } from "../../errors.js";
import { isSqliteError } from "../sqlite/database.js";

/** Marks the file as an index by correlation id: "RCOR". */
const applicationId = 0x52434f52;
/** Raise it with every change of the tables. */
const schemaNumber = 1;

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
    if (isFresh(db, file)) create(db, file);
    db.pragma("journal_mode = WAL");
    // What a loss of power takes away is indexed again.
    db.pragma("synchronous = NORMAL");
    db.pragma("journal_size_limit = 67108864");
    return db;
  } catch (error) {
    db.close();
    if (isSqliteError(error, "SQLITE_NOTADB"))
      throw new IncompatibleStore(
        `${file} is not a SQLite file. Name another file for the index by correlation id; nothing was changed.`,
        { cause: error },
      );
    throw error;
  }
}

function create(db: Database.Database, file: string): void {
  db.transaction(() => {
    // Another process may have been faster.
    if (!isFresh(db, file)) return;
    db.exec(schema);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${schemaNumber}`);
  }).immediate();
}

function isFresh(db: Database.Database, file: string): boolean {
  const application = db.pragma("application_id", { simple: true });
  const version = db.pragma("user_version", { simple: true }) as number;
  if (application === applicationId) {
    if (version === schemaNumber) return false;
    throw new IncompatibleStore(
      `${file}: expected an index by correlation id of schema ${schemaNumber}, found ${version}. ${version > schemaNumber ? "Deploy the newer version of Rollcall here, or delete" : "Delete"} the file, which is then made anew; nothing was changed.`,
    );
  }
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  if (application === 0 && version === 0 && tables === 0) return true;
  throw new IncompatibleStore(
    `${file}: expected an index by correlation id, found the SQLite file of something else (application id ${String(application)}, ${tables} tables and indexes). Name another file for the index; nothing was changed.`,
  );
}
