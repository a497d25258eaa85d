/** Snapshots in one SQLite file, which several processes may use at the same time. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { prepareFile, type FileKind } from "../../store/sqlite/file-kind.js";
import { whileBusy } from "../../store/sqlite/retry.js";
import type { SnapshotStore } from "../snapshot-store.js";

const snapshots: FileKind = {
  // "RSNP".
  applicationId: 0x52534e50,
  schemaNumber: 1,
  name: "snapshots",
  remedies: {
    other: "Name other read models, or move the file away",
    newer: "Delete the file: snapshots are taken again",
    older: "Delete the file: snapshots are taken again",
  },
  make: (db) =>
    db.exec(`CREATE TABLE snapshot (
      store_id TEXT NOT NULL,
      stream TEXT NOT NULL,
      content TEXT NOT NULL,
      PRIMARY KEY (store_id, stream)
    ) STRICT, WITHOUT ROWID`),
};

// SQLite waits inside the call, and a command waits with it: a save is retried outside, a load is not worth waiting for.
const busyTimeoutMs = 5;
const busyDeadlineMs = 1_000;

/**
 * Opens the file, and creates it, with its folder, when it is not there.
 * @throws IncompatibleStore when it is something else, which is left as it was; StoreUnavailable
 */
export async function openSqliteSnapshotStore(file: string): Promise<SnapshotStore> {
  return whileBusy("open the snapshots", file, busyDeadlineMs, () => new SqliteSnapshotStore(file));
}

class SqliteSnapshotStore implements SnapshotStore {
  private readonly db: Database.Database;
  private readonly find;
  private readonly replace;

  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.db = new Database(file, { timeout: busyTimeoutMs });
    try {
      prepareFile(this.db, file, snapshots);
      this.db.pragma("journal_mode = WAL");
      // A snapshot that is lost is taken again, so none waits for the disk.
      this.db.pragma("synchronous = OFF");
      this.find = this.db
        .prepare<[string, string], string>("SELECT content FROM snapshot WHERE store_id = ? AND stream = ?")
        .pluck();
      this.replace = this.db.prepare<[string, string, string]>("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)");
    } catch (error) {
      this.db.close();
      throw error;
    }
  }

  async load(storeId: string, streamName: string): Promise<string | undefined> {
    return this.find.get(storeId, streamName);
  }

  async save(storeId: string, streamName: string, text: string): Promise<void> {
    await whileBusy(`save the snapshot of ${streamName}`, this.file, busyDeadlineMs, () =>
      this.replace.run(storeId, streamName, text),
    );
  }

  async close(): Promise<void> {
    this.db.close();
  }
}
