/** Pauses in SQLite. */

import type { Statement } from "better-sqlite3";
import type { Clock } from "../../clock.js";
import type { Pause } from "../../subscription/pauses.js";
import type { Database } from "./database.js";

const columns = `subscription, reason, paused_by AS "by", paused_at_ms AS "pausedAtMs"`;

export class Pauses {
  private readonly save: Statement<[string, string, string, number], Pause>;
  private readonly remove: Statement<[string]>;
  private readonly findAll: Statement<[], Pause>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    const { connection } = database;
    this.save = connection.prepare(
      `INSERT INTO pause (subscription, reason, paused_by, paused_at_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (subscription) DO UPDATE SET reason = excluded.reason, paused_by = excluded.paused_by
       RETURNING ${columns}`,
    );
    this.remove = connection.prepare("DELETE FROM pause WHERE subscription = ?");
    this.findAll = connection.prepare(`SELECT ${columns} FROM pause ORDER BY subscription`);
  }

  pause(subscription: string, { reason, by }: Pick<Pause, "reason" | "by">): Promise<Pause> {
    return this.database.write(() => this.save.get(subscription, reason, by, this.clock.now())!);
  }

  resume(subscription: string): Promise<boolean> {
    return this.database.write(() => this.remove.run(subscription).changes > 0);
  }

  all(): Promise<readonly Pause[]> {
    return this.database.retrying(() => this.findAll.all());
  }
}
