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
  readonly kind: ParkedRequest["kind"];
  readonly positions: string;
  readonly asked_by: string;
  readonly reason: string | null;
  readonly asked_at_ms: string;
}

interface ReleasedRecord extends ParkedRecord {
  readonly outcome: ReleasedEvent["outcome"];
  readonly released_by: string;
  readonly reason: string | null;
  readonly released_at_ms: string;
}

const requestColumns = "id, subscription, kind, positions, asked_by, reason, asked_at_ms";
const releaseColumns = ["outcome", "released_by", "reason", "released_at_ms"] as const;

export class ParkedEvents {
  private readonly requests: string;
  private readonly releases: string;

  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
    private readonly checkpoints: Checkpoints,
  ) {
    this.requests = `${database.schema}.parked_request`;
    this.releases = `${database.schema}.released_event`;
  }

  async askParked({ id, subscription, kind, positions, by, reason }: Omit<ParkedRequest, "askedAtMs">): Promise<void> {
    const [forgetting, asking] = [this.database.now(2), this.database.now(7)];
    await this.database.write(async (transaction) => {
      await transaction.query(
        `DELETE FROM ${this.requests} WHERE answer IS NOT NULL AND asked_at_ms <= ${forgetting.text} - $1`,
        [keptRequestMs, ...forgetting.values],
      );
      // A transaction may run again after it was committed.
      await transaction.query(
        `INSERT INTO ${this.requests} (${requestColumns}) VALUES ($1, $2, $3, $4, $5, $6, ${asking.text})
         ON CONFLICT (id) DO NOTHING`,
        [id, subscription, kind, positionsText(positions), storedText(by), stored(reason), ...asking.values],
      );
    });
  }

  async open(subscription: string): Promise<readonly ParkedRequest[]> {
    const found = await this.database.query<RequestRecord>(
      `SELECT ${requestColumns} FROM ${this.requests} WHERE subscription = $1 AND answer IS NULL ORDER BY number`,
      [subscription],
    );
    return found.map(({ id, subscription: of, kind, positions, asked_by, reason, asked_at_ms }) => ({
      id,
      subscription: of,
      kind,
      positions: positionsOf(positions),
      by: originalText(asked_by),
      ...(reason !== null && { reason: originalText(reason) }),
      askedAtMs: Number(asked_at_ms),
    }));
  }

  async begin(lease: Lease, id: string): Promise<boolean> {
    const begun = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      return transaction.query(
        `UPDATE ${this.requests} SET begun = true WHERE id = $1 AND subscription = $2 AND answer IS NULL RETURNING id`,
        [id, lease.name],
      );
    });
    return begun.length > 0;
  }

  async answer(lease: Lease, id: string, answer: ParkedAnswer): Promise<void> {
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await transaction.query(`UPDATE ${this.requests} SET answer = $1 WHERE id = $2 AND subscription = $3`, [
        storedText(answerText(answer)),
        id,
        lease.name,
      ]);
    });
  }

  async state(id: string): Promise<ParkedRequestState | undefined> {
    const [found] = await this.database.query<{ begun: string; answer: string | null }>(
      `SELECT begun::text AS begun, answer FROM ${this.requests} WHERE id = $1`,
      [id],
    );
    if (!found) return undefined;
    if (found.answer !== null) return { state: "answered", answer: answerOf(originalText(found.answer)) };
    return { state: found.begun === "true" ? "begun" : "asked" };
  }

  async withdraw(id: string): Promise<boolean> {
    const withdrawn = await this.database.write((transaction) =>
      transaction.query(`DELETE FROM ${this.requests} WHERE id = $1 AND NOT begun RETURNING id`, [id]),
    );
    return withdrawn.length > 0;
  }

  async release(lease: Lease, released: readonly ReleasedEvent[], parked: readonly ParkedEvent[]): Promise<void> {
    const { schema } = this.database;
    const [subscription, position, ...rest] = parkedColumns;
    const record = replacing(this.releases, [subscription, position], [...rest, ...releaseColumns]);
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      for (const event of released) {
        const { outcome, by, reason, releasedAtMs } = event;
        await transaction.query(`DELETE FROM ${schema}.parked_event WHERE subscription = $1 AND position = $2`, [
          lease.name,
          event.position,
        ]);
        await transaction.query(record, [
          ...parkedValues(lease.name, event),
          ...[outcome, storedText(by), stored(reason), releasedAtMs],
        ]);
      }
      await this.checkpoints.park(transaction, lease, parked);
    });
  }

  async released(subscription: string, after: bigint): Promise<readonly ReleasedEvent[]> {
    const found = await this.database.query<ReleasedRecord>(
      `SELECT ${[...parkedColumns, ...releaseColumns].join(", ")} FROM ${this.releases}
       WHERE subscription = $1 AND position > $2 ORDER BY position`,
      [subscription, after],
    );
    return found.map((record) => ({
      ...parkedOf(record),
      outcome: record.outcome,
      by: originalText(record.released_by),
      ...(record.reason !== null && { reason: originalText(record.reason) }),
      releasedAtMs: Number(record.released_at_ms),
    }));
  }
}

const stored = (text: string | undefined): string | null => (text === undefined ? null : storedText(text));
