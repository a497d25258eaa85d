/** Requests about parked events, and what became of those that are parked no more, in SQLite. */

import type { Statement } from "better-sqlite3";
import type { Clock } from "../../clock.js";
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
import { parkedValues, type Checkpoints } from "./checkpoints.js";
import type { Database } from "./database.js";
import type { Leases } from "./leases.js";

interface RequestRecord extends Omit<ParkedRequest, "positions" | "reason"> {
  readonly positions: string;
  readonly reason: string | null;
}

interface ReleasedRecord extends Omit<ReleasedEvent, "position" | "revision" | "reason"> {
  readonly position: string;
  readonly revision: string;
  readonly reason: string | null;
}

export class ParkedEvents {
  private readonly ask: Statement<unknown[]>;
  private readonly forget: Statement<[number]>;
  private readonly findOpen: Statement<[string], RequestRecord>;
  private readonly find: Statement<[string], { readonly begun: number; readonly answer: string | null }>;
  private readonly setBegun: Statement<[string, string]>;
  private readonly setAnswer: Statement<[string, string, string]>;
  private readonly takeBack: Statement<[string]>;
  private readonly unpark: Statement<[string, bigint]>;
  private readonly record: Statement<unknown[]>;
  private readonly findReleased: Statement<[string, bigint], ReleasedRecord>;

  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
    private readonly checkpoints: Checkpoints,
    private readonly clock: Clock,
  ) {
    const { connection } = database;
    this.ask = connection.prepare(
      `INSERT INTO parked_request (id, subscription, kind, positions, asked_by, reason, asked_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.forget = connection.prepare("DELETE FROM parked_request WHERE answer IS NOT NULL AND asked_at_ms <= ?");
    this.findOpen = connection.prepare(
      `SELECT id, subscription, kind, positions, asked_by AS "by", reason, asked_at_ms AS "askedAtMs"
       FROM parked_request WHERE subscription = ? AND answer IS NULL ORDER BY number`,
    );
    this.find = connection.prepare("SELECT begun, answer FROM parked_request WHERE id = ?");
    this.setBegun = connection.prepare(
      "UPDATE parked_request SET begun = 1 WHERE id = ? AND subscription = ? AND answer IS NULL",
    );
    this.setAnswer = connection.prepare("UPDATE parked_request SET answer = ? WHERE id = ? AND subscription = ?");
    this.takeBack = connection.prepare("DELETE FROM parked_request WHERE id = ? AND begun = 0");
    this.unpark = connection.prepare("DELETE FROM parked_event WHERE subscription = ? AND position = ?");
    this.record = connection.prepare(
      `REPLACE INTO released_event (subscription, position, parked_by, stream_name, revision, event_id, event_type,
         attempts, error, parked_at_ms, outcome, released_by, reason, released_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.findReleased = connection.prepare(
      `SELECT parked_by AS subscription, CAST(position AS TEXT) AS position, stream_name AS "streamName",
         CAST(revision AS TEXT) AS revision, event_id AS "eventId", event_type AS "eventType", attempts, error,
         parked_at_ms AS "parkedAtMs", outcome, released_by AS "by", reason, released_at_ms AS "releasedAtMs"
       FROM released_event WHERE subscription = ? AND position > ? ORDER BY released_event.position`,
    );
  }

  async askParked({ id, subscription, kind, positions, by, reason }: Omit<ParkedRequest, "askedAtMs">): Promise<void> {
    await this.database.write(() => {
      const nowMs = this.clock.now();
      this.forget.run(nowMs - keptRequestMs);
      this.ask.run(id, subscription, kind, positionsText(positions), by, reason ?? null, nowMs);
    });
  }

  requests(subscription: string): Promise<readonly ParkedRequest[]> {
    return this.database.retrying(() =>
      this.findOpen.all(subscription).map(({ positions, reason, ...request }) => ({
        ...request,
        positions: positionsOf(positions),
        ...(reason !== null && { reason }),
      })),
    );
  }

  begin(lease: Lease, id: string): Promise<boolean> {
    return this.database.write(() => {
      this.leases.check(lease);
      return this.setBegun.run(id, lease.name).changes > 0;
    });
  }

  async answer(lease: Lease, id: string, answer: ParkedAnswer): Promise<void> {
    await this.database.write(() => {
      this.leases.check(lease);
      this.setAnswer.run(answerText(answer), id, lease.name);
    });
  }

  state(id: string): Promise<ParkedRequestState | undefined> {
    return this.database.retrying(() => {
      const found = this.find.get(id);
      if (!found) return undefined;
      if (found.answer !== null) return { state: "answered", answer: answerOf(found.answer) };
      return { state: found.begun ? "begun" : "asked" };
    });
  }

  withdraw(id: string): Promise<boolean> {
    return this.database.write(() => this.takeBack.run(id).changes > 0);
  }

  async release(lease: Lease, released: readonly ReleasedEvent[], parked: readonly ParkedEvent[]): Promise<void> {
    await this.database.write(() => {
      this.leases.check(lease);
      for (const event of released) {
        this.unpark.run(lease.name, event.position);
        this.record.run(
          ...parkedValues(lease, event),
          event.outcome,
          event.by,
          event.reason ?? null,
          event.releasedAtMs,
        );
      }
      this.checkpoints.park(lease, parked);
    });
  }

  released(subscription: string, after: bigint): Promise<readonly ReleasedEvent[]> {
    return this.database.retrying(() =>
      this.findReleased.all(subscription, after).map(({ reason, position, revision, ...event }) => ({
        ...event,
        position: BigInt(position),
        revision: BigInt(revision),
        ...(reason !== null && { reason }),
      })),
    );
  }
}
