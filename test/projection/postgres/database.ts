/** A database of a PostgreSQL server that runs, as its owner sees it. */

import pg from "pg";

export class PostgresDatabase {
  /** One connection, kept: to make one takes PostgreSQL longer than most that tests ask. */
  private readonly pool: pg.Pool;

  constructor(
    readonly port: number,
    readonly password: string,
    readonly database: string,
  ) {
    this.pool = new pg.Pool({ connectionString: this.url(), max: 1, allowExitOnIdle: true });
    // A restart breaks it; the next question makes another.
    this.pool.on("error", () => {});
  }

  /** `parameters` of the URL, for example `schema=a`. */
  url(
    parameters = "",
    { user = "postgres", password = this.password, port = this.port, database = this.database } = {},
  ): string {
    return `postgres://${user}:${password}@127.0.0.1:${port}/${database}${parameters && `?${parameters}`}`;
  }

  async query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.pool.query<Record<string, unknown>>(text, values)).rows;
  }

  /** Another one on the same server, to be dropped by whoever created it. */
  async create(name: string): Promise<PostgresDatabase> {
    await this.query(`CREATE DATABASE ${name}`);
    return new PostgresDatabase(this.port, this.password, name);
  }

  /** Drops one that was created here. */
  async drop(other: PostgresDatabase): Promise<void> {
    await other.leave();
    await this.query(`DROP DATABASE ${other.database} WITH (FORCE)`);
  }

  /** Ends its own connection. */
  leave(): Promise<void> {
    return this.pool.end();
  }
}
