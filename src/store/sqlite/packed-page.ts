/**
 * A page of the log packed in the shape that is fastest to take apart: by columns, and its data by event type, so that
 * events of one shape say once what their fields are called. Names and metadata that few ask for stay in the log.
 */

import { Packr, Unpackr } from "msgpackr";
import { aggregateIdOf, type EventContents, type EventNames, type RecordedEvent } from "../../message/index.js";
import { passes } from "../event-filter.js";
import type { EventFilter } from "../event-store.js";
import { partOf, type KeyPart } from "../key-part.js";
import { columnsOf, eventsOf, type PageColumns, type PageRow } from "./page-columns.js";

/** What whoever reads looks at first. */
interface Head extends Omit<PageColumns, "positions" | "types"> {
  /** Names of the types that occur. */
  readonly names: readonly string[];
  /** Of each event, which of the names is its type. */
  readonly codes: readonly number[];
  /** Indexes of events whose data is left in the log: bytes, and what is long. */
  readonly apart: readonly number[];
  /** Bytes of the data of each type; `undefined` when the data of all is one JSON text. */
  readonly sizes: readonly number[] | undefined;
}

/** What is looked at when an event is wanted. */
export interface PackedContents {
  readonly streams: Uint8Array;
  readonly data: Uint8Array;
}

/** A page as it is kept: events whose positions have no gap between them. */
export interface PackedRow extends PackedContents {
  readonly first: number;
  readonly last: number;
  readonly head: Uint8Array;
}

const packr = new Packr({ useRecords: true });
const unpackr = new Unpackr({ useRecords: true });

// What `pack` returns lies in a buffer that its next call writes to.
const packed = (value: unknown): Uint8Array => new Uint8Array(packr.pack(value));

/** As JSON where a name may begin with a mark of byte order: without native code `unpack` leaves that out. */
function packedNames(value: unknown): Uint8Array {
  const text = JSON.stringify(value);
  return text.includes("\ufeff") ? Buffer.from(text) : packed(value);
}

// What is packed begins with neither.
const beginningsOfJson = [...Buffer.from("[{")];
const unpacked = (bytes: Uint8Array): unknown =>
  beginningsOfJson.includes(bytes[0]!) ? JSON.parse(Buffer.from(bytes).toString()) : unpackr.unpack(bytes);

/**
 * @param apart indexes of events whose data is left in the log, where the row holds something else in its place
 * @returns `undefined` where positions have gaps between them, as in a log that somebody deleted events from
 */
export function pack(row: PageRow, apart: readonly number[]): PackedRow | undefined {
  const { positions, types, ...columns } = columnsOf(row);
  const [first, last] = [positions[0]!, positions.at(-1)!];
  if (last - first >= positions.length) return undefined;
  const names = [...new Set(types)];
  const text = `[${row[8]}]`;
  const groups = packedData(text, names, types);
  const head: Head = {
    ...columns,
    names,
    codes: types.map((type) => names.indexOf(type)),
    apart,
    sizes: groups?.map(({ length }) => length),
  };
  return {
    first,
    last,
    head: packedNames(head),
    streams: packedNames(JSON.parse(row[1])),
    data: groups ? Buffer.concat(groups) : Buffer.from(text),
  };
}

/** By name of the type; `undefined` when the text must do. */
function packedData(text: string, names: readonly string[], types: readonly string[]): Uint8Array[] | undefined {
  if (isBeyond(text)) return undefined;
  const data = JSON.parse(text) as unknown[];
  if (isDeeper(data, mostLevels)) return undefined;
  try {
    return names.map((name) => packed(data.filter((_, i) => types[i] === name)));
  } catch {
    // Fields may make it take the data for an object of some class.
    return undefined;
  }
}

/**
 * What MessagePack would not give back as `JSON.parse` gives it: halves of surrogate pairs, marks of byte order, fields
 * `__proto__` and `__keys__`, minus zero and what is so small that it becomes one. A text that only looks like it loses
 * nothing but speed.
 */
const isBeyond = (json: string): boolean => misread.test(json) || minusZero.test(json);
const misread = /\ufeff|__(?:proto|keys)__|\\u(?:d|feff|00[567])/i;
const minusZero = /[[,:]\s*-(?:0(?!\.0{0,99}[1-9])|[.\d]+e-\d{3})/i;

/** MessagePack is taken apart level by level on the stack, which is not as large in every thread. */
const mostLevels = 100;
const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1)));

/** What is asked of the log. */
export interface RestOfPage {
  data(index: number): unknown;
  metadata(index: number): string | Uint8Array | undefined;
  id(index: number): string;
  revision(index: number): number;
}

/** A packed page: each column, and the data of each type, is taken apart when it is first asked for. */
export class PackedPage implements EventContents, EventNames {
  readonly names = this;
  private readonly head: Head;
  private readonly columns: PageColumns;
  private contents: PackedContents | undefined;
  private streams: readonly string[] | undefined;
  private readonly groups: (readonly unknown[])[] = [];
  /** Of each event, which of its group it is. */
  private places: readonly number[] | undefined;

  /** @param onFault told what is wrong with the contents, which are read from the log then */
  constructor(
    private readonly first: number,
    head: Uint8Array,
    private readonly rest: RestOfPage,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.head = unpacked(head) as Head;
    const { names, codes } = this.head;
    this.columns = {
      ...this.head,
      positions: codes.map((_, i) => first + i),
      types: codes.map((code) => names[code]!),
    };
  }

  /** The events after position `after` that are wanted. @param load called when there are any, or to find out */
  events(
    after: number,
    filter: EventFilter | undefined,
    part: KeyPart | undefined,
    load: () => PackedContents,
  ): RecordedEvent[] {
    const { codes } = this.head;
    const types = this.typesOf(filter);
    if (!types.includes(true)) return [];
    const asksNames = part?.by === "aggregateId" || (filter && "streamPrefixes" in filter);
    if (asksNames) this.contents = load();
    const isWanted =
      types.includes(false) || part || asksNames
        ? (i: number) => types[codes[i]!]! && this.isIn(part, i) && this.hasPrefix(filter, i)
        : undefined;
    const events = eventsOf(this.columns, this, Math.max(0, after + 1 - this.first), codes.length, isWanted);
    // At once: when somebody asks, the copy may be closed.
    if (events.length > 0) this.contents ??= load();
    return events;
  }

  data(index: number): unknown {
    if (this.head.apart.includes(index)) return this.rest.data(index);
    try {
      const code = this.head.sizes ? this.head.codes[index]! : 0;
      const group = (this.groups[code] ??= this.unpackGroup(code));
      return group[this.head.sizes ? this.placesOf()[index]! : index];
    } catch (error) {
      this.onFault(error);
      return this.rest.data(index);
    }
  }

  metadata(index: number): string | Uint8Array | undefined {
    return this.rest.metadata(index);
  }

  id(index: number): string {
    return this.rest.id(index);
  }

  streamName(index: number): string {
    this.streams ??= unpacked(this.contents!.streams) as string[];
    return this.streams[index]!;
  }

  revision(index: number): number {
    return this.rest.revision(index);
  }

  /** Of each name, whether the filter lets it pass. */
  private typesOf(filter: EventFilter | undefined): boolean[] {
    const { names } = this.head;
    if (!filter || !("eventTypes" in filter)) return names.map(() => true);
    const wanted = new Set(filter.eventTypes);
    return names.map((name) => wanted.has(name));
  }

  private isIn(part: KeyPart | undefined, index: number): boolean {
    if (!part) return true;
    const key =
      part.by === "correlationId"
        ? (this.head.correlationIds[index] ?? undefined)
        : aggregateIdOf(this.streamName(index));
    return partOf(key, part.of) === part.index;
  }

  private hasPrefix(filter: EventFilter | undefined, index: number): boolean {
    return !filter || "eventTypes" in filter || passes(filter, this.columns.types[index]!, this.streamName(index));
  }

  private unpackGroup(code: number): readonly unknown[] {
    const { sizes } = this.head;
    const { data } = this.contents!;
    if (!sizes) return unpacked(data) as unknown[];
    let start = 0;
    for (let i = 0; i < code; i++) start += sizes[i]!;
    return unpacked(data.subarray(start, start + sizes[code]!)) as unknown[];
  }

  private placesOf(): readonly number[] {
    if (this.places) return this.places;
    const counts = this.head.names.map(() => 0);
    return (this.places = this.head.codes.map((code) => counts[code]!++));
  }
}
