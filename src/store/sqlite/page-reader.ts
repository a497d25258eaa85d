/** Reads pages of the log: one row per page, which SQLite concatenates and one JSON.parse per column takes apart. */

import { StoreClosed } from "../../errors.js";
import { jsonContentType, RecordedEvent, type EventContents, type EventNames } from "../../message/index.js";
import type { EventFilter } from "../event-store.js";
import type { KeyPart } from "../key-part.js";
import type { LogPart, PageSource, Part } from "../paged-event-store.js";
import type { Database } from "./database.js";
import { filterCondition } from "./filter-condition.js";
import { partCondition } from "./part-condition.js";

/** Larger pages were slower: their text leaves the young generation of the heap. */
const pageSize = 256;
/** Rows that one step scans at most, so that a filter which few events pass does not hold up the process. */
const scanSize = 20_000;
/** Longer data is read row by row, and a page ends early when it holds this much of it. */
const longData = 32_768;
const longDataPerPage = 8 * 1024 * 1024;

const isApart = `typeof(data) <> 'text' OR octet_length(data) > ${longData}`;
const isOrdinary = "content_type IS NULL AND schema_version = 1 AND occurred_at IS NULL AND imported = 0";

const pageOf = (rows: string) => `
  SELECT group_concat(position), json_group_array(stream), group_concat(revision), json_group_array(id),
    json_group_array(type), group_concat(recorded_at), json_group_array(correlation_id),
    group_concat(CASE WHEN ${isOrdinary} THEN NULL
      ELSE json_array(position, content_type, schema_version, occurred_at, imported) END),
    group_concat(CASE WHEN is_apart THEN '0' ELSE data END), max(is_apart)
  FROM (SELECT *, ${isApart} AS is_apart FROM event ${rows} LIMIT ?)`;

type PageRow = readonly [
  positions: string | null,
  streams: string,
  revisions: string,
  ids: string,
  types: string,
  recordedAt: string,
  correlationIds: string,
  unusual: string | null,
  data: string,
  apart: number,
];
type Unusual = readonly [
  position: number,
  contentType: string | null,
  schemaVersion: number,
  occurredAt: number | null,
  imported: number,
];

// CROSS JOIN keeps the order of the positions.
const byPositions = "FROM json_each(?) AS wanted CROSS JOIN event ON event.position = wanted.value";

/** A `PageSource` over a connection that sees only what is committed. */
export class PageReader implements PageSource {
  private readonly headStatement;
  private readonly versionStatement;
  private readonly dataApart;
  private readonly metadataOfPage;
  private readonly metadataOfOne;
  private readonly pages = new Map<string, ReturnType<PageReader["preparePage"]>>();

  constructor(private readonly db: Database) {
    this.headStatement = db.prepare<[], number | null>("SELECT max(position) FROM event").pluck();
    this.versionStatement = db.prepare<[], number>("PRAGMA data_version").pluck();
    this.dataApart = db
      .prepare<[string], [number, string | Buffer]>(`SELECT wanted.key, data ${byPositions} WHERE ${isApart}`)
      .raw();
    // A number stands for metadata that is too long to be read with the page's.
    this.metadataOfPage = db
      .prepare<[string], string | Buffer | number | null>(
        `SELECT CASE WHEN octet_length(metadata) > ${longData} THEN position ELSE metadata END ${byPositions}`,
      )
      .pluck();
    this.metadataOfOne = db.prepare<[number], string | Buffer>("SELECT metadata FROM event WHERE position = ?").pluck();
  }

  head(): number {
    return this.headStatement.get() ?? 0;
  }

  /** Changes with each commit of another connection. */
  dataVersion(): number {
    return this.versionStatement.get()!;
  }

  logPart(after: number, last: number, filter: EventFilter | undefined, part?: KeyPart): LogPart {
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

  private checkOpen(): void {
    if (!this.db.open) throw new StoreClosed("read metadata");
  }

  private page(rows: string, values: readonly unknown[], size: number): Part {
    let statement = this.pages.get(rows);
    if (!statement) this.pages.set(rows, (statement = this.preparePage(rows)));
    const row = statement.get(...values, size)!;
    if (row[0] === null) return { events: [], complete: true };
    const positionsText = `[${row[0]}]`;
    const positions = JSON.parse(positionsText) as number[];
    const apart = row[9] > 0 ? this.dataWithApart(row[8], positionsText) : undefined;
    const count = apart?.count ?? positions.length;
    const contents = new PageContents(this, positionsText, apart?.data ?? row[8], new PageNames(row));
    return {
      events: assemble(row, positions, contents, count),
      complete: count < size && count === positions.length,
    };
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

function assemble(row: PageRow, positions: readonly number[], contents: EventContents, count: number): RecordedEvent[] {
  const types = JSON.parse(row[4]) as string[];
  const recordedAt = JSON.parse(`[${row[5]}]`) as number[];
  const correlationIds = JSON.parse(row[6]) as (string | null)[];
  const unusual = unusualAt(row[7]);
  const events: RecordedEvent[] = [];
  for (let i = 0; i < count; i++) {
    const [, contentType, schemaVersion, occurredAt, imported] = unusual?.get(positions[i]!) ?? ordinary;
    events.push(
      new RecordedEvent(
        undefined,
        undefined,
        types[i]!,
        undefined,
        positions[i]!,
        recordedAt[i]!,
        schemaVersion,
        correlationIds[i] ?? undefined,
        occurredAt ?? undefined,
        imported === 1,
        contentType ?? jsonContentType,
        contents,
        i,
      ),
    );
  }
  return events;
}

const ordinary: Unusual = [0, null, 1, null, 0];

/** What is not as with most events, by position; `undefined` for a page of ordinary ones. */
const unusualAt = (found: string | null): ReadonlyMap<number, Unusual> | undefined =>
  found === null ? undefined : new Map((JSON.parse(`[${found}]`) as Unusual[]).map((each) => [each[0], each]));

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
  private stored: (string | Uint8Array | number | undefined)[] | undefined;

  /** @param parts data of the page, or its texts joined by commas */
  constructor(
    private readonly reader: PageReader,
    private readonly positions: string,
    private parts: readonly unknown[] | string,
    readonly names: EventNames,
  ) {}

  data(index: number): unknown {
    if (typeof this.parts === "string") this.parts = JSON.parse(`[${this.parts}]`) as unknown[];
    return this.parts[index];
  }

  metadata(index: number): string | Uint8Array | undefined {
    this.stored ??= this.reader.metadataOf(this.positions);
    const stored = this.stored[index];
    // A number is the position of one that is read by itself.
    return typeof stored === "number" ? this.reader.metadataAt(stored) : stored;
  }
}

function bytesOf<T extends string | number>(stored: T | Buffer): T | Uint8Array {
  return Buffer.isBuffer(stored) ? new Uint8Array(stored.buffer, stored.byteOffset, stored.length) : stored;
}
