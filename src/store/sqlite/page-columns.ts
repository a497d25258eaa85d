/** A page of the log as one row of its columns: how SQLite makes it, and how events are made of it. */

import { jsonContentType, RecordedEvent, type EventContents } from "../../message/index.js";

/** Longer data is read row by row. */
export const longData = 32_768;

export const isApart = `typeof(data) <> 'text' OR octet_length(data) > ${longData}`;
const isOrdinary = "content_type IS NULL AND schema_version = 1 AND occurred_at IS NULL AND imported = 0";

/** The statement that makes one row of all that `rows` selects of the log, at most as many as its last parameter says. */
export const pageOf = (rows: string): string => `
  SELECT group_concat(position), json_group_array(stream), group_concat(revision), json_group_array(id),
    json_group_array(type), group_concat(recorded_at), json_group_array(correlation_id),
    group_concat(CASE WHEN ${isOrdinary} THEN NULL
      ELSE json_array(position, content_type, schema_version, occurred_at, imported) END),
    group_concat(CASE WHEN is_apart THEN '0' ELSE data END), max(is_apart)
  FROM (SELECT *, ${isApart} AS is_apart FROM event ${rows} LIMIT ?)`;

export type PageRow = readonly [
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

/** What is not as with most events. */
export type Unusual = readonly [
  position: number,
  contentType: string | null,
  schemaVersion: number,
  occurredAt: number | null,
  imported: number,
];
const ordinary: Unusual = [0, null, 1, null, 0];

/** What an event says by itself; the rest is taken apart when it is asked for. */
export interface PageColumns {
  readonly positions: readonly number[];
  readonly types: readonly string[];
  readonly recordedAt: readonly number[];
  readonly correlationIds: readonly (string | null)[];
  readonly unusual: readonly Unusual[];
}

export const columnsOf = (row: PageRow): PageColumns => ({
  positions: JSON.parse(`[${row[0]!}]`) as number[],
  types: JSON.parse(row[4]) as string[],
  recordedAt: JSON.parse(`[${row[5]}]`) as number[],
  correlationIds: JSON.parse(row[6]) as (string | null)[],
  unusual: row[7] === null ? [] : (JSON.parse(`[${row[7]}]`) as Unusual[]),
});

/** Events of the page from index `from` up to, but without, `to`: those that are wanted, or all. */
export function eventsOf(
  { positions, types, recordedAt, correlationIds, unusual }: PageColumns,
  contents: EventContents,
  from: number,
  to: number,
  isWanted?: (index: number) => boolean,
): RecordedEvent[] {
  const unusualAt = unusual.length > 0 ? new Map(unusual.map((each) => [each[0], each])) : undefined;
  const events: RecordedEvent[] = [];
  for (let i = from; i < to; i++) {
    if (isWanted && !isWanted(i)) continue;
    const [, contentType, schemaVersion, occurredAt, imported] = unusualAt?.get(positions[i]!) ?? ordinary;
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
