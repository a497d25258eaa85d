/**
 * A second copy of the old part of a log, packed page by page: what is rebuilt from history reads it instead of the log.
 * It is disposable: whoever reads the log often makes it, and what is wrong with it costs nothing but speed.
 */

import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { prepareFile, type FileKind } from "./file-kind.js";
import type { PackedContents, PackedRow } from "./packed-page.js";
import { isBusy } from "./retry.js";

const schema = `
  CREATE TABLE meta (store_id TEXT NOT NULL) STRICT;
  CREATE TABLE page (
    last INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last_id TEXT NOT NULL,
    head BLOB NOT NULL,
    streams BLOB NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
`;

const kind: FileKind = {
  // "RPAG".
  applicationId: 0x52504147,
  schemaNumber: 1,
  name: "a packed copy of a log",
  remedies: {
    other: "Move it elsewhere",
    newer: "Delete it, unless a newer version of Rollcall uses it",
    older: "Delete it: it is made again",
  },
  make: (db) => db.exec(schema),
};

/** What the copy asks of its log. */
export interface CopiedLog {
  readonly storeId: string;
  /** Id of the event at this position. */
  idAt(position: number): string | undefined;
}

/** A page that may be read. */
export interface StoredPage {
  readonly first: number;
  readonly last: number;
  readonly head: Uint8Array;
  readonly contents: () => PackedContents;
}

// Whoever waited would hold up the process; without the copy it reads the log.
const busyTimeoutMs = 5;

/** The copy of the log in `file`, in a file beside it. It is there once somebody adds to it. */
export class PackedCopy {
  private readonly copyFile: string;
  private db: Database.Database | undefined;
  private statements: ReturnType<typeof prepare> | undefined;
  private isGivenUp = false;

  constructor(
    file: string,
    private readonly log: CopiedLog,
  ) {
    this.copyFile = `${file}-pages`;
  }

  /** The page that holds this position; `undefined` where the log must be read. */
  pageAt(position: number): StoredPage | undefined {
    return this.attempt(false, ({ pageFrom, contentsOf }) => {
      const found = pageFrom.get(position);
      if (!found || found[1] > position) return undefined;
      const [last, first, head, lastId] = found;
      // The log, or the copy, was replaced while this process had both open.
      if (this.log.idAt(last) !== lastId) throw new Error(`it holds another event than the log at position ${last}`);
      const contents = () => {
        const [streams, data] = contentsOf.get(last)!;
        return { streams, data };
      };
      return { first, last, head, contents };
    });
  }

  /** Whether the copy ends at this position, so that what follows may be added. */
  endsAt(position: number): boolean {
    return this.attempt(true, ({ end }) => (end.get() ?? 0) === position) ?? false;
  }

  /** Adds what follows the last page, unless somebody else did. */
  add({ first, last, head, streams, data }: PackedRow): void {
    this.attempt(true, ({ add }) => add.run(last, first, this.log.idAt(last), head, streams, data, first - 1));
  }

  /** It holds something else than its log: read the log, and say so once. */
  giveUp(error: unknown): void {
    if (this.isGivenUp) return;
    this.isGivenUp = true;
    this.close();
    process.emitWarning(
      `${this.copyFile}: the packed copy of the log cannot be used (${error instanceof Error ? error.message : String(error)}). ` +
        "Rebuilds read the log itself, which takes longer. Mend the cause, or delete the file: it is made again.",
      "RollcallWarning",
    );
  }

  close(): void {
    this.db?.close();
    this.db = undefined;
    this.statements = undefined;
  }

  /** @returns `undefined` when there is no copy, or somebody else is at it */
  private attempt<T>(makes: boolean, step: (statements: ReturnType<typeof prepare>) => T): T | undefined {
    if (this.isGivenUp) return undefined;
    try {
      if (!this.statements && !makes && !existsSync(this.copyFile)) return undefined;
      return step((this.statements ??= this.open()));
    } catch (error) {
      if (!isBusy(error)) this.giveUp(error);
      return undefined;
    }
  }

  private open(): ReturnType<typeof prepare> {
    const db = new Database(this.copyFile, { timeout: busyTimeoutMs });
    this.db = db;
    try {
      // Whatever is read is long: few large pages take a tenth of the time of many small ones.
      db.pragma("page_size = 32768");
      prepareFile(db, this.copyFile, kind);
      db.pragma("journal_mode = WAL");
      db.pragma("synchronous = NORMAL");
      db.pragma("wal_autocheckpoint = 500");
      if (!this.isOfThisLog(db)) db.transaction(() => this.beginAnew(db)).immediate();
      return prepare(db);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A log that was restored from a backup, or made anew, ends elsewhere, or has another event where the copy ends. */
  private isOfThisLog(db: Database.Database): boolean {
    if (db.prepare("SELECT store_id FROM meta").pluck().get() !== this.log.storeId) return false;
    const end = db
      .prepare<[], [number, string]>("SELECT last, last_id FROM page ORDER BY last DESC LIMIT 1")
      .raw()
      .get();
    return !end || this.log.idAt(end[0]) === end[1];
  }

  private beginAnew(db: Database.Database): void {
    if (this.isOfThisLog(db)) return;
    db.exec("DELETE FROM page; DELETE FROM meta");
    db.prepare("INSERT INTO meta VALUES (?)").run(this.log.storeId);
  }
}

function prepare(db: Database.Database) {
  return {
    end: db.prepare<[], number | null>("SELECT max(last) FROM page").pluck(),
    pageFrom: db
      .prepare<[number], [last: number, first: number, head: Buffer, lastId: string]>(
        "SELECT last, first, head, last_id FROM page WHERE last >= ? ORDER BY last LIMIT 1",
      )
      .raw(),
    contentsOf: db
      .prepare<[number], [streams: Buffer, data: Buffer]>("SELECT streams, data FROM page WHERE last = ?")
      .raw(),
    add: db.prepare("INSERT INTO page SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT ifnull(max(last), 0) FROM page) = ?"),
  };
}
