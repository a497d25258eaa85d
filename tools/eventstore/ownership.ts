/** One process at a time serves a file. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { StoreUnavailable } from "../../src/errors.js";

/** Another process, or this one, serves the file already. */
export class FileAlreadyServed extends StoreUnavailable {
  constructor(readonly file: string) {
    super(
      `${file}: another development server is serving this file. Stop it first, or give this one another file (--file).`,
    );
  }
}

/**
 * Takes `file` for this process. The lock is one that the operating system gives back when the process ends, however it
 * ends.
 * @returns what gives it back
 * @throws FileAlreadyServed
 */
export function own(file: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const lock = new SqliteDatabase(`${file}.lock`, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") throw new FileAlreadyServed(file);
    throw error;
  }
  return () => lock.close();
}
