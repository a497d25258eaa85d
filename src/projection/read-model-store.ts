/** Where read models live: a port. A read model's rows, checkpoint and fence change in one transaction. */

import type { Checkpoint, CheckpointStore, Lease } from "../subscription/checkpoint-store.js";
import type { LeaseList } from "../subscription/lease-list.js";
import type { ParkedEventStore } from "../subscription/parked-events.js";
import type { PauseStore } from "../subscription/pauses.js";

/** An entry of a read model: a JSON object. */
export type Row = object;

/** What a read model is called and how it is stored. */
export interface ReadModelDeclaration {
  readonly name: string;
  /** Raise it when the fold changes. */
  readonly version: number;
  /**
   * Where its rows serve; one generation serves in a place. A projection has one for each version, so that processes of
   * two versions serve side by side; an observer has one for all of them.
   */
  readonly place: string;
  /** Everything declared that changes rows, as text; a change without a new version is noticed by it. */
  readonly definition: string;
  /** Digest of the code that folds. Only a rebuild by the same code is resumed, and one without this never. */
  readonly code?: string;
  /** Top-level fields of a row that queries may filter on. */
  readonly indexes: readonly string[];
}

/** One complete copy of a read model, made from the beginning of the log. */
export interface Generation {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly place: string;
  readonly definition: string;
  /** Digest of the code that folded; absent where it was not told. */
  readonly code?: string;
  /** Top-level fields of a row that queries may filter on. */
  readonly indexes: readonly string[];
  /** `active`: serves in its place. `building`: seen by nobody yet. `retained`: served before, kept for a rollback. */
  readonly state: "active" | "building" | "retained";
  /** It has caught up with the log once; until then it lacks what is still to be read of history. */
  readonly isComplete: boolean;
  /** In milliseconds since the UNIX epoch. */
  readonly createdAtMs: number;
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
  /** Id of the generation that they are all of. */
  readonly generation: number;
  readonly rows: readonly { readonly key: string; readonly row: Row }[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface Activation {
  /** Name of the lease that live workers in this place hold: they are fenced from then on. */
  readonly workerLease: string;
  /** The log was read up to here, though nothing between the checkpoint and here was for the read model. */
  readonly readThrough?: bigint | undefined;
  /** Keeps the generation that served until now for a rollback, instead of what was kept before; else both are dropped. */
  readonly retains?: boolean;
}

export interface ReadModelStore extends CheckpointStore, LeaseList, PauseStore, ParkedEventStore {
  /** Every generation, the oldest first, but for those that are being dropped. */
  generations(): Promise<readonly Generation[]>;

  /** The generation that serves in a place, if there is one. */
  activeGeneration(place: string): Promise<Generation | undefined>;

  /**
   * The generation that serves in the declaration's place, created when there is none.
   * @throws Fenced when the lease was lost.
   */
  openActive(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation>;

  /**
   * The generation that serves, from now on as this declaration calls it: its rows are good for that too. Indexes that it
   * adds are made when the generation is completed, or somebody asks for one.
   * @throws Fenced when the lease was lost, or the generation is no longer there.
   */
  redeclare(generation: Generation, lease: Lease, declaration: ReadModelDeclaration): Promise<Generation>;

  /**
   * A generation that nobody sees: a new, empty one, or, with `resumes`, the one of the same place, definition and code
   * that was left unfinished. Any other unfinished one of the place is dropped.
   * @throws Fenced when the lease was lost.
   */
  createBuilding(
    declaration: ReadModelDeclaration,
    lease: Lease,
    options?: { readonly resumes?: boolean },
  ): Promise<Generation>;

  /**
   * The generation has caught up with the log. Its indexes are made now: while history is written into it, they would cost
   * more than all the rest. What asks for one earlier makes it.
   * @throws Fenced when the lease was lost, or the generation is no longer there.
   */
  complete(generation: Generation, lease: Lease): Promise<void>;

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
   * Makes a finished or retained generation the active one of its place, if its checkpoint has reached the active one's:
   * generation, checkpoint and fence change in one transaction, so a worker on the old generation is fenced from then on.
   * @returns false when the active generation is ahead; nothing changed, catch up and try again.
   * @throws Fenced when the lease was lost.
   */
  activate(generation: Generation, lease: Lease, activation: Activation): Promise<boolean>;

  /**
   * Drops a generation, unless it serves.
   * @param options.serving drops one that serves too: its place is empty then
   * @throws Fenced when the lease was lost.
   */
  drop(generation: Generation, lease: Lease, options?: { readonly serving?: boolean }): Promise<void>;

  /** One row of the active generation of a place. @throws UnknownReadModel */
  findRow(place: string, key: string): Promise<Row | undefined>;

  /**
   * Rows of the active generation of a place sorted by key, a page at a time.
   * @throws UnknownReadModel
   * @throws InvalidQuery when a field is not indexed, or the cursor is malformed or of an earlier generation.
   */
  findRows(place: string, query: RowQuery): Promise<RowPage>;

  /**
   * How many rows of the active generation of a place have which text in an indexed field, those whose key begins with
   * `prefix` alone.
   * @throws UnknownReadModel
   * @throws InvalidQuery when the field is not indexed.
   */
  countRows(place: string, field: string, prefix?: string): Promise<ReadonlyMap<string, number>>;

  close(): Promise<void>;
}
