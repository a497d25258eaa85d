/** One schema of a PostgreSQL database and how work runs on it: whole transactions, tried again while the server is away. */

import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { systemClock, type Clock } from "../../clock.js";
import { InvalidConfiguration, RollcallError, StoreClosed, StoreUnavailable } from "../../errors.js";
import type { PostgresAddress } from "./address.js";
import { isInterruption, refusal, wordsOf } from "./failures.js";

/** A row of an answer. Every column comes as text, so that no number loses digits on its way. */
export type Columns = Readonly<Record<string, string | null>>;

const longestDelayMs = 500;
const connectingMs = 5_000;
/** After which an answer is given up; what may take longer says so. */
const answerMs = 60_000;
const closingGraceMs = 1_000;

// Of the transaction alone, so that a pooler may give its connection to somebody else afterwards. A process that is
// frozen in the midst of one must not keep the others from its locks for ever.
const begin = (lockMs: number) =>
  `BEGIN; SET LOCAL lock_timeout = ${lockMs}; SET LOCAL idle_in_transaction_session_timeout = ${3 * lockMs}`;

export class Transaction {
  private readonly whenCommitted: (() => void)[] = [];

  constructor(private readonly client: pg.ClientBase) {}

  /** Runs `action` when the transaction is known to be committed. */
  afterCommit(action: () => void): void {
    this.whenCommitted.push(action);
  }

  committed(): void {
    for (const action of this.whenCommitted) action();
  }

  async query<Row extends Columns>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>({ ...statement(text, values), ...inTime })).rows;
  }

  /** Runs what changes tables, however long it takes. */
  async change(text: string): Promise<void> {
    await this.client.query(text);
  }

  /** Sends `chunks` as the lines of a COPY in the text format. */
  async copy(text: string, chunks: Iterable<string>): Promise<void> {
    await pipeline(Readable.from(encoded(chunks)), this.client.query(copyFrom(text)));
  }
}

export class Database {
  readonly schema: string;
  private readonly pool: pg.Pool;
  private readonly inUse = new Set<pg.PoolClient>();
  private readonly closing = new AbortController();
  /** Waits, and tells how long it took. */
  private readonly clock: Clock;
  private closed: Promise<void> | undefined;

  /**
   * @param stated tells what is recorded; the server's own clock unless stated, because those of several machines differ
   * @throws InvalidConfiguration when the file of the authority cannot be read
   */
  constructor(
    private readonly address: PostgresAddress,
    private readonly deadlineMs: number,
    private readonly stated: Clock | undefined,
  ) {
    this.schema = `"${address.schema}"`;
    this.clock = stated ?? systemClock;
    this.pool = new pg.Pool(poolConfiguration(address));
    this.pool
      // Of a connection that nobody uses: the next one who needs one opens another.
      .on("error", () => {})
      // Whoever waits for an answer is told by it.
      .on("connect", (client) => forgetPassword(client.on("error", () => {})))
      .on("acquire", (client) => this.inUse.add(client))
      .on("release", (_error, client) => this.inUse.delete(client));
  }

  get place(): string {
    return this.address.place;
  }

  /** The present in milliseconds, in a statement: its parameter of that number, with the value, or the server's own. */
  now(parameter: number): { readonly text: string; readonly values: readonly number[] } {
    return this.stated
      ? { text: `$${parameter}::double precision`, values: [this.stated.now()] }
      : { text: "floor(extract(epoch FROM clock_timestamp()) * 1000)::double precision", values: [] };
  }

  /** Runs one statement, on one snapshot. */
  query<Row extends Columns>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.retrying(async () => {
      const { rows } = await this.pool.query<Row>({ ...statement(text, values), ...inTime });
      return rows;
    });
  }

  /**
   * Runs `work` in a transaction; what it wrote is undone when it throws. It may run more than once, also after it was
   * committed, when the connection broke before the answer came.
   */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.retrying(async () => {
      const client = await this.pool.connect();
      let broken: Error | undefined;
      try {
        await client.query({ text: begin(this.deadlineMs), ...inTime });
        const transaction = new Transaction(client);
        const result = await work(transaction);
        await client.query({ text: "COMMIT", ...inTime });
        transaction.committed();
        return result;
      } catch (error) {
        await client.query({ text: "ROLLBACK", ...soon }).catch((cause: Error) => (broken = cause));
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  /**
   * Runs `attempt`, again and again while the server cannot be reached, or somebody is in its way.
   * @throws StoreUnavailable when it was so until the deadline.
   * @throws AccessDenied, UntrustedConnection, InvalidConfiguration when trying again is of no use.
   * @throws StoreClosed
   */
  private async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    const { place, user } = this.address;
    const deadlineMs = this.clock.now() + this.deadlineMs;
    for (let attempts = 1; ; attempts++) {
      if (this.isClosing) throw new StoreClosed(place);
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof RollcallError) throw error;
        const refused = refusal(error, place, user);
        if (refused) throw refused;
        if (!isInterruption(error)) throw error;
        if (this.isClosing) throw new StoreClosed(place);
        if (this.clock.now() >= deadlineMs)
          throw new StoreUnavailable(
            `${place}: could not be used for ${this.deadlineMs} ms, through ${attempts} attempts: ${wordsOf(error)}. See that it runs and can be reached, then retry.`,
            { cause: error },
          );
      }
      // The jitter keeps several waiting processes from asking at the same moments.
      await this.clock.sleep(
        1 + Math.random() * Math.min(longestDelayMs, 10 * 2 ** Math.min(attempts, 10)),
        this.closing.signal,
      );
    }
  }

  private get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  /** What is under way may finish, for a moment. */
  close(): Promise<void> {
    return (this.closed ??= this.end());
  }

  private async end(): Promise<void> {
    this.closing.abort();
    const ended = this.pool.end();
    const enough = new AbortController();
    await Promise.race([ended, systemClock.sleep(closingGraceMs, enough.signal)]);
    enough.abort();
    // Ends also what waits for an answer that does not come.
    for (const client of this.inUse) void (client as unknown as pg.Client).end();
  }
}

/** Without a name: a prepared statement of that name need not be known where a pooler sends the next one. */
const statement = (text: string, values: readonly unknown[]) => ({ text, values: values as unknown[] });

// The driver knows the setting, its types do not.
const inTime = { query_timeout: answerMs };
const soon = { query_timeout: 2_000 };

function poolConfiguration(address: PostgresAddress): pg.PoolConfig {
  const { host, port, database, user, password, tls, connections, applicationName } = address;
  return {
    host,
    port,
    database,
    user,
    // As a function, so that no copy of the settings holds it.
    ...(password && { password: () => password.reveal() }),
    ssl: tls && {
      rejectUnauthorized: tls.verified,
      ...(tls.caFile !== undefined && { ca: contentOf(tls.caFile) }),
    },
    application_name: applicationName,
    max: connections,
    connectionTimeoutMillis: connectingMs,
    keepAlive: true,
    types: { getTypeParser: () => (value: unknown) => value } as pg.CustomTypesConfig,
  };
}

/** The driver keeps what it has sent, for no further use. */
function forgetPassword(client: pg.ClientBase): void {
  const keeping = client as pg.ClientBase & { password?: unknown; connectionParameters?: { password?: unknown } };
  for (const place of [keeping, keeping.connectionParameters]) if (place?.password) place.password = null;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new InvalidConfiguration([`sslrootcert is ${file}, which cannot be read. Name a file in PEM.`]);
  }
}

/** Text as bytes, in pieces that are worth sending. */
function* encoded(chunks: Iterable<string>): Generator<Buffer> {
  let text = "";
  for (const chunk of chunks) {
    text += chunk;
    if (text.length < 65_536) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}
