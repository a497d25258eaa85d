/** Generations in SQLite: their records, which one serves, and the tables that are dropped with them. */

import type { Statement } from "better-sqlite3";
import type { Clock } from "../../clock.js";
import { StoreClosed, StoreUnavailable } from "../../errors.js";
import type { Generation, ReadModelDeclaration } from "../read-model-store.js";
import type { CheckpointValues } from "../checkpoint-values.js";
import { checkpointColumns, checkpointOf, type CheckpointRecord } from "./checkpoints.js";
import type { Database } from "./database.js";
import { createRowTable, dropRowTable } from "./row-table.js";

export interface StoredGeneration extends Generation {
  readonly indexes: readonly string[];
}

interface GenerationRecord extends CheckpointRecord {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly place: string;
  readonly definition: string;
  readonly state: Generation["state"];
  readonly isComplete: 0 | 1;
  readonly createdAtMs: number;
  readonly indexes: string;
  readonly code: string | null;
}

/** Every method but `dropRetired` runs inside a transaction of the caller. */
export class Generations {
  private readonly findAll: Statement<[], GenerationRecord>;
  private readonly findActive: Statement<[string], GenerationRecord>;
  private readonly findById: Statement<[number], GenerationRecord>;
  private readonly findUnfinished: Statement<[string, string, string], GenerationRecord>;
  private readonly activePlaces: Statement<[], string>;
  private readonly insert: Statement<[string, number, string, string, string, string, string | null, number, number]>;
  private readonly saveCheckpoint: Statement<[...CheckpointValues, number]>;
  private readonly rename: Statement<[number, string, string, number]>;
  private readonly setState: Statement<[string, number]>;
  private readonly setComplete: Statement<[number]>;
  private readonly retireAll: Statement<[string, string]>;
  private readonly findRetired: Statement<[], number>;
  private readonly deleteRetired: Statement<[number]>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    const { connection } = database;
    const columns = `id, name, version, place, definition, state, is_complete AS "isComplete",
      created_at_ms AS "createdAtMs", indexes, code, ${checkpointColumns}`;
    const select = `SELECT ${columns} FROM generation`;
    this.findAll = connection.prepare(`${select} WHERE state <> 'retired' ORDER BY id`);
    this.findActive = connection.prepare(`${select} WHERE place = ? AND state = 'active'`);
    this.findById = connection.prepare(`${select} WHERE id = ? AND state <> 'retired'`);
    this.findUnfinished = connection.prepare(
      `${select} WHERE place = ? AND state = 'building' AND definition = ? AND code = ?`,
    );
    this.activePlaces = connection
      .prepare<[], string>("SELECT place FROM generation WHERE state = 'active' ORDER BY place")
      .pluck();
    this.insert = connection.prepare(
      `INSERT INTO generation (name, version, place, definition, indexes, state, code, is_complete, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.saveCheckpoint = connection.prepare(
      `UPDATE generation SET store_id = ?, position = ?, handled = ?, recorded_at_ms = ?, checkpoint_state = ?
       WHERE id = ? AND state <> 'retired'`,
    );
    this.rename = connection.prepare(
      "UPDATE generation SET version = ?, definition = ?, indexes = ? WHERE id = ? AND state <> 'retired'",
    );
    this.setState = connection.prepare("UPDATE generation SET state = ? WHERE id = ?");
    this.setComplete = connection.prepare("UPDATE generation SET is_complete = 1 WHERE id = ? AND is_complete = 0");
    this.retireAll = connection.prepare("UPDATE generation SET state = 'retired' WHERE place = ? AND state = ?");
    this.findRetired = connection.prepare<[], number>("SELECT id FROM generation WHERE state = 'retired'").pluck();
    this.deleteRetired = connection.prepare("DELETE FROM generation WHERE id = ? AND state = 'retired'");
  }

  all(): StoredGeneration[] {
    return this.findAll.all().map(generationOf);
  }

  active(place: string): StoredGeneration | undefined {
    const record = this.findActive.get(place);
    return record && generationOf(record);
  }

  /** The generation as it is now; `undefined` when it was retired or dropped. */
  byId(id: number): StoredGeneration | undefined {
    const record = this.findById.get(id);
    return record && generationOf(record);
  }

  /** One in the making that the declaration's code may go on with. */
  unfinished({ place, definition, code }: ReadModelDeclaration): StoredGeneration | undefined {
    const record = code === undefined ? undefined : this.findUnfinished.get(place, definition, code);
    return record && generationOf(record);
  }

  placesOfActive(): string[] {
    return this.activePlaces.all();
  }

  create(declaration: ReadModelDeclaration, state: "active" | "building"): StoredGeneration {
    const { name, version, place, definition, code } = declaration;
    const indexes = [...new Set(declaration.indexes)];
    if (state === "building") this.retireAll.run(place, "building");
    const createdAtMs = this.clock.now();
    const { lastInsertRowid } = this.insert.run(
      name,
      version,
      place,
      definition,
      JSON.stringify(indexes),
      state,
      code ?? null,
      0,
      createdAtMs,
    );
    const id = Number(lastInsertRowid);
    createRowTable(this.database.connection, id);
    const own = { id, name, version, place, definition, state, indexes, createdAtMs };
    return { ...own, ...(code !== undefined && { code }), isComplete: false, checkpoint: undefined };
  }

  /** False when the generation was retired or dropped. */
  advance(id: number, checkpoint: CheckpointValues): boolean {
    return this.saveCheckpoint.run(...checkpoint, id).changes > 0;
  }

  redeclare({ id, indexes: made }: StoredGeneration, { version, definition, indexes }: ReadModelDeclaration): void {
    // An index is called by its place in the list: those that are there keep theirs.
    const all = [...new Set([...made, ...indexes])];
    this.rename.run(version, definition, JSON.stringify(all), id);
  }

  complete(id: number): void {
    this.setComplete.run(id);
  }

  /** Makes `next` the one that serves in its place. */
  replace(active: Generation | undefined, next: Generation, retains: boolean): void {
    if (next.state !== "retained") this.retireAll.run(next.place, "retained");
    // One after the other: at no moment are there two of a state in the place.
    if (active) this.setState.run("retired", active.id);
    this.setState.run("active", next.id);
    this.complete(next.id);
    if (active && retains) this.setState.run("retained", active.id);
  }

  retire(id: number): void {
    this.setState.run("retired", id);
  }

  /** Drops what was retired, here or by a process that was killed before it came to this. Each in its own transaction. */
  async dropRetired(): Promise<void> {
    const { connection } = this.database;
    try {
      for (const id of await this.database.retrying(() => this.findRetired.all()))
        await this.database.write(() => {
          if (this.deleteRetired.run(id).changes > 0) dropRowTable(connection, id);
        });
    } catch (error) {
      // What retired them has succeeded and must not seem to have failed; the next one to come here drops the rest.
      if (!(error instanceof StoreUnavailable || error instanceof StoreClosed)) throw error;
    }
  }
}

function generationOf(record: GenerationRecord): StoredGeneration {
  const { id, name, version, place, definition, state, isComplete, createdAtMs, indexes } = record;
  const own = { id, name, version, place, definition, state, createdAtMs, isComplete: isComplete === 1 };
  const code = record.code === null ? {} : { code: record.code };
  return { ...own, ...code, checkpoint: checkpointOf(record), indexes: JSON.parse(indexes) as string[] };
}
