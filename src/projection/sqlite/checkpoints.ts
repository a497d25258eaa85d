/** Checkpoints in SQLite: how they become columns, and those of subscriptions that have no rows of their own. */

import type { Statement } from "better-sqlite3";
import type { Checkpoint, Lease, ParkedEvent } from "../../subscription/checkpoint-store.js";
import { valuesOf, type CheckpointValues } from "../checkpoint-values.js";
import type { Database } from "./database.js";
import type { Leases } from "./leases.js";

/** Columns of a checkpoint. The position is read as text, because a number loses digits from 2^53 on. */
export const checkpointColumns = `store_id AS "storeId", CAST(position AS TEXT) AS position, handled,
  recorded_at_ms AS "recordedAtMs", checkpoint_state AS "checkpointState"`;

export interface CheckpointRecord {
  readonly storeId: string | null;
  readonly position: string | null;
  readonly handled: number | null;
  readonly recordedAtMs: number | null;
  readonly checkpointState: string | null;
}

export function checkpointOf(record: CheckpointRecord): Checkpoint | undefined {
  if (record.storeId === null) return undefined;
  return {
    storeId: record.storeId,
    position: record.position === null ? undefined : BigInt(record.position),
    handled: record.handled ?? 0,
    recordedAtMs: record.recordedAtMs ?? undefined,
    ...(record.checkpointState === null ? {} : { state: JSON.parse(record.checkpointState) as unknown }),
  };
}

interface ParkedRecord extends Omit<ParkedEvent, "position" | "revision"> {
  readonly position: string;
  readonly revision: string;
}

/** A parked event as columns, that of who parked it first. */
export const parkedValues = ({ name }: Lease, event: ParkedEvent) =>
  [
    name,
    event.position,
    event.subscription,
    event.streamName,
    event.revision,
    event.eventId,
    event.eventType,
    event.attempts,
    event.error,
    event.parkedAtMs,
  ] as const;

export class Checkpoints {
  private readonly find: Statement<[string], CheckpointRecord>;
  private readonly saveOne: Statement<[string, ...CheckpointValues]>;
  private readonly parkOne: Statement<unknown[]>;
  private readonly findParked: Statement<[string], ParkedRecord>;

  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
  ) {
    const { connection } = database;
    this.find = connection.prepare(`SELECT ${checkpointColumns} FROM checkpoint WHERE subscription = ?`);
    this.saveOne = connection.prepare(
      `REPLACE INTO checkpoint (subscription, store_id, position, handled, recorded_at_ms, checkpoint_state)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.parkOne = connection.prepare(
      `REPLACE INTO parked_event (subscription, position, reactor, stream_name, revision, event_id, event_type,
         attempts, error, parked_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.findParked = connection.prepare(
      `SELECT subscription, CAST(position AS TEXT) AS position, stream_name AS "streamName",
         CAST(revision AS TEXT) AS revision, event_id AS "eventId", event_type AS "eventType", attempts, error,
         parked_at_ms AS "parkedAtMs"
       FROM parked_event WHERE subscription = ? ORDER BY parked_event.position`,
    );
  }

  load(subscription: string): Promise<Checkpoint | undefined> {
    return this.database.retrying(() => {
      const record = this.find.get(subscription);
      return record && checkpointOf(record);
    });
  }

  async save(lease: Lease, checkpoint: Checkpoint, parked: readonly ParkedEvent[]): Promise<void> {
    const values = valuesOf(checkpoint);
    await this.database.write(() => {
      this.leases.check(lease);
      this.saveOne.run(lease.name, ...values);
      this.park(lease, parked);
    });
  }

  /** Inside a transaction. */
  park(lease: Lease, parked: readonly ParkedEvent[]): void {
    for (const event of parked) this.parkOne.run(...parkedValues(lease, event));
  }

  parked(subscription: string): Promise<readonly ParkedEvent[]> {
    return this.database.retrying(() =>
      this.findParked
        .all(subscription)
        .map((event) => ({ ...event, position: BigInt(event.position), revision: BigInt(event.revision) })),
    );
  }
}
