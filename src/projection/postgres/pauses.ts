/** Pauses in PostgreSQL. */

import type { Pause } from "../../subscription/pauses.js";
import type { Columns, Database } from "./database.js";
import { originalText, storedText } from "./stored-text.js";

interface PauseRecord extends Columns {
  readonly subscription: string;
  readonly reason: string;
  readonly paused_by: string;
  readonly paused_at_ms: string;
}

export class Pauses {
  private readonly table: string;

  constructor(private readonly database: Database) {
    this.table = `${database.schema}.pause`;
  }

  async pause(subscription: string, { reason, by }: Pick<Pause, "reason" | "by">): Promise<Pause> {
    const now = this.database.now(4);
    const [saved] = await this.database.write((transaction) =>
      transaction.query<PauseRecord>(
        `INSERT INTO ${this.table} (subscription, reason, paused_by, paused_at_ms) VALUES ($1, $2, $3, ${now.text})
         ON CONFLICT (subscription) DO UPDATE SET reason = excluded.reason, paused_by = excluded.paused_by RETURNING *`,
        [subscription, storedText(reason), storedText(by), ...now.values],
      ),
    );
    return pauseOf(saved!);
  }

  async resume(subscription: string): Promise<boolean> {
    const removed = await this.database.write((transaction) =>
      transaction.query(`DELETE FROM ${this.table} WHERE subscription = $1 RETURNING subscription`, [subscription]),
    );
    return removed.length > 0;
  }

  async all(): Promise<readonly Pause[]> {
    const found = await this.database.query<PauseRecord>(
      `SELECT * FROM ${this.table} ORDER BY subscription COLLATE "C"`,
    );
    return found.map(pauseOf);
  }
}

const pauseOf = ({ subscription, reason, paused_by, paused_at_ms }: PauseRecord): Pause => ({
  subscription,
  reason: originalText(reason),
  by: originalText(paused_by),
  pausedAtMs: Number(paused_at_ms),
});
