/** The log behind the development server, as its services see it: records as the protocol shows them. */

import type { ExpectedRevision } from "../../src/store/index.js";

/** Revision of the record that ends a tombstoned stream: 2^63 - 1. */
export const tombstoneRevision = 9_223_372_036_854_775_807n;

/** An event, link, piece of stream metadata or tombstone, bytes as they were written. */
export interface LogRecord {
  /** Commit and prepare position on the wire. Counts from 1. */
  readonly position: number;
  readonly streamName: string;
  /** `tombstoneRevision` for a tombstone. */
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly recordedAtMs: number;
  readonly contentType: string;
  readonly data: Uint8Array;
  /** Empty where there is none. */
  readonly metadata: Uint8Array;
}

/** An event as a client proposes it. */
export interface ProposedRecord {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What became of a write; everything but `written` has written nothing. */
export type WriteOutcome =
  /**
   * `revision`: of the last event, `undefined` for an empty append to no stream; for a delete that of the metadata
   * which says so. `position`: of the same, `undefined` for an empty append. A retry gives the old place.
   */
  | { readonly kind: "written"; readonly revision: bigint | undefined; readonly position: number | undefined }
  | { readonly kind: "wrongRevision"; readonly current: bigint | undefined }
  | { readonly kind: "streamDeleted" };

export type Direction = "forwards" | "backwards";

/** Which records of the log to show. */
export type RecordFilter = (record: Pick<LogRecord, "streamName" | "type">) => boolean;

export type StreamPage =
  /** `complete`: there is nothing more to read in this direction. */
  | { readonly kind: "records"; readonly records: readonly LogRecord[]; readonly complete: boolean }
  | { readonly kind: "notFound" }
  | { readonly kind: "deleted" };

/** Part of the log. It may hold no record, when none of the part passes the filter. */
export interface LogPage {
  readonly records: readonly LogRecord[];
  /** Everything up to here (down to here, backwards) was considered; where to go on from. */
  readonly through: number;
  /** How many records were considered, whether or not they passed. */
  readonly considered: number;
  /** True when the end (backwards: the beginning) was reached. */
  readonly complete: boolean;
}

/**
 * Streams with the semantics of EventStoreDB 24.6: soft delete, tombstones, stream metadata, idempotent appends.
 * Reads are synchronous, bounded, and see only what is committed.
 */
export interface RecordLog {
  /** Identity of the log, the same for ever. */
  readonly id: string;
  /**
   * Durable once it resolves.
   * @throws StoreUnavailable when the file could not be written.
   * @throws InvalidAppend for what can never be stored: too many bytes, no name, no type, no id.
   */
  append(streamName: string, events: readonly ProposedRecord[], expected: ExpectedRevision): Promise<WriteOutcome>;
  /** Soft delete: what is there can no longer be read; a later append goes on numbering. */
  delete(streamName: string, expected: ExpectedRevision): Promise<WriteOutcome>;
  /** Ends the stream for good. */
  tombstone(streamName: string, expected: ExpectedRevision): Promise<WriteOutcome>;
  /**
   * Visible records of a stream, at most `limit` and at most a page's worth. `from` is inclusive; forwards from
   * beyond the end, or from `end`, is empty; backwards from beyond the end begins at the end.
   */
  readStream(streamName: string, direction: Direction, from: bigint | "start" | "end", limit: number): StreamPage;
  /**
   * Records of the whole log, system streams and links included, deleted streams too. Forwards: positions > `from`
   * (pass position - 1 for an inclusive read). Backwards: positions < `from`.
   */
  readAll(direction: Direction, from: number, limit: number, filter?: RecordFilter): LogPage;
  /**
   * The record that a link points to: `undefined` when it is deleted, truncated or not there; the link itself when
   * its data cannot be parsed, or it is no link.
   */
  resolve(link: LogRecord): LogRecord | undefined;
  /** Position of the last record; 0 while there is none. */
  head(): number;
  /** Calls `listener` after each commit of this process, until the returned function is called. */
  onCommit(listener: () => void): () => void;
  close(): Promise<void>;
}
