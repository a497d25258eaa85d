/** Where read models live: a port. A read model's rows, checkpoint and fence change in one transaction. */

import type { Checkpoint, CheckpointStore, Lease } from "../subscription/checkpoint-store.js";

/** An entry of a read model: a JSON object. */
export type Row = object;

/** What a read model is called and how it is stored. */
export interface ReadModelDeclaration {
  readonly name: string;
  /** Raise it when the fold changes. */
  readonly version: number;
  /** Digest of everything declared that changes rows; a change without a new version is noticed by it. */
  readonly definition: string;
  /** Top-level fields of a row that queries may filter on. */
  readonly indexes: readonly string[];
}

/** One complete copy of a read model, made from the beginning of the log. */
export interface Generation {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly definition: string;
  /** `active`: serves queries. `building`: seen by nobody yet. */
  readonly state: "active" | "building";
  readonly checkpoint: Checkpoint | undefined;
}

/** What one transaction changes. */
export interface Commit {
  /** Rows by key; `undefined` removes one. */
  readonly rows: Iterable<readonly [key: string, row: Row | undefined]>;
  readonly checkpoint: Checkpoint;
}

export interface RowQuery {
  /** Fields that must equal; each must be among the declaration's indexes. */
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  /** Only rows whose key begins with it. */
  readonly prefix?: string;
  /** Most rows to return, from 1. */
  readonly limit: number;
  /** Where the page before ended. */
  readonly cursor?: string | undefined;
}

export interface RowPage {
  readonly rows: readonly { readonly key: string; readonly row: Row }[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface ReadModelStore extends CheckpointStore {
  /** The generation that serves, if there is one. */
  activeGeneration(name: string): Promise<Generation | undefined>;

  /**
   * The generation that serves, created when there is none.
   * @throws Fenced when the lease was lost.
   */
  openActive(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation>;

  /**
   * The generation that serves, from now on as this declaration calls it: its rows are good for that too.
   * @throws Fenced when the lease was lost, or the generation is no longer there.
   */
  redeclare(generation: Generation, lease: Lease, declaration: ReadModelDeclaration): Promise<Generation>;

  /**
   * A new, empty generation that nobody sees; an unfinished one of the same name is dropped.
   * @throws Fenced when the lease was lost.
   */
  createBuilding(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation>;

  /**
   * Makes the indexes of a generation that has caught up with the log: while history is written into it, they would cost
   * more than all the rest. What asks for one earlier makes it.
   * @throws Fenced when the lease was lost, or the generation is no longer there.
   */
  buildIndexes(generation: Generation, lease: Lease): Promise<void>;

  /** Rows by key; keys without a row are absent. */
  rows(generation: Generation, keys: readonly string[]): Promise<Map<string, Row>>;

  /** Rows whose indexed `field` is a number, sorted by it, then by key; `after` leaves out those up to there. */
  rowsInOrder(
    generation: Generation,
    field: string,
    options: { readonly after?: { readonly value: number; readonly key: string } | undefined; readonly limit: number },
  ): Promise<readonly { readonly key: string; readonly row: Row }[]>;

  /** Every row, sorted by key. */
  allRows(generation: Generation): AsyncIterable<readonly { readonly key: string; readonly row: Row }[]>;

  /**
   * Writes rows and checkpoint in one transaction.
   * @throws Fenced when the lease was lost; nothing was written.
   */
  commit(generation: Generation, lease: Lease, commit: Commit): Promise<void>;

  /**
   * Makes a finished generation the active one, if its checkpoint has reached the active one's: generation, checkpoint
   * and fence change in one transaction, so a worker on the old generation is fenced from then on. The old generation
   * is dropped afterwards.
   * @param workerLease name of the lease that live workers of the read model hold
   * @param readThrough the log was read up to here, though nothing between the checkpoint and here was for the read model
   * @returns false when the active generation is ahead; nothing changed, catch up and try again.
   * @throws Fenced when the lease was lost.
   */
  activate(generation: Generation, lease: Lease, workerLease: string, readThrough?: bigint): Promise<boolean>;

  /** Drops a generation that is not active. @throws Fenced when the lease was lost. */
  drop(generation: Generation, lease: Lease): Promise<void>;

  /** One row of the active generation. */
  findRow(name: string, key: string): Promise<Row | undefined>;

  /**
   * Rows of the active generation sorted by key, a page at a time.
   * @throws InvalidQuery when a field is not indexed, or the cursor is malformed or of an earlier generation.
   */
  findRows(name: string, query: RowQuery): Promise<RowPage>;

  /**
   * How many rows of the active generation have which text in an indexed field, those whose key begins with `prefix` alone.
   * @throws InvalidQuery when the field is not indexed.
   */
  countRows(name: string, field: string, prefix?: string): Promise<ReadonlyMap<string, number>>;

  close(): Promise<void>;
}
