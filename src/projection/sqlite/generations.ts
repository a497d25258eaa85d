/** Generations in SQLite: their records, which one serves, and the tables that are dropped with them. */

import type { Statement } from "better-sqlite3";
import { InvalidModel, StoreClosed, StoreUnavailable } from "../../errors.js";
import type { Checkpoint } from "../../subscription/checkpoint-store.js";
import type { Generation, ReadModelDeclaration } from "../read-model-store.js";
import { checkpointColumns, checkpointOf, type CheckpointRecord, type CheckpointValues } from "./checkpoints.js";
import type { Database } from "./database.js";
import { createRowTable, dropRowTable, isIndexableField } from "./row-table.js";

export interface StoredGeneration extends Generation {
  readonly indexes: readonly string[];
}

interface GenerationRecord extends CheckpointRecord {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly definition: string;
  readonly state: "active" | "building";
  readonly indexes: string;
}

/** Every method but `prune` runs inside a transaction of the caller. */
export class Generations {
  private readonly findActive: Statement<[string], GenerationRecord>;
  private readonly findById: Statement<[number], GenerationRecord>;
  private readonly activeNames: Statement<[], string>;
  private readonly insert: Statement<[string, number, string, string, string]>;
  private readonly saveCheckpoint: Statement<[...CheckpointValues, number]>;
  private readonly rename: Statement<[number, string, number]>;
  private readonly setActive: Statement<[number]>;
  private readonly retireOne: Statement<[number]>;
  private readonly retireBuilding: Statement<[string]>;
  private readonly findRetired: Statement<[], number>;
  private readonly deleteRetired: Statement<[number]>;

  constructor(private readonly database: Database) {
    const { connection } = database;
    const columns = `id, name, version, definition, state, indexes, ${checkpointColumns}`;
    this.findActive = connection.prepare(`SELECT ${columns} FROM generation WHERE name = ? AND state = 'active'`);
    this.findById = connection.prepare(`SELECT ${columns} FROM generation WHERE id = ? AND state <> 'retired'`);
    this.activeNames = connection
      .prepare<[], string>("SELECT name FROM generation WHERE state = 'active' ORDER BY name")
      .pluck();
    this.insert = connection.prepare(
      "INSERT INTO generation (name, version, definition, indexes, state) VALUES (?, ?, ?, ?, ?)",
    );
    this.saveCheckpoint = connection.prepare(
      `UPDATE generation SET store_id = ?, position = ?, handled = ?, recorded_at_ms = ?, checkpoint_state = ?
       WHERE id = ? AND state <> 'retired'`,
    );
    this.rename = connection.prepare(
      "UPDATE generation SET version = ?, definition = ? WHERE id = ? AND state <> 'retired'",
    );
    this.setActive = connection.prepare("UPDATE generation SET state = 'active' WHERE id = ?");
    this.retireOne = connection.prepare("UPDATE generation SET state = 'retired' WHERE id = ?");
    this.retireBuilding = connection.prepare(
      "UPDATE generation SET state = 'retired' WHERE name = ? AND state = 'building'",
    );
    this.findRetired = connection.prepare<[], number>("SELECT id FROM generation WHERE state = 'retired'").pluck();
    this.deleteRetired = connection.prepare("DELETE FROM generation WHERE id = ? AND state = 'retired'");
  }

  active(name: string): StoredGeneration | undefined {
    const record = this.findActive.get(name);
    return record && generationOf(record);
  }

  /** The generation as it is now; `undefined` when it was retired or dropped. */
  byId(id: number): StoredGeneration | undefined {
    const record = this.findById.get(id);
    return record && generationOf(record);
  }

  namesOfActive(): string[] {
    return this.activeNames.all();
  }

  create({ name, version, definition, indexes }: ReadModelDeclaration, state: Generation["state"]): StoredGeneration {
    const fields = [...new Set(indexes)];
    if (state === "building") this.retireBuilding.run(name);
    const { lastInsertRowid } = this.insert.run(name, version, definition, JSON.stringify(fields), state);
    const id = Number(lastInsertRowid);
    createRowTable(this.database.connection, id);
    return { id, name, version, definition, state, indexes: fields, checkpoint: undefined };
  }

  /** False when the generation was retired or dropped. */
  advance(id: number, checkpoint: CheckpointValues): boolean {
    return this.saveCheckpoint.run(...checkpoint, id).changes > 0;
  }

  /** False when the generation was retired or dropped. */
  redeclare(id: number, { version, definition }: ReadModelDeclaration): boolean {
    return this.rename.run(version, definition, id).changes > 0;
  }

  /** Makes `next` the one that serves. */
  replace(active: Generation | undefined, next: Generation): void {
    if (active) this.retireOne.run(active.id);
    this.setActive.run(next.id);
  }

  retire(id: number): void {
    this.retireOne.run(id);
  }

  /** Drops what was retired, here or by a process that was killed before it came to this. Each in its own transaction. */
  async prune(): Promise<void> {
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

/** Whether a generation at `building`, for which the log was read up to `readThrough`, may take the place of one at `active`. */
export function hasReached(
  building: Checkpoint | undefined,
  active: Checkpoint | undefined,
  readThrough: bigint | undefined,
): boolean {
  const position = active?.position;
  if (position === undefined || (readThrough !== undefined && readThrough >= position)) return true;
  if (building === undefined) return false;
  // Positions of two logs cannot be compared; the generation that was made anew is of the log in use.
  return building.storeId !== active?.storeId || (building.position ?? -1n) >= position;
}

/** @throws InvalidModel */
export function checkDeclaration({ name, indexes }: ReadModelDeclaration): void {
  const problems = indexes
    .filter((field) => !isIndexableField(field))
    .map(
      (field) =>
        `${name} declares an index on ${JSON.stringify(field)}. Use a top-level field of letters, digits, "_", "$" and "-", 100 at most.`,
    );
  if (problems.length > 0) throw new InvalidModel(problems);
}

function generationOf(record: GenerationRecord): StoredGeneration {
  const { id, name, version, definition, state, indexes } = record;
  const checkpoint = checkpointOf(record);
  return { id, name, version, definition, state, checkpoint, indexes: JSON.parse(indexes) as string[] };
}
