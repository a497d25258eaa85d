/** Checkpoints in PostgreSQL: how they become columns, and those of subscriptions that have no rows of their own. */

import type { Checkpoint, Lease, ParkedEvent } from "../../subscription/checkpoint-store.js";
import { valuesOf } from "../checkpoint-values.js";
import type { Columns, Database, Transaction } from "./database.js";
import type { Leases } from "./leases.js";
import { originalText, storedText } from "./stored-text.js";

export const checkpointColumns = ["store_id", "position", "handled", "recorded_at_ms", "checkpoint_state"] as const;

export interface CheckpointRecord extends Columns {
  readonly store_id: string | null;
  readonly position: string | null;
  readonly handled: string | null;
  readonly recorded_at_ms: string | null;
  readonly checkpoint_state: string | null;
}

export function checkpointOf(record: CheckpointRecord): Checkpoint | undefined {
  const { store_id, position, handled, recorded_at_ms, checkpoint_state } = record;
  if (store_id === null) return undefined;
  return {
    storeId: store_id,
    position: position === null ? undefined : BigInt(position),
    handled: Number(handled ?? 0),
    recordedAtMs: recorded_at_ms === null ? undefined : Number(recorded_at_ms),
    ...(checkpoint_state === null ? {} : { state: JSON.parse(checkpoint_state) as unknown }),
  };
}

export interface ParkedRecord extends Columns {
  readonly reactor: string;
  readonly position: string;
  readonly stream_name: string;
  readonly revision: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly attempts: string;
  readonly error: string;
  readonly parked_at_ms: string;
}

export const parkedColumns = [
  "subscription",
  "position",
  "reactor",
  "stream_name",
  "revision",
  "event_id",
  "event_type",
  "attempts",
  "error",
  "parked_at_ms",
] as const;

export class Checkpoints {
  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
  ) {}

  async load(subscription: string): Promise<Checkpoint | undefined> {
    const [record] = await this.database.query<CheckpointRecord>(
      `SELECT ${checkpointColumns.join(", ")} FROM ${this.database.schema}.checkpoint WHERE subscription = $1`,
      [subscription],
    );
    return record && checkpointOf(record);
  }

  async save(lease: Lease, checkpoint: Checkpoint, parked: readonly ParkedEvent[]): Promise<void> {
    const { schema } = this.database;
    const saveOne = replacing(`${schema}.checkpoint`, ["subscription"], checkpointColumns);
    const values = valuesOf(checkpoint);
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await transaction.query(saveOne, [lease.name, ...values]);
      await this.park(transaction, lease, parked);
    });
  }

  async park(transaction: Transaction, lease: Lease, parked: readonly ParkedEvent[]): Promise<void> {
    const [key, place, ...rest] = parkedColumns;
    const parkOne = replacing(`${this.database.schema}.parked_event`, [key, place], rest);
    for (const event of parked) await transaction.query(parkOne, parkedValues(lease.name, event));
  }

  async parked(subscription: string): Promise<readonly ParkedEvent[]> {
    const found = await this.database.query<ParkedRecord>(
      `SELECT ${parkedColumns.join(", ")} FROM ${this.database.schema}.parked_event WHERE subscription = $1 ORDER BY position`,
      [subscription],
    );
    return found.map(parkedOf);
  }
}

export function parkedValues(subscription: string, event: ParkedEvent): unknown[] {
  return [
    subscription,
    event.position,
    event.subscription,
    storedText(event.streamName),
    event.revision,
    event.eventId,
    storedText(event.eventType),
    event.attempts,
    storedText(event.error),
    event.parkedAtMs,
  ];
}

export const parkedOf = (record: ParkedRecord): ParkedEvent => ({
  subscription: record.reactor,
  position: BigInt(record.position),
  streamName: originalText(record.stream_name),
  revision: BigInt(record.revision),
  eventId: record.event_id,
  eventType: originalText(record.event_type),
  attempts: Number(record.attempts),
  error: originalText(record.error),
  parkedAtMs: Number(record.parked_at_ms),
});

/** The statement that writes one record, in the place of one with the same key. */
export function replacing(table: string, key: readonly string[], columns: readonly string[]): string {
  const all = [...key, ...columns];
  const values = all.map((_, i) => `$${i + 1}`).join(", ");
  const changes = columns.map((column) => `${column} = excluded.${column}`).join(", ");
  return `INSERT INTO ${table} (${all.join(", ")}) VALUES (${values}) ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${changes}`;
}
