/** Generations in PostgreSQL: their records, which one serves, and the tables that are dropped with them. */

import { StoreClosed, StoreUnavailable } from "../../errors.js";
import type { Generation, ReadModelDeclaration } from "../read-model-store.js";
import type { CheckpointValues } from "../checkpoint-values.js";
import { checkpointColumns, checkpointOf, type CheckpointRecord } from "./checkpoints.js";
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
  readonly place: string;
  readonly definition: string;
  readonly state: Generation["state"];
  readonly is_complete: "t" | "f";
  readonly created_at_ms: string;
  readonly indexes: string;
  readonly code: string | null;
}

/** What must hold of a generation, in SQL. */
export const isPresent = "generation.state <> 'retired'";
export const isServing = "generation.state = 'active'";

type Reader = Pick<Transaction, "query">;

const ownColumns = "id, name, version, place, definition, state, is_complete, created_at_ms, indexes, code";
const columns = `${ownColumns}, ${checkpointColumns.join(", ")}`;

export class Generations {
  private readonly table: string;

  constructor(private readonly database: Database) {
    this.table = `${database.schema}.generation`;
  }

  all(): Promise<StoredGeneration[]> {
    return this.find(this.database, `${isPresent} ORDER BY id`, []);
  }

  async active(place: string, reader: Reader = this.database): Promise<StoredGeneration | undefined> {
    return (await this.find(reader, `place = $1 AND ${isServing}`, [place]))[0];
  }

  /** The generation as it is now; `undefined` when it was retired or dropped. */
  async byId(id: number, reader: Reader = this.database): Promise<StoredGeneration | undefined> {
    return (await this.find(reader, `id = $1 AND ${isPresent}`, [id]))[0];
  }

  /** One in the making that the declaration's code may go on with. */
  async unfinished(
    transaction: Transaction,
    { place, definition, code }: ReadModelDeclaration,
  ): Promise<StoredGeneration | undefined> {
    if (code === undefined) return undefined;
    const condition = "place = $1 AND state = 'building' AND definition = $2 AND code = $3";
    return (await this.find(transaction, condition, [place, definition, code]))[0];
  }

  async placesOfActive(): Promise<string[]> {
    const found = await this.database.query<{ place: string }>(
      `SELECT place FROM ${this.table} WHERE ${isServing} ORDER BY place COLLATE "C"`,
    );
    return found.map(({ place }) => place);
  }

  async create(
    transaction: Transaction,
    { name, version, place, definition, code, indexes }: ReadModelDeclaration,
    state: "active" | "building",
  ): Promise<StoredGeneration> {
    if (state === "building") await this.retireAll(transaction, place, "building");
    const now = this.database.now(8);
    const fields = JSON.stringify([...new Set(indexes)]);
    const [record] = await transaction.query<GenerationRecord>(
      `INSERT INTO ${this.table} (name, version, place, definition, indexes, state, code, created_at_ms)
       VALUES ($1, $2, $3, $4, $5, $6, $7, ${now.text}) RETURNING ${columns}`,
      [name, version, place, definition, fields, state, code, ...now.values],
    );
    const created = generationOf(record!);
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

  /** The generation as it is from now on. */
  redeclare(
    transaction: Transaction,
    { id, indexes: made }: StoredGeneration,
    { version, definition, indexes }: ReadModelDeclaration,
  ): Promise<StoredGeneration | undefined> {
    // A field is called by its place in the list: those that are there keep theirs.
    const fields = JSON.stringify([...new Set([...made, ...indexes])]);
    return this.change(transaction, "version = $2, definition = $3, indexes = $4", [id, version, definition, fields]);
  }

  async complete(transaction: Transaction, id: number): Promise<void> {
    await this.change(transaction, "is_complete = true", [id]);
  }

  /** Nobody else changes a generation of the place before the transaction has ended. */
  async lock(transaction: Transaction, place: string): Promise<void> {
    await transaction.query(`SELECT 1 FROM ${this.table} WHERE place = $1 ORDER BY id FOR UPDATE`, [place]);
  }

  /** Makes `next` the one that serves in its place. */
  async replace(
    transaction: Transaction,
    active: Generation | undefined,
    next: Generation,
    retains: boolean,
  ): Promise<void> {
    if (next.state !== "retained") await this.retireAll(transaction, next.place, "retained");
    // One after the other: at no moment are there two of a state in the place.
    if (active) await this.setState(transaction, active.id, "retired");
    await this.setState(transaction, next.id, "active");
    await this.complete(transaction, next.id);
    if (active && retains) await this.setState(transaction, active.id, "retained");
  }

  retire(transaction: Transaction, id: number): Promise<void> {
    return this.setState(transaction, id, "retired");
  }

  /** Drops what was retired, here or by a process that was killed before it came to this. Each in its own transaction. */
  async dropRetired(): Promise<void> {
    try {
      const retired = await this.database.query<{ id: string }>(
        `SELECT id FROM ${this.table} WHERE NOT (${isPresent})`,
      );
      for (const { id } of retired) await this.database.write((transaction) => this.dropOne(transaction, Number(id)));
    } catch (error) {
      // What retired them has succeeded and must not seem to have failed; the next one to come here drops the rest.
      if (!(error instanceof StoreUnavailable || error instanceof StoreClosed || error instanceof InUse)) throw error;
    }
  }

  private async dropOne(transaction: Transaction, id: number): Promise<void> {
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

  private async find(reader: Reader, condition: string, values: unknown[]): Promise<StoredGeneration[]> {
    const records = await reader.query<GenerationRecord>(
      `SELECT ${columns} FROM ${this.table} WHERE ${condition}`,
      values,
    );
    return records.map(generationOf);
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

  private async setState(transaction: Transaction, id: number, state: string): Promise<void> {
    await transaction.query(`UPDATE ${this.table} SET state = $2 WHERE id = $1`, [id, state]);
  }

  private async retireAll(transaction: Transaction, place: string, state: Generation["state"]): Promise<void> {
    await transaction.query(`UPDATE ${this.table} SET state = 'retired' WHERE place = $1 AND state = $2`, [
      place,
      state,
    ]);
  }
}

/** Not worth another attempt now. */
class InUse extends Error {}

function generationOf(record: GenerationRecord): StoredGeneration {
  const { id, name, version, place, definition, state, is_complete, created_at_ms, indexes, code } = record;
  return {
    id: Number(id),
    name,
    version: Number(version),
    place,
    definition,
    ...(code !== null && { code }),
    state,
    isComplete: is_complete === "t",
    createdAtMs: Number(created_at_ms),
    checkpoint: checkpointOf(record),
    indexes: JSON.parse(indexes) as string[],
  };
}
