/** Requests about parked events, and what became of those that are parked no more, in PostgreSQL. */

import type { Lease, ParkedEvent } from "../../subscription/checkpoint-store.js";
import {
  answerOf,
  answerText,
  keptRequestMs,
  positionsOf,
  positionsText,
  type ParkedAnswer,
  type ParkedRequest,
  type ParkedRequestState,
  type ReleasedEvent,
} from "../../subscription/parked-events.js";
import {
  parkedColumns,
  parkedOf,
  parkedValues,
  replacing,
  type Checkpoints,
  type ParkedRecord,
} from "./checkpoints.js";
import type { Columns, Database } from "./database.js";
import type { Leases } from "./leases.js";
import { originalText, storedText } from "./stored-text.js";

interface RequestRecord extends Columns {
  readonly id: string;
  readonly subscription: string;
  readonly kind: string;
  readonly positions: string;
  readonly asked_by: string;
  readonly asked_at_ms: string;
}

interface ReleasedRecord extends ParkedRecord {
  readonly outcome: string;
  readonly released_by: string;
  readonly released_at_ms: string;
}

const releasedColumns = [...parkedColumns, "outcome", "released_by", "reason", "released_at_ms"] as const;

export class ParkedEvents {
  private readonly requestTable: string;
  private readonly releasedTable: string;

  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
    private readonly checkpoints: Checkpoints,
  ) {
    this.requestTable = `${database.schema}.parked_request`;
    this.releasedTable = `${database.schema}.released_event`;
  }

  async askParked({ id, subscription, kind, positions, by, reason }: Omit<ParkedRequest, "askedAtMs">): Promise<void> {
    const [past, now] = [this.database.now(2), this.database.now(7)];
    await this.database.write(async (transaction) => {
      await transaction.query(
        `DELETE FROM ${this.requestTable} WHERE answer IS NOT NULL AND asked_at_ms <= ${past.text} - $1::double precision`,
        [keptRequestMs, ...past.values],
      );
      // It may be there: what was committed is tried again when the answer was lost.
      await transaction.query(
        `INSERT INTO ${this.requestTable} (id, subscription, kind, positions, asked_by, reason, asked_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, ${now.text}) ON CONFLICT (id) DO NOTHING`,
        [id, subscription, kind, positionsText(positions), storedText(by), textOrNull(reason), ...now.values],
      );
    });
  }

  async requests(subscription: string): Promise<readonly ParkedRequest[]> {
    const found = await this.database.query<RequestRecord>(
      `SELECT id, subscription, kind, positions, asked_by, reason, asked_at_ms FROM ${this.requestTable}
       WHERE subscription = $1 AND answer IS NULL ORDER BY number`,
      [subscription],
    );
    return found.map((record) => ({
      id: record.id,
      subscription: record.subscription,
      kind: record.kind as ParkedRequest["kind"],
      positions: positionsOf(record.positions),
      by: originalText(record.asked_by),
      ...reasonOf(record),
      askedAtMs: Number(record.asked_at_ms),
    }));
  }

  begin(lease: Lease, id: string): Promise<boolean> {
    return this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const begun = await transaction.query(
        `UPDATE ${this.requestTable} SET begun = true WHERE id = $1 AND subscription = $2 AND answer IS NULL RETURNING id`,
        [id, lease.name],
      );
      return begun.length > 0;
    });
  }

  async answer(lease: Lease, id: string, answer: ParkedAnswer): Promise<void> {
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await transaction.query(`UPDATE ${this.requestTable} SET answer = $1 WHERE id = $2 AND subscription = $3`, [
        answerText(answer),
        id,
        lease.name,
      ]);
    });
  }

  async state(id: string): Promise<ParkedRequestState | undefined> {
    const [found] = await this.database.query<{ state: string; answer: string | null }>(
      `SELECT CASE WHEN begun THEN 'begun' ELSE 'asked' END AS state, answer FROM ${this.requestTable} WHERE id = $1`,
      [id],
    );
    if (!found) return undefined;
    if (found.answer !== null) return { state: "answered", answer: answerOf(found.answer) };
    return { state: found.state as "asked" | "begun" };
  }

  async withdraw(id: string): Promise<boolean> {
    const removed = await this.database.write((transaction) =>
      transaction.query(`DELETE FROM ${this.requestTable} WHERE id = $1 AND NOT begun RETURNING id`, [id]),
    );
    return removed.length > 0;
  }

  async release(lease: Lease, released: readonly ReleasedEvent[], parked: readonly ParkedEvent[]): Promise<void> {
    const { schema } = this.database;
    const [key, place, ...rest] = releasedColumns;
    const record = replacing(this.releasedTable, [key, place], rest);
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      for (const event of released) {
        await transaction.query(`DELETE FROM ${schema}.parked_event WHERE subscription = $1 AND position = $2`, [
          lease.name,
          event.position,
        ]);
        await transaction.query(record, [
          ...parkedValues(lease.name, event),
          event.outcome,
          storedText(event.by),
          textOrNull(event.reason),
          event.releasedAtMs,
        ]);
      }
      await this.checkpoints.park(transaction, lease, parked);
    });
  }

  async released(subscription: string, after: bigint): Promise<readonly ReleasedEvent[]> {
    const found = await this.database.query<ReleasedRecord>(
      `SELECT ${releasedColumns.join(", ")} FROM ${this.releasedTable}
       WHERE subscription = $1 AND position > $2 ORDER BY position`,
      [subscription, after],
    );
    return found.map((record) => ({
      ...parkedOf(record),
      outcome: record.outcome as ReleasedEvent["outcome"],
      by: originalText(record.released_by),
      ...reasonOf(record),
      releasedAtMs: Number(record.released_at_ms),
    }));
  }
}

const textOrNull = (text: string | undefined) => (text === undefined ? null : storedText(text));

const reasonOf = ({ reason }: Columns) => (typeof reason === "string" ? { reason: originalText(reason) } : {});
