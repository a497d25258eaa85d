/** The tables of a read-model file, and the numbered steps that bring an older file up to date. */

import Sqlite from "better-sqlite3";
import { IncompatibleStore } from "../../errors.js";
import type { SchemaSurvey } from "../schema-survey.js";
import type { Database } from "./database.js";

/** Marks the file as Rollcall's read models ("RCrm"); the log carries another mark. */
const applicationId = 0x5243726d;

/** Step n leads from schema n to n + 1. Never change one that was released: append another. */
const migrations: readonly string[] = [
  `CREATE TABLE generation (
     -- Never used twice: cursors and workers name generations that are gone.
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL,
     version INTEGER NOT NULL,
     definition TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retired')),
     -- Names of the fields to filter on, as a JSON array. The rows themselves are in the table rows_<id>.
     indexes TEXT NOT NULL,
     store_id TEXT,
     position INTEGER,
     handled INTEGER,
     recorded_at_ms INTEGER,
     checkpoint_state TEXT
   );
   CREATE UNIQUE INDEX generation_one_of_a_state ON generation (name, state) WHERE state <> 'retired';

   CREATE TABLE lease (
     name TEXT PRIMARY KEY,
     holder TEXT,
     token INTEGER NOT NULL,
     expires_at_ms INTEGER NOT NULL
   ) WITHOUT ROWID;

   CREATE TABLE checkpoint (
     subscription TEXT PRIMARY KEY,
     store_id TEXT NOT NULL,
     position INTEGER,
     handled INTEGER NOT NULL,
     recorded_at_ms INTEGER,
     checkpoint_state TEXT
   ) WITHOUT ROWID;

   CREATE TABLE parked_event (
     subscription TEXT NOT NULL,
     position INTEGER NOT NULL,
     reactor TEXT NOT NULL,
     stream_name TEXT NOT NULL,
     revision INTEGER NOT NULL,
     event_id TEXT NOT NULL,
     event_type TEXT NOT NULL,
     attempts INTEGER NOT NULL,
     error TEXT NOT NULL,
     parked_at_ms INTEGER NOT NULL,
     PRIMARY KEY (subscription, position)
   ) WITHOUT ROWID;`,
  `CREATE TABLE generation_with_place (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL,
     version INTEGER NOT NULL,
     -- One generation serves in a place: name@version of a projection, name of an observer.
     place TEXT NOT NULL,
     definition TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retained', 'retired')),
     is_complete INTEGER NOT NULL,
     created_at_ms INTEGER NOT NULL,
     -- Digest of the code that folds.
     code TEXT,
     indexes TEXT NOT NULL,
     store_id TEXT,
     position INTEGER,
     handled INTEGER,
     recorded_at_ms INTEGER,
     checkpoint_state TEXT
   );
   -- Ids go on where they were, because none is used twice.
   INSERT INTO sqlite_sequence (name, seq) SELECT 'generation_with_place', seq FROM sqlite_sequence WHERE name = 'generation';
   INSERT INTO generation_with_place
     SELECT id, name, version,
       -- Observers keep state with their checkpoint; projections keep none.
       CASE WHEN checkpoint_state IS NULL THEN name || '@' || version ELSE name END,
       definition, state, state = 'active', 0, NULL, indexes, store_id, position, handled, recorded_at_ms, checkpoint_state
     FROM generation;
   DROP TABLE generation;
   ALTER TABLE generation_with_place RENAME TO generation;
   CREATE UNIQUE INDEX generation_one_of_a_state ON generation (place, state) WHERE state <> 'retired';`,

  `CREATE TABLE pause (
     subscription TEXT PRIMARY KEY,
     reason TEXT NOT NULL,
     paused_by TEXT NOT NULL,
     paused_at_ms INTEGER NOT NULL
   ) WITHOUT ROWID;

   CREATE TABLE parked_request (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     subscription TEXT NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('retry', 'drop')),
     -- "all", or numbers with commas between.
     positions TEXT NOT NULL,
     asked_by TEXT NOT NULL,
     reason TEXT,
     asked_at_ms INTEGER NOT NULL,
     begun INTEGER NOT NULL DEFAULT 0,
     -- A JSON object.
     answer TEXT
   );
   CREATE INDEX parked_request_open ON parked_request (subscription) WHERE answer IS NULL;

   CREATE TABLE released_event (
     subscription TEXT NOT NULL,
     position INTEGER NOT NULL,
     parked_by TEXT NOT NULL,
     stream_name TEXT NOT NULL,
     revision INTEGER NOT NULL,
     event_id TEXT NOT NULL,
     event_type TEXT NOT NULL,
     attempts INTEGER NOT NULL,
     error TEXT NOT NULL,
     parked_at_ms INTEGER NOT NULL,
     outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'dropped')),
     released_by TEXT NOT NULL,
     reason TEXT,
     released_at_ms INTEGER NOT NULL,
     PRIMARY KEY (subscription, position)
   ) WITHOUT ROWID;`,
];

/**
 * Makes the file ready for use, whether new, older or of the present schema.
 * @throws IncompatibleStore when another program, or a newer version of this one, wrote it; it is left untouched.
 */
export async function prepareSchema(database: Database): Promise<void> {
  const { connection } = database;
  await database.retrying(() => checkFile(database));
  await database.retrying(() => {
    connection.pragma("journal_mode = WAL");
    connection.pragma("synchronous = NORMAL");
    // Pages that one commit after the other changes go into the file once.
    connection.pragma("wal_autocheckpoint = 4096");
    // A rebuild's commit may be large: the log of it should not stay that large for ever.
    connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
    connection.pragma(`cache_size = -${64 * 1024}`);
  });
  await database.write(() => {
    // Again, because another process may have prepared the file in between.
    const schema = checkFile(database);
    if (schema === migrations.length) return;
    for (const migration of migrations.slice(schema)) connection.exec(migration);
    connection.pragma(`application_id = ${applicationId}`);
    connection.pragma(`user_version = ${migrations.length}`);
  });
}

/** Looks, and changes nothing. @throws IncompatibleStore as `prepareSchema` */
export async function surveySchema(database: Database): Promise<SchemaSurvey> {
  const version = await database.retrying(() => checkFile(database));
  return { place: database.file, version, latest: migrations.length, pending: migrations.slice(version) };
}

/** The schema number of the file; 0 for a new one. */
function checkFile({ connection, file }: Database): number {
  const foreign = (found: string, cause?: unknown) =>
    new IncompatibleStore(
      `${file}: expected a file of Rollcall's read models, found ${found}. Choose another file for the read models; it was left as it is.`,
      { cause },
    );
  let found: number;
  try {
    found = connection.pragma("application_id", { simple: true }) as number;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code === "SQLITE_NOTADB")
      throw foreign("something that is no SQLite database", error);
    throw error;
  }
  const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  if (found !== applicationId && (found !== 0 || tables > 0))
    throw foreign(`the database of another program (application id ${found}, ${tables} tables and indexes)`);
  const schema = connection.pragma("user_version", { simple: true }) as number;
  if (schema > migrations.length)
    throw new IncompatibleStore(
      `${file}: expected schema ${migrations.length} at most, found ${schema}, written by a newer version. Run that version, or choose another file and rebuild the read models.`,
    );
  return found === applicationId ? schema : 0;
}
