/** Reads pages of the log: one row per page, which SQLite concatenates and one JSON.parse per column takes apart. */

import { StoreClosed } from "../../errors.js";
import type { EventContents, EventNames } from "../../message/index.js";
import type { EventFilter } from "../event-store.js";
import type { HowToRead, LogPart, PageSource, Part } from "../paged-event-store.js";
import type { Database } from "./database.js";
import { filterCondition } from "./filter-condition.js";
import { columnsOf, eventsOf, isApart, longData, pageOf, type PageRow } from "./page-columns.js";
import { partCondition } from "./part-condition.js";

/** Larger pages were slower: their text leaves the young generation of the heap. */
const pageSize = 256;
/** Rows that one step scans at most, so that a filter which few events pass does not hold up the process. */
export const scanSize = 20_000;
/** A page ends early when it holds this much of data that is read row by row. */
const longDataPerPage = 8 * 1024 * 1024;
// CROSS JOIN keeps the order of the positions.
const byPositions = "FROM json_each(?) AS wanted CROSS JOIN event ON event.position = wanted.value";

/** A `PageSource` over a connection that sees only what is committed. */
export class PageReader implements PageSource {
  private readonly headStatement;
  private readonly versionStatement;
  private readonly dataApart;
  private readonly indexesApart;
  private readonly metadataOfPage;
  private readonly metadataOfOne;
  private readonly dataOfOne;
  private readonly idsAndRevisions;
  private readonly idOfOne;
  private readonly pages = new Map<string, ReturnType<PageReader["preparePage"]>>();
  private readonly surveys = new Map<string, ReturnType<PageReader["prepareSurvey"]>>();

  constructor(private readonly db: Database) {
    this.headStatement = db.prepare<[], number | null>("SELECT max(position) FROM event").pluck();
    this.versionStatement = db.prepare<[], number>("PRAGMA data_version").pluck();
    this.dataApart = db
      .prepare<[string], [number, string | Buffer]>(`SELECT wanted.key, data ${byPositions} WHERE ${isApart}`)
      .raw();
    this.indexesApart = db.prepare<[string], number>(`SELECT wanted.key ${byPositions} WHERE ${isApart}`).pluck();
    // A number stands for metadata that is too long to be read with the page's.
    this.metadataOfPage = db
      .prepare<[string], string | Buffer | number | null>(
        `SELECT CASE WHEN octet_length(metadata) > ${longData} THEN position ELSE metadata END ${byPositions}`,
      )
      .pluck();
    this.metadataOfOne = db.prepare<[number], string | Buffer>("SELECT metadata FROM event WHERE position = ?").pluck();
    this.dataOfOne = db.prepare<[number], string | Buffer>("SELECT data FROM event WHERE position = ?").pluck();
    this.idOfOne = db.prepare<[number], string>("SELECT id FROM event WHERE position = ?").pluck();
    this.idsAndRevisions = db
      .prepare<[number, number], [string, number]>(
        "SELECT id, revision FROM event WHERE position BETWEEN ? AND ? ORDER BY position",
      )
      .raw();
  }

  head(): number {
    return this.headStatement.get() ?? 0;
  }

  /** Changes with each commit of another connection. */
  dataVersion(): number {
    return this.versionStatement.get()!;
  }

  logPart(after: number, last: number, filter: EventFilter | undefined, { part }: HowToRead = {}): LogPart {
    const passing = filterCondition(filter);
    const inPart = partCondition(part);
    const through = Math.min(after + scanSize, last);
    // NOT INDEXED: the table itself is in the order of positions.
    const rows = `NOT INDEXED WHERE position > ? AND position <= ? AND ${passing.condition} AND ${inPart.condition} ORDER BY position`;
    const values = [after, through, ...passing.values, ...inPart.values];
    const { events, complete } = this.page(rows, values, pageSize);
    return { events, through: complete ? through : Number(events.at(-1)!.position) };
  }

  streamPart(streamName: string, direction: "forwards" | "backwards", from: number, limit: number): Part {
    const rows = direction === "forwards" ? "revision >= ? ORDER BY revision" : "revision <= ? ORDER BY revision DESC";
    const size = Math.min(limit, pageSize);
    return this.page(`INDEXED BY event_by_stream WHERE stream = ? AND ${rows}`, [streamName, from], size);
  }

  correlationPart(correlationId: string, after: number): Part {
    const rows = "INDEXED BY event_by_correlation WHERE correlation_id = ? AND position > ? ORDER BY position";
    return this.page(rows, [correlationId, after], pageSize);
  }

  /** Metadata of the events at these positions, a JSON array. @throws StoreClosed */
  metadataOf(positions: string): (string | Uint8Array | number | undefined)[] {
    this.checkOpen();
    return this.metadataOfPage.all(positions).map((stored) => (stored === null ? undefined : bytesOf(stored)));
  }

  /** Metadata of one event, whatever its length. @throws StoreClosed */
  metadataAt(position: number): string | Uint8Array {
    this.checkOpen();
    return bytesOf(this.metadataOfOne.get(position)!);
  }

  /** Data of one event, whatever it is. @throws StoreClosed */
  dataAt(position: number): unknown {
    this.checkOpen();
    const stored = this.dataOfOne.get(position)!;
    return typeof stored === "string" ? (JSON.parse(stored) as unknown) : bytesOf(stored);
  }

  /** Id of the event at this position. */
  idAt(position: number): string | undefined {
    return this.idOfOne.get(position);
  }

  /** Ids and revisions of the events from position `first` to `last`. @throws StoreClosed */
  idsAndRevisionsOf(first: number, last: number): [id: string, revision: number][] {
    this.checkOpen();
    return this.idsAndRevisions.all(first, last);
  }

  /** Of the events after `after` and up to `through`: how many pass the filter, and bytes of data, but of what is read row by row. */
  survey(after: number, through: number, filter: EventFilter | undefined): [passing: number, bytes: number] {
    const { condition, values } = filterCondition(filter);
    let statement = this.surveys.get(condition);
    if (!statement) this.surveys.set(condition, (statement = this.prepareSurvey(condition)));
    return statement.get(...values, after, through)!;
  }

  /** Columns of the events after `after`, so many, which there are, and indexes of those whose data is not in the row. */
  rowAfter(after: number, size: number): { readonly row: PageRow; readonly apart: readonly number[] } {
    const row = this.statementOf("NOT INDEXED WHERE position > ? ORDER BY position").get(after, size)!;
    return { row, apart: row[9] > 0 ? this.indexesApart.all(`[${row[0]}]`) : [] };
  }

  private checkOpen(): void {
    if (!this.db.open) throw new StoreClosed("read what is not in memory");
  }

  private page(rows: string, values: readonly unknown[], size: number): Part {
    const row = this.statementOf(rows).get(...values, size)!;
    if (row[0] === null) return { events: [], complete: true };
    const positionsText = `[${row[0]}]`;
    const columns = columnsOf(row);
    const apart = row[9] > 0 ? this.dataWithApart(row[8], positionsText) : undefined;
    const count = apart?.count ?? columns.positions.length;
    const contents = new PageContents(this, positionsText, apart?.data ?? row[8], new PageNames(row));
    return {
      events: eventsOf(columns, contents, 0, count),
      complete: count < size && count === columns.positions.length,
    };
  }

  private statementOf(rows: string) {
    let statement = this.pages.get(rows);
    if (!statement) this.pages.set(rows, (statement = this.preparePage(rows)));
    return statement;
  }

  private prepareSurvey(condition: string) {
    return this.db
      .prepare<unknown[], [number, number]>(
        `SELECT count(*) FILTER (WHERE ${condition}), total(octet_length(data)) FILTER (WHERE NOT (${isApart}))
          FROM event NOT INDEXED WHERE position > ? AND position <= ?`,
      )
      .raw();
  }

  private preparePage(rows: string) {
    return this.db.prepare<unknown[], PageRow>(pageOf(rows)).raw();
  }

  /** Data with that which is bytes, or long, in its places; and how many events the page may hold. */
  private dataWithApart(text: string, positions: string): { readonly data: unknown[]; readonly count: number } {
    const data = JSON.parse(`[${text}]`) as unknown[];
    let held = 0;
    for (const [index, stored] of this.dataApart.iterate(positions)) {
      held += stored.length;
      if (held > longDataPerPage && index > 0) return { data, count: index };
      data[index] = typeof stored === "string" ? JSON.parse(stored) : bytesOf(stored);
    }
    return { data, count: data.length };
  }
}

/** Names in a page: each column is parsed when one of its events is first asked for it. */
class PageNames implements EventNames {
  private streams: readonly string[] | string;
  private revisions: readonly number[] | string;
  private ids: readonly string[] | string;

  constructor([, streams, revisions, ids]: PageRow) {
    this.streams = streams;
    this.revisions = revisions;
    this.ids = ids;
  }

  id(index: number): string {
    if (typeof this.ids === "string") this.ids = JSON.parse(this.ids) as string[];
    return this.ids[index]!;
  }

  streamName(index: number): string {
    if (typeof this.streams === "string") this.streams = JSON.parse(this.streams) as string[];
    return this.streams[index]!;
  }

  revision(index: number): number {
    if (typeof this.revisions === "string") this.revisions = JSON.parse(`[${this.revisions}]`) as number[];
    return this.revisions[index]!;
  }
}

/** Data and metadata of a page: the one parsed, the other read, when one of its events is first asked for it. */
class PageContents implements EventContents {
  private readonly stored: StoredMetadata;

  /** @param parts data of the page, or its texts joined by commas */
  constructor(
    reader: PageReader,
    positions: string,
    private parts: readonly unknown[] | string,
    readonly names: EventNames,
  ) {
    this.stored = new StoredMetadata(reader, () => positions);
  }

  data(index: number): unknown {
    if (typeof this.parts === "string") this.parts = JSON.parse(`[${this.parts}]`) as unknown[];
    return this.parts[index];
  }

  metadata(index: number): string | Uint8Array | undefined {
    return this.stored.at(index);
  }
}

/** Metadata of events that were read together: that of all is read when one is first asked for it. */
export class StoredMetadata {
  private stored: (string | Uint8Array | number | undefined)[] | undefined;

  /** @param positions as a JSON array */
  constructor(
    private readonly reader: PageReader,
    private readonly positions: () => string,
  ) {}

  /** @throws StoreClosed */
  at(index: number): string | Uint8Array | undefined {
    this.stored ??= this.reader.metadataOf(this.positions());
    const stored = this.stored[index];
    // A number is the position of one that is read by itself.
    return typeof stored === "number" ? this.reader.metadataAt(stored) : stored;
  }
}

function bytesOf<T extends string | number>(stored: T | Buffer): T | Uint8Array {
  return Buffer.isBuffer(stored) ? new Uint8Array(stored.buffer, stored.byteOffset, stored.length) : stored;
}
