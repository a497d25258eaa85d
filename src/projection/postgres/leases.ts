/** Leases in PostgreSQL: who may write under a name, until when, and with which token. */

import { Fenced } from "../../errors.js";
import type { Lease } from "../../subscription/checkpoint-store.js";
import type { HeldLease } from "../../subscription/lease-list.js";
import type { Database, Transaction } from "./database.js";

export class Leases {
  private readonly table: string;
  private readonly written = new Map<string, Pick<Lease, "token"> & { readonly writes: number }>();

  constructor(private readonly database: Database) {
    this.table = `${database.schema}.lease`;
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    const now = this.database.now(3);
    // Asked first without a lock: those who stand by ask often, and must not slow the holder down.
    const [taken] = await this.database.query(
      `SELECT 1 FROM ${this.table} WHERE name = $1 AND holder <> $2 AND expires_at_ms > ${now.text}`,
      [name, holder, ...now.values],
    );
    if (taken) return undefined;
    const then = this.database.now(4);
    const [found] = await this.database.write((transaction) =>
      transaction.query<{ token: string }>(
        `INSERT INTO ${this.table} AS lease (name, holder, token, expires_at_ms) VALUES ($1, $2, 1, ${then.text} + $3)
         ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at_ms = ${then.text} + $3,
           token = CASE WHEN lease.holder = $2 THEN lease.token ELSE lease.token + 1 END
         WHERE lease.holder IS NULL OR lease.holder = $2 OR lease.expires_at_ms <= ${then.text}
         RETURNING token`,
        [name, holder, ttlMs, ...then.values],
      ),
    );
    return found && { name, holder, token: Number(found.token) };
  }

  async seize(name: string, holder: string, ttlMs: number): Promise<Lease> {
    const now = this.database.now(4);
    const [seized] = await this.database.write((transaction) =>
      transaction.query<{ token: string }>(
        `INSERT INTO ${this.table} AS lease (name, holder, token, expires_at_ms) VALUES ($1, $2, 1, ${now.text} + $3)
         ON CONFLICT (name) DO UPDATE SET holder = $2, token = lease.token + 1, expires_at_ms = ${now.text} + $3
         RETURNING token`,
        [name, holder, ttlMs, ...now.values],
      ),
    );
    return { name, holder, token: Number(seized!.token) };
  }

  async renew(lease: Lease, ttlMs: number): Promise<boolean> {
    const { name, holder, token } = lease;
    const now = this.database.now(5);
    const confirmed = this.confirmed(lease);
    const [renewed] = await this.database.write((transaction) =>
      transaction.query<{ writes: string }>(
        `UPDATE ${this.table} SET expires_at_ms = ${now.text} + $4
         WHERE name = $1 AND holder = $2 AND token = $3 RETURNING writes`,
        [name, holder, token, ttlMs, ...now.values],
      ),
    );
    return renewed !== undefined && !this.hasLost(name, confirmed, Number(renewed.writes));
  }

  async release({ name, holder, token }: Lease): Promise<void> {
    await this.database.write((transaction) =>
      transaction.query(
        `UPDATE ${this.table} SET holder = NULL, expires_at_ms = 0 WHERE name = $1 AND holder = $2 AND token = $3`,
        [name, holder, token],
      ),
    );
  }

  async all(): Promise<readonly HeldLease[]> {
    const now = this.database.now(1);
    const found = await this.database.query(
      `SELECT name, holder, expires_at_ms - ${now.text} AS "expiresInMs" FROM ${this.table} ORDER BY name COLLATE "C"`,
      now.values,
    );
    return found.map(({ name, holder, expiresInMs }) => ({
      name: name!,
      holder: holder ?? undefined,
      expiresInMs: Number(expiresInMs),
    }));
  }

  /**
   * Nobody takes the lease before the transaction has ended. In each transaction leases come before all else, so that no
   * two of them wait for each other.
   * @throws Fenced when the lease was taken, revoked or released; and when the server has lost what was written under it.
   */
  async check(transaction: Transaction, lease: Lease): Promise<void> {
    const { name, holder, token } = lease;
    const confirmed = this.confirmed(lease);
    const [held] = await transaction.query<{ writes: string }>(
      `UPDATE ${this.table} SET writes = writes + 1 WHERE name = $1 AND holder = $2 AND token = $3 RETURNING writes`,
      [name, holder, token],
    );
    const writes = Number(held?.writes);
    if (!held || this.hasLost(name, confirmed, writes - 1)) throw new Fenced(name);
    transaction.afterCommit(() => this.written.set(name, { token, writes: Math.max(writes, this.confirmed(lease)) }));
  }

  /** Nobody else writes under the lease before the transaction has ended. */
  async lock(transaction: Transaction, name: string): Promise<void> {
    await transaction.query(`SELECT 1 FROM ${this.table} WHERE name = $1 FOR UPDATE`, [name]);
  }

  /** Takes the lease from whoever holds it, and leaves it free. */
  async revoke(transaction: Transaction, name: string): Promise<void> {
    await transaction.query(
      `INSERT INTO ${this.table} AS lease (name, holder, token, expires_at_ms) VALUES ($1, NULL, 1, 0)
       ON CONFLICT (name) DO UPDATE SET holder = NULL, token = lease.token + 1, expires_at_ms = 0`,
      [name],
    );
  }

  /** How often was written under the lease, as far as this process knows. */
  private confirmed({ name, token }: Lease): number {
    const known = this.written.get(name);
    return known?.token === token ? known.writes : 0;
  }

  /**
   * Whether the server has forgotten what it had confirmed, as one does that takes the place of another from which it had
   * not heard the last. Who holds the lease must then begin again, at the checkpoint that is left.
   */
  private hasLost(name: string, confirmed: number, found: number): boolean {
    if (found >= confirmed) return false;
    this.written.delete(name);
    return true;
  }
}
