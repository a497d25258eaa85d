/** Leases in SQLite: who may write under a name, until when, and with which token. */

import type { Statement } from "better-sqlite3";
import type { Clock } from "../../clock.js";
import { Fenced } from "../../errors.js";
import type { Lease } from "../../subscription/checkpoint-store.js";
import type { HeldLease } from "../../subscription/lease-list.js";
import type { Database } from "./database.js";

interface LeaseRecord {
  readonly holder: string | null;
  readonly token: number;
  readonly expiresAtMs: number;
}

export class Leases {
  private readonly find: Statement<[string], LeaseRecord>;
  private readonly save: Statement<[string, string | null, number, number]>;
  private readonly extend: Statement<[number, string, string, number]>;
  private readonly free: Statement<[string, string, number]>;
  private readonly held: Statement<[string, string, number], number>;
  private readonly findAll: Statement<[], Omit<LeaseRecord, "token"> & { readonly name: string }>;
  private readonly revokeAny: Statement<[string]>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    const { connection } = database;
    this.find = connection.prepare(`SELECT holder, token, expires_at_ms AS "expiresAtMs" FROM lease WHERE name = ?`);
    this.save = connection.prepare("REPLACE INTO lease (name, holder, token, expires_at_ms) VALUES (?, ?, ?, ?)");
    const own = "WHERE name = ? AND holder = ? AND token = ?";
    this.extend = connection.prepare(`UPDATE lease SET expires_at_ms = ? ${own}`);
    this.free = connection.prepare(`UPDATE lease SET holder = NULL, expires_at_ms = 0 ${own}`);
    this.held = connection.prepare<[string, string, number], number>(`SELECT 1 FROM lease ${own}`).pluck();
    this.findAll = connection.prepare(`SELECT name, holder, expires_at_ms AS "expiresAtMs" FROM lease ORDER BY name`);
    this.revokeAny = connection.prepare(
      `INSERT INTO lease (name, holder, token, expires_at_ms) VALUES (?, NULL, 1, 0)
       ON CONFLICT (name) DO UPDATE SET holder = NULL, token = token + 1, expires_at_ms = 0`,
    );
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    // Asked first without the write lock: those who stand by ask often, and must not slow the holder down.
    if (await this.database.retrying(() => this.isTaken(this.find.get(name), holder))) return undefined;
    return this.database.write(() => {
      const found = this.find.get(name);
      if (this.isTaken(found, holder)) return undefined;
      const token = found?.holder === holder ? found.token : (found?.token ?? 0) + 1;
      this.save.run(name, holder, token, this.clock.now() + ttlMs);
      return { name, holder, token };
    });
  }

  seize(name: string, holder: string, ttlMs: number): Promise<Lease> {
    return this.database.write(() => {
      const token = (this.find.get(name)?.token ?? 0) + 1;
      this.save.run(name, holder, token, this.clock.now() + ttlMs);
      return { name, holder, token };
    });
  }

  renew({ name, holder, token }: Lease, ttlMs: number): Promise<boolean> {
    return this.database.write(() => this.extend.run(this.clock.now() + ttlMs, name, holder, token).changes > 0);
  }

  async release({ name, holder, token }: Lease): Promise<void> {
    await this.database.write(() => this.free.run(name, holder, token));
  }

  all(): Promise<readonly HeldLease[]> {
    return this.database.retrying(() => {
      const nowMs = this.clock.now();
      return this.findAll.all().map(({ name, holder, expiresAtMs }) => ({
        name,
        holder: holder ?? undefined,
        expiresInMs: expiresAtMs - nowMs,
      }));
    });
  }

  /** Inside a transaction. @throws Fenced when the lease was taken, revoked or released. */
  check({ name, holder, token }: Lease): void {
    if (this.held.get(name, holder, token) === undefined) throw new Fenced(name);
  }

  /** Inside a transaction: takes the lease from whoever holds it, and leaves it free. */
  revoke(name: string): void {
    this.revokeAny.run(name);
  }

  private isTaken(found: LeaseRecord | undefined, holder: string): boolean {
    return (
      found !== undefined && found.holder !== null && found.holder !== holder && found.expiresAtMs > this.clock.now()
    );
  }
}
