/** Generations in PostgreSQL: their records, which one serves, and the tables that are dropped with them. */

import { StoreClosed, StoreUnavailable } from "../../errors.js";
import type { Generation, ReadModelDeclaration } from "../read-model-store.js";
import { checkpointColumns, checkpointOf, type CheckpointRecord, type CheckpointValues } from "./checkpoints.js";
import type { Database, Transaction } from "./database.js";
import { isLocked } from "./failures.js";
import { dropRowTable, RowTable } from "./row-table.js";

export interface StoredGeneration extends Generation {
  readonly indexes: readonly string[];
}

interface GenerationRecord extends CheckpointRecord {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly definition: string;
  readonly state: "active" | "building";
  readonly indexes: string;
}

/** What must hold of a generation, in SQL. */
export const isPresent = "generation.state <> 'retired'";
export const isServing = "generation.state = 'active'";

type Reader = Pick<Transaction, "query">;

const columns = ["id", "name", "version", "definition", "state", "indexes", ...checkpointColumns].join(", ");

export class Generations {
  private readonly table: string;

  constructor(private readonly database: Database) {
    this.table = `${database.schema}.generation`;
  }

  active(name: string, reader: Reader = this.database): Promise<StoredGeneration | undefined> {
    return this.find(reader, `name = $1 AND ${isServing}`, [name]);
  }

  /** The generation as it is now; `undefined` when it was retired or dropped. */
  byId(id: number, reader: Reader = this.database): Promise<StoredGeneration | undefined> {
    return this.find(reader, `id = $1 AND ${isPresent}`, [id]);
  }

  async namesOfActive(): Promise<string[]> {
    const found = await this.database.query<{ name: string }>(
      `SELECT name FROM ${this.table} WHERE ${isServing} ORDER BY name COLLATE "C"`,
    );
    return found.map(({ name }) => name);
  }

  async create(
    transaction: Transaction,
    { name, version, definition, indexes }: ReadModelDeclaration,
    state: Generation["state"],
  ): Promise<StoredGeneration> {
    const fields = [...new Set(indexes)];
    if (state === "building")
      await transaction.query(`UPDATE ${this.table} SET state = 'retired' WHERE name = $1 AND state = 'building'`, [
        name,
      ]);
    const [inserted] = await transaction.query<{ id: string }>(
      `INSERT INTO ${this.table} (name, version, definition, indexes, state) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
      [name, version, definition, JSON.stringify(fields), state],
    );
    const id = Number(inserted!.id);
    const created = { id, name, version, definition, state, indexes: fields, checkpoint: undefined };
    await new RowTable(this.database, created).create(transaction);
    return created;
  }

  /** The generation as it is from now on; `undefined` when it was retired or dropped. */
  async advance(
    transaction: Transaction,
    id: number,
    checkpoint: CheckpointValues,
  ): Promise<StoredGeneration | undefined> {
    const changes = checkpointColumns.map((column, i) => `${column} = $${i + 2}`).join(", ");
    return this.change(transaction, changes, [id, ...checkpoint]);
  }

  /** The generation as it is from now on; `undefined` when it was retired or dropped. */
  async redeclare(
    transaction: Transaction,
    id: number,
    { version, definition }: ReadModelDeclaration,
  ): Promise<StoredGeneration | undefined> {
    return this.change(transaction, "version = $2, definition = $3", [id, version, definition]);
  }

  /** Nobody else changes the generations of that name before the transaction has ended. */
  async lock(transaction: Transaction, name: string): Promise<void> {
    await transaction.query(`SELECT 1 FROM ${this.table} WHERE name = $1 ORDER BY id FOR UPDATE`, [name]);
  }

  /** Makes `next` the one that serves. */
  async replace(transaction: Transaction, active: Generation | undefined, next: Generation): Promise<void> {
    if (active) await this.retire(transaction, active.id);
    await transaction.query(`UPDATE ${this.table} SET state = 'active' WHERE id = $1`, [next.id]);
  }

  async retire(transaction: Transaction, id: number): Promise<void> {
    await transaction.query(`UPDATE ${this.table} SET state = 'retired' WHERE id = $1`, [id]);
  }

  /** Drops what was retired, here or by a process that was killed before it came to this. Each in its own transaction. */
  async prune(): Promise<void> {
    try {
      const retired = await this.database.query<{ id: string }>(
        `SELECT id FROM ${this.table} WHERE NOT (${isPresent})`,
      );
      for (const { id } of retired)
        await this.database.write((transaction) => this.dropRetired(transaction, Number(id)));
    } catch (error) {
      // What retired them has succeeded and must not seem to have failed; the next one to come here drops the rest.
      if (!(error instanceof StoreUnavailable || error instanceof StoreClosed || error instanceof InUse)) throw error;
    }
  }

  private async dropRetired(transaction: Transaction, id: number): Promise<void> {
    try {
      // Whoever reads the table, a backup for example, may do so for long, and others would have to wait behind us.
      await transaction.change("SET LOCAL lock_timeout = 1000");
      const dropped = await transaction.query(
        `DELETE FROM ${this.table} WHERE id = $1 AND NOT (${isPresent}) RETURNING 1`,
        [id],
      );
      if (dropped.length > 0) await dropRowTable(this.database, transaction, id);
    } catch (error) {
      throw isLocked(error) ? new InUse("somebody reads a table that is to be dropped", { cause: error }) : error;
    }
  }

  private async find(reader: Reader, condition: string, values: unknown[]): Promise<StoredGeneration | undefined> {
    const [record] = await reader.query<GenerationRecord>(
      `SELECT ${columns} FROM ${this.table} WHERE ${condition}`,
      values,
    );
    return record && generationOf(record);
  }

  private async change(
    transaction: Transaction,
    changes: string,
    values: unknown[],
  ): Promise<StoredGeneration | undefined> {
    const [record] = await transaction.query<GenerationRecord>(
      `UPDATE ${this.table} SET ${changes} WHERE id = $1 AND ${isPresent} RETURNING ${columns}`,
      values,
    );
    return record && generationOf(record);
  }
}

/** Not worth another attempt now. */
class InUse extends Error {}

function generationOf(record: GenerationRecord): StoredGeneration {
  const { id, name, version, definition, state, indexes } = record;
  return {
    id: Number(id),
    name,
    version: Number(version),
    definition,
    state,
    checkpoint: checkpointOf(record),
    indexes: JSON.parse(indexes) as string[],
  };
}
