/** SQLite files of our own: which kind a file is, made when it is fresh, refused when it is something else. */

import Database from "better-sqlite3";
import { IncompatibleStore } from "../../errors.js";

export interface FileKind {
  /** Marks a file as one of this kind, in its header. */
  readonly applicationId: number;
  /** Raise it with every change of the tables. */
  readonly schemaNumber: number;
  /** What the file is, in words: `a log`. */
  readonly name: string;
  /** What to do about a file of something else, a newer schema and an older one. */
  readonly remedies: { readonly other: string; readonly newer: string; readonly older: string };
  /** Makes the tables. */
  readonly make: (db: Database.Database) => void;
}

/**
 * Makes the tables of a fresh file; one of this kind stays as it is.
 * @throws IncompatibleStore when the file is something else, which is left as it was.
 */
export function prepareFile(db: Database.Database, file: string, kind: FileKind): void {
  try {
    if (!isFresh(db, file, kind)) return;
    db.transaction(() => {
      // Another process may have been faster.
      if (!isFresh(db, file, kind)) return;
      kind.make(db);
      db.pragma(`application_id = ${kind.applicationId}`);
      db.pragma(`user_version = ${kind.schemaNumber}`);
    }).immediate();
  } catch (error) {
    if (!isSqliteError(error, "SQLITE_NOTADB")) throw error;
    throw new IncompatibleStore(`${file} is not a SQLite file. ${kind.remedies.other}; nothing was changed.`, {
      cause: error,
    });
  }
}

function isFresh(db: Database.Database, file: string, kind: FileKind): boolean {
  const { applicationId, schemaNumber, name, remedies } = kind;
  const application = db.pragma("application_id", { simple: true });
  const version = db.pragma("user_version", { simple: true }) as number;
  if (application === applicationId) {
    if (version === schemaNumber) return false;
    throw new IncompatibleStore(
      `${file}: expected ${name} of schema ${schemaNumber}, found ${version}. ${version > schemaNumber ? remedies.newer : remedies.older}; nothing was changed.`,
    );
  }
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  if (application === 0 && version === 0 && tables === 0) return true;
  throw new IncompatibleStore(
    `${file}: expected ${name} of Rollcall, found the SQLite file of something else (application id ${String(application)}, ${tables} tables and indexes). ${remedies.other}; nothing was changed.`,
  );
}

export const isSqliteError = (error: unknown, code: string): error is InstanceType<typeof Database.SqliteError> =>
  error instanceof Database.SqliteError && error.code.startsWith(code);
